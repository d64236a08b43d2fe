"""BLIP-2 (Li et al., ICML 2023): one sentence on what an image shows."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from napari_zeroseg.backends.blip2_parts import looker, size_in_memory, split, writer
from napari_zeroseg.backends.devices import inference
from napari_zeroseg.backends.generation import written
from napari_zeroseg.backends.opengl_clash import import_triton_apart
from napari_zeroseg.backends.pixels import CLIP, squeezed
from napari_zeroseg.backends.pretrained import tokenizer_of
from napari_zeroseg.backends.residency import resident
from napari_zeroseg.core.plain_text import plain

if TYPE_CHECKING:
    from pathlib import Path

    from torch import Tensor

    from napari_zeroseg.backends.checkpoint import Checkpoint
    from napari_zeroseg.core.image import Plane

MAX_TOKENS = 50
MAX_LENGTH = 300


class Blip2Captioner:
    """Writes a caption; what looks at the image and what writes are held apart.

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
        tokens = self._written(folder, self._looked_at(folder, image))
        return plain(
            tokenizer.decode(tokens, skip_special_tokens=True).strip().partition("\n")[0], MAX_LENGTH
        )

    # Two methods, so that nothing holds on to the first model while the second is loaded.

    def _looked_at(self, folder: Path, image: Plane) -> Tensor:
        state, _ = split(folder)
        name = f"{self._checkpoint.name} image"
        with resident(name, lambda: looker(folder, state), size=size_in_memory(state)) as model:
            return _seen(model, image)

    def _written(self, folder: Path, seen: Tensor) -> Tensor:
        _, state = split(folder)
        name = self._checkpoint.name
        with resident(name, lambda: writer(folder, state), size=size_in_memory(state)) as model:
            return _caption_tokens(model, seen)


def _seen(model: Any, image: Plane) -> Tensor:
    """Return the image in the language model's terms, shape (1, tokens, width), on the CPU."""
    device = next(model.parameters()).device
    pixels = squeezed(image, model.config.vision_config.image_size, CLIP, "bicubic")[None].to(device)
    with inference(device.type):
        seen: Tensor = model(pixels).cpu()
    return seen


def _caption_tokens(model: Any, seen: Tensor) -> Tensor:
    import torch

    device = next(model.parameters()).device
    start = torch.tensor([[model.config.bos_token_id]], device=device)
    with inference(device.type):
        words = model.get_input_embeddings()(start)
        prompt = torch.cat([seen.to(words), words], 1)
        everywhere = torch.ones(prompt.shape[:2], dtype=torch.long, device=device)
        tokens: Tensor = written(model, MAX_TOKENS, inputs_embeds=prompt, attention_mask=everywhere)
    return tokens[0]
