"""SAM's mask decoders, on the modules of transformers.

The same sums as in transformers, in another order: what all prompts on an image share is computed
once, a mask is drawn only from the token that is asked for, and features stay in channels-last
order, in which SAM's up-sampling is a product of matrices.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from napari_zeroseg.backends.sam.two_way import two_way

if TYPE_CHECKING:
    from collections.abc import Sequence

    from torch import Tensor


class SamDecoder:
    """SAM's decoder on one image.

    Parameters
    ----------
    model : torch.nn.Module
        ``SamModel`` of transformers.
    maps : sequence of Tensor, each of shape (1, channels, rows, columns)
        What the model's encoder made of the image, the embedding first.
    """

    quality_token = 0

    def __init__(self, model: Any, maps: Sequence[Tensor]) -> None:
        self._model = model
        self._modules = model.mask_decoder
        self._image = maps[0]
        self._places = model.get_image_wide_positional_embeddings().flatten(2).transpose(1, 2)
        self._tokens = self._output_tokens()
        self._prepare(maps[1:])

    @property
    def cells(self) -> int:
        """Rows and columns of the masks that the decoder draws and takes."""
        return 4 * int(self._image.shape[-1])

    def decode(
        self,
        points: Tensor,
        labels: Tensor,
        boxes: Tensor | None,
        masks: Tensor | None,
        *,
        ambiguous: bool,
    ) -> tuple[Tensor, Tensor]:
        """Draw one mask per prompt.

        Parameters
        ----------
        points, labels, boxes, masks : Tensor or None
            As in :class:`~napari_zeroseg.backends.sam.questions.Questions`.
        ambiguous : bool
            Choose among three masks by predicted IoU, instead of drawing the first one.

        Returns
        -------
        tuple of Tensor
            Logits of shape (P, cells, cells) and predicted IoU of shape (P,).
        """
        tokens = self._with_prompts(points, labels, boxes)
        asked, image = two_way(self._modules.transformer, tokens, self._asked_image(masks), self._places)
        qualities = self._modules.iou_prediction_head(asked[:, self.quality_token])
        # one weight per channel for each prompt and mask token
        weights = self._weights(asked)
        return self._draw(image, weights, qualities, ambiguous=ambiguous)

    def _output_tokens(self) -> Tensor:
        import torch

        return torch.cat([self._modules.iou_token.weight, self._modules.mask_tokens.weight])

    def _prepare(self, maps: Sequence[Tensor]) -> None:
        """Take the finer maps; SAM has none."""

    def _with_prompts(self, points: Tensor, labels: Tensor, boxes: Tensor | None) -> Tensor:
        """Return all tokens, shape (P, T, C)."""
        import torch

        output = self._tokens.expand(len(points), -1, -1)
        has_points = points.shape[1] > 0
        sparse, _ = self._model.prompt_encoder(
            input_points=points[None] if has_points else None,
            input_labels=labels[None] if has_points else None,
            input_boxes=None if boxes is None else boxes[None],
            input_masks=None,
        )
        return torch.cat([output, sparse[0]], dim=1)

    def _asked_image(self, masks: Tensor | None) -> Tensor:
        """Return the embedding with the prior masks, shape (P or 1, N, C)."""
        encoder = self._model.prompt_encoder
        prior = encoder.no_mask_embed.weight[:, :, None, None] if masks is None else encoder.mask_embed(masks)
        image: Tensor = (self._image + prior).flatten(2).transpose(1, 2)
        return image

    def _weights(self, asked: Tensor) -> Tensor:
        """Return the weights from which masks are drawn, shape (P, mask tokens, C / 8)."""
        import torch

        first = self.quality_token + 1
        networks = self._modules.output_hypernetworks_mlps
        return torch.stack([network(asked[:, first + i]) for i, network in enumerate(networks)], dim=1)

    def _draw(
        self, image: Tensor, weights: Tensor, qualities: Tensor, *, ambiguous: bool
    ) -> tuple[Tensor, Tensor]:
        token = best(qualities) if ambiguous else first(qualities)
        return drawn(self._pixels(image), taken(weights, token)), taken(qualities, token)

    def _pixels(self, image: Tensor) -> Tensor:
        """Return the embedding four times finer, shape (P, N, 4, 4, C / 8)."""
        modules = self._modules
        halves = self._with_finer(quartered(modules.upscale_conv1, image), 0)
        pixels = modules.activation(normed(modules.upscale_layer_norm, halves))
        finest: Tensor = modules.activation(self._with_finer(quartered(modules.upscale_conv2, pixels), 1))
        return finest

    def _with_finer(self, pixels: Tensor, _scale: int) -> Tensor:
        """Return pixels with a finer map added to them; SAM has none."""
        return pixels


def first(qualities: Tensor) -> Tensor:
    """Return the index of the mask token for clear prompts, shape (P,)."""
    import torch

    return torch.zeros(len(qualities), dtype=torch.long, device=qualities.device)


def best(qualities: Tensor) -> Tensor:
    """Return the index of the best of the mask tokens for ambiguous prompts, shape (P,)."""
    return 1 + qualities[:, 1:].argmax(1)


def taken(values: Tensor, index: Tensor) -> Tensor:
    """Return one entry per prompt."""
    import torch

    return values[torch.arange(len(values), device=values.device), index]


def drawn(pixels: Tensor, weights: Tensor) -> Tensor:
    """Return masks from pixels of shape (P, N, 4, 4, c) and weights of shape (P, c)."""
    values = pixels.flatten(1, 3) @ weights.unsqueeze(2)
    return assembled(values.reshape(*pixels.shape[:4], 1))[..., 0]


def quartered(conv: Any, cells: Tensor) -> Tensor:
    """Return a transposed convolution of kernel and stride 2 as a product: (..., C) to (..., 4, C')."""
    import torch

    kernel = conv.weight.permute(2, 3, 1, 0).flatten(0, 2)
    quarters = torch.nn.functional.linear(cells, kernel, conv.bias.repeat(4))
    return quarters.reshape(*cells.shape[:-1], 4, -1)


def normed(norm: Any, values: Tensor) -> Tensor:
    """Return a layer norm of channels, which are last here, whatever order the module expects."""
    import torch

    return torch.nn.functional.layer_norm(values, norm.normalized_shape, norm.weight, norm.bias, norm.eps)


def assembled(values: Tensor) -> Tensor:
    """Return quarters of quarters of cells as an image: (P, N, 4, 4, c) to (P, 4 √N, 4 √N, c)."""
    side = round(values.shape[1] ** 0.5)
    blocks = values.reshape(-1, side, side, 2, 2, 2, 2, values.shape[-1])
    return blocks.permute(0, 1, 3, 5, 2, 4, 6, 7).reshape(-1, 4 * side, 4 * side, values.shape[-1])


def taken_apart(features: Tensor, levels: int) -> Tensor:
    """Return an image of shape (1, c, r, r) as cells in quarters, shape (1, N, 4, …, c)."""
    side = features.shape[-1] // 2**levels
    blocks = features[0].reshape(-1, side, *[2] * levels, side, *[2] * levels)
    rows = range(2, 2 + levels)
    within = [axis for row in rows for axis in (row, row + levels + 1)]
    cells = blocks.permute(1, 2 + levels, *within, 0)
    return cells.reshape(1, side * side, *[4] * levels, -1)
