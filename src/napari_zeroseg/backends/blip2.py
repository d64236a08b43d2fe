"""BLIP-2 (Li et al., ICML 2023): one sentence on what an image shows."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from napari_zeroseg.backends.devices import inference
from napari_zeroseg.backends.generation import written
from napari_zeroseg.backends.opengl_clash import import_triton_apart
from napari_zeroseg.backends.pixels import CLIP, squeezed
from napari_zeroseg.backends.pretrained import pretrained, tokenizer_of
from napari_zeroseg.backends.residency import resident
from napari_zeroseg.core.errors import BadFileError
from napari_zeroseg.core.plain_text import plain

if TYPE_CHECKING:
    from pathlib import Path

    from torch import Tensor

    from napari_zeroseg.backends.checkpoint import Checkpoint
    from napari_zeroseg.core.image import Plane

MAX_TOKENS = 50
MAX_LENGTH = 300


class Blip2Captioner:
    """Writes a caption.

    Parameters
    ----------
    checkpoint : Checkpoint
        In the layout of the hub.
    """

    def __init__(self, checkpoint: Checkpoint) -> None:
        self._checkpoint = checkpoint

    def caption(self, image: Plane) -> str:
        """Return one sentence, always the same for the same image.

        Raises
        ------
        MissingBackendError, BadFileError
            When the weights are not there, or are others.
        CancelledError
            When the work was called off.
        """
        folder = self._checkpoint.folder()
        import_triton_apart()
        tokenizer = tokenizer_of(folder)
        with resident(self._checkpoint.name, lambda: _read(folder)) as model:
            tokens = _caption_tokens(model, image)
        return plain(
            tokenizer.decode(tokens, skip_special_tokens=True).strip().partition("\n")[0], MAX_LENGTH
        )


def _caption_tokens(model: Any, image: Plane) -> Tensor:
    import torch

    device = next(model.parameters()).device
    pixels = squeezed(image, model.config.vision_config.image_size, CLIP, "bicubic")[None].to(device)
    prompt = [model.config.image_token_index] * model.config.num_query_tokens
    prompt.append(model.config.text_config.bos_token_id)
    ids = torch.tensor([prompt], device=device)
    with inference(device.type):
        tokens: Tensor = written(model, MAX_TOKENS, pixel_values=pixels, input_ids=ids)
    return tokens[0, len(prompt) :]


def _read(folder: Path) -> Any:
    """Return the model in bfloat16, which needs 7.5 GB where the file's float32 needs 15."""
    from transformers import Blip2ForConditionalGeneration

    model = pretrained(Blip2ForConditionalGeneration, folder, "bfloat16")
    if model.config.image_token_index is None:
        raise BadFileError(
            f"The configuration in '{folder}' is that of an old BLIP-2: it names no token for images.",
            kept="Nothing was loaded.",
            remedy="Fetch the present one with: napari-zeroseg models download blip2:opt-2.7b",
        )
    return model
