"""What Stable Diffusion's U-Net asks of each place of an image: features for FreeSeg-Diff.

Corradini et al. (arXiv 2403.20105), section III: one pass on the latent of the image itself, without noise,
at time step 0 and for the empty prompt; the queries of the cross-attention are the features.
"""

from __future__ import annotations

from math import isqrt
from typing import TYPE_CHECKING, Any

import numpy as np

from napari_zeroseg.backends.devices import inference
from napari_zeroseg.backends.opengl_clash import import_triton_apart
from napari_zeroseg.backends.pixels import squeezed
from napari_zeroseg.backends.pretrained import pretrained, tokenizer_of
from napari_zeroseg.backends.residency import resident
from napari_zeroseg.backends.silence import no_progress_bar
from napari_zeroseg.core.errors import BadFileError

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from numpy.typing import NDArray
    from torch import Tensor

    from napari_zeroseg.backends.checkpoint import Checkpoint
    from napari_zeroseg.core.image import Plane

SIDE = 512
"""Of the square that images are squeezed into, in pixels."""
GRID = 32
"""Of the features."""
SIGNED = ((0.5, 0.5, 0.5), (0.5, 0.5, 0.5))
"""Mean and deviation that bring 0..1 to the -1..1 of the autoencoder."""
NEEDED_UP_BLOCKS = 2
"""The last block with features is the second on the way up; those after it are neither held nor run."""


class StableDiffusion:
    """Fills the role of feature extractor with Stable Diffusion 1.5.

    Parameters
    ----------
    checkpoint : Checkpoint
        In the layout of diffusers: ``unet``, ``vae``, ``text_encoder`` and ``tokenizer``.
    """

    def __init__(self, checkpoint: Checkpoint) -> None:
        self._checkpoint = checkpoint

    def features(self, image: Plane) -> NDArray[np.float32]:
        """Return the queries of five cross-attentions at each place of a grid over the image.

        Parameters
        ----------
        image : ndarray of float32, shape (H, W, 3)
            RGB in 0..1.

        Returns
        -------
        ndarray of float32, shape (GRID, GRID, d)
            Of ``down_blocks[2].attentions[0, 1]`` and ``up_blocks[1].attentions[0, 1, 2]`` in this
            order, all heads side by side; d is 6400 in the published model.

        Raises
        ------
        MissingBackendError, BadFileError
            When the weights are not there, or are others.
        """
        folder = self._checkpoint.folder()
        import_triton_apart()
        with resident(self._checkpoint.name, lambda: read(folder)) as model:
            device = next(model.parameters()).device
            with inference(device.type):
                pixels = squeezed(image, SIDE, SIGNED, "bilinear")[None].to(device)
                found = _joined(queries(model.unet, latent(model.vae, pixels), model.empty))
        return np.ascontiguousarray(found.cpu().numpy())


def latent(vae: Any, pixels: Tensor) -> Tensor:
    """Return the mean latent of an image (1, 3, side, side) in -1..1, scaled as the U-Net expects it."""
    scaled: Tensor = vae.encode(pixels).latent_dist.mode() * vae.config.scaling_factor
    return scaled


class _SeenEnoughError(Exception):
    """The last features are there: the rest of the pass would change nothing."""


def queries(unet: Any, latents: Tensor, text: Tensor) -> list[Tensor]:
    """Return the queries of the blocks at a quarter of the latent's side, each (1, places, width)."""
    layers = [attention.transformer_blocks[0].attn2.to_q for attention in attentions(unet)]
    seen: dict[int, Tensor] = {}

    def keep(layer: Any, _inputs: Any, output: Tensor) -> None:
        seen[id(layer)] = output
        if layer is layers[-1]:
            raise _SeenEnoughError

    handles = [layer.register_forward_hook(keep) for layer in layers]
    try:
        unet(latents, 0, encoder_hidden_states=text)
    except _SeenEnoughError:
        pass
    finally:
        for handle in handles:
            handle.remove()
    return [seen[id(layer)] for layer in layers]


def attentions(unet: Any) -> Iterator[Any]:
    """Yield the attention blocks of which features are taken, in the order of a pass."""
    yield from unet.down_blocks[2].attentions
    yield from unet.up_blocks[1].attentions


def _joined(found: list[Tensor]) -> Tensor:
    """Return maps (1, n * n, width) as one, float32 of shape (GRID, GRID, sum of widths)."""
    import torch

    maps = []
    for tokens in found:
        side = isqrt(tokens.shape[1])
        plane = tokens.float().reshape(1, side, side, -1).permute(0, 3, 1, 2)
        resized = torch.nn.functional.interpolate(plane, (GRID, GRID), mode="bilinear", align_corners=False)
        maps.append(resized[0].permute(1, 2, 0))
    return torch.cat(maps, dim=2)


def read(folder: Path) -> Any:
    """Return a module with the parts of a checkpoint that features need.

    ``unet`` without its last blocks, ``vae`` without its decoder, and ``empty``, the empty prompt as
    the text encoder, which is not kept, reads it: shape (1, 77, width).

    Raises
    ------
    BadFileError
        When a file is damaged, or is of another model.
    """
    import torch
    from diffusers import AutoencoderKL, UNet2DConditionModel

    model: Any = torch.nn.Module()
    model.register_buffer("empty", _empty_prompt(folder))
    model.vae = _part(AutoencoderKL, folder / "vae")
    model.vae.decoder = model.vae.post_quant_conv = None
    model.unet = _part(UNet2DConditionModel, folder / "unet")
    _check_blocks(model.unet, folder)
    model.unet.up_blocks = model.unet.up_blocks[:NEEDED_UP_BLOCKS]
    return model.eval()


def _empty_prompt(folder: Path) -> Tensor:
    import torch
    from transformers import CLIPTextModel

    encoder = pretrained(CLIPTextModel, folder / "text_encoder").eval()
    tokenizer = tokenizer_of(folder / "tokenizer")
    length = encoder.config.max_position_embeddings
    tokens = tokenizer("", padding="max_length", max_length=length, truncation=True, return_tensors="pt")
    with torch.no_grad():
        text: Tensor = encoder(tokens["input_ids"]).last_hidden_state
    return text


def _part(kind: Any, folder: Path) -> Any:
    try:
        with no_progress_bar():
            model, report = kind.from_pretrained(
                folder,
                local_files_only=True,
                use_safetensors=True,
                low_cpu_mem_usage=False,
                output_loading_info=True,
            )
    except MemoryError:
        raise
    except Exception as error:  # a damaged file raises whatever its bytes lead to
        raise _refused(folder, "are damaged, or of another model") from error
    if report["missing_keys"] or report["unexpected_keys"]:
        raise _refused(folder, "are of another model")
    return model.float()


def _check_blocks(unet: Any, folder: Path) -> None:
    try:
        if all(attention.transformer_blocks[0].attn2.to_q for attention in attentions(unet)):
            return
    except (AttributeError, IndexError):
        pass
    raise _refused(folder, "are of a U-Net without the blocks of Stable Diffusion 1")


def _refused(folder: Path, what: str) -> BadFileError:
    return BadFileError(
        f"The weights in '{folder}' {what}.",
        kept="Nothing was loaded.",
        remedy="Remove them and download the model again.",
    )
