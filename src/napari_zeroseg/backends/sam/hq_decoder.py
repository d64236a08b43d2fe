"""The mask decoder of SAM-HQ (Ke et al., "Segment Anything in High Quality", NeurIPS 2023)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from napari_zeroseg.backends.sam.decoder import SamDecoder, assembled, best, drawn, first, normed, taken

if TYPE_CHECKING:
    from collections.abc import Sequence

    from torch import Tensor


class HqDecoder(SamDecoder):
    """SAM-HQ's decoder on one image: to SAM's mask it adds one drawn on early, finer features."""

    def _output_tokens(self) -> Tensor:
        import torch

        return torch.cat([super()._output_tokens(), self._modules.hq_token.weight])

    def _prepare(self, maps: Sequence[Tensor]) -> None:
        self._early = maps[0]

    def _weights(self, asked: Tensor) -> Tensor:
        import torch

        weights = super()._weights(asked)
        fine = self._modules.hq_mask_mlp(asked[:, self.quality_token + 1 + weights.shape[1]])
        return torch.cat([weights, fine[:, None]], dim=1)

    def _draw(
        self, image: Tensor, weights: Tensor, qualities: Tensor, *, ambiguous: bool
    ) -> tuple[Tensor, Tensor]:
        token = best(qualities) if ambiguous else first(qualities)
        pixels = self._pixels(image)
        logits = drawn(pixels, taken(weights, token)) + self._fine(assembled(pixels), weights[:, -1])
        return logits, taken(qualities, token)

    def _fine(self, pixels: Tensor, weights: Tensor) -> Tensor:
        """Return the mask of the high-quality token, shape (P, M, M).

        Parameters
        ----------
        pixels : Tensor, shape (P, M, M, c)
        weights : Tensor, shape (P, c)

        Notes
        -----
        The last convolution and the weighted sum over its channels are both linear: the kernel is
        summed first, which leaves one channel to convolve to.
        """
        modules = self._modules
        wide = modules.mask_conv1(pixels.permute(0, 3, 1, 2)).permute(0, 2, 3, 1)
        wide = modules.activation(normed(modules.mask_norm, wide)).permute(0, 3, 1, 2)
        early = (weights @ self._early[0].flatten(1)).reshape(len(weights), *wide.shape[2:])
        summed: Tensor = _summed(modules.mask_conv2, wide, weights) + early
        return summed


def _summed(conv: Any, features: Tensor, weights: Tensor) -> Tensor:
    """Convolve each of P feature maps to the weighted sum of the output channels, shape (P, M, M)."""
    import torch

    prompts = len(features)
    kernels = (weights @ conv.weight.flatten(1)).reshape(prompts, *conv.weight.shape[1:])
    joined = features.flatten(0, 1)[None]
    summed = torch.nn.functional.conv2d(joined, kernels, weights @ conv.bias, padding=1, groups=prompts)
    return summed[0]


def early_features(model: Any, embedding: Tensor, early: Tensor) -> Tensor:
    """Return the features on which the high-quality mask is drawn, shape (1, C / 8, M, M).

    Parameters
    ----------
    model : torch.nn.Module
        ``SamHQModel`` of transformers.
    embedding : Tensor, shape (1, C, M / 4, M / 4)
    early : Tensor, shape (1, M / 4, M / 4, width)
        Output of the first layer of the encoder that sees the whole image.
    """
    modules = model.mask_decoder
    coarse = modules.activation(modules.encoder_norm(modules.encoder_conv1(embedding)))
    fine = modules.compress_vit_conv1(early.permute(0, 3, 1, 2))
    fine = modules.activation(modules.compress_vit_norm(fine))
    features: Tensor = modules.encoder_conv2(coarse) + modules.compress_vit_conv2(fine)
    return features
