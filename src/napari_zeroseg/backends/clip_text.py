"""CLIP's text encoder: sentences as vectors that can be compared with images."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from napari_zeroseg.backends.devices import inference
from napari_zeroseg.backends.pretrained import tokenizer_of
from napari_zeroseg.backends.residency import resident
from napari_zeroseg.backends.weights.exact import filled
from napari_zeroseg.backends.weights.reading import read_state
from napari_zeroseg.core.cancellation import interruptible
from napari_zeroseg.core.errors import BadFileError

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path

    from numpy.typing import NDArray

CLIP_FILE = "pytorch_model.bin"
"""Holds both halves of a CLIP checkpoint."""
BATCH = 64
MAX_KNOWN = 16_384
"""Texts whose vectors are remembered: all of the largest vocabulary, 32 MB at CLIP's usual width of 512."""


class ClipText:
    """Turns texts into unit vectors; each text is computed once.

    Parameters
    ----------
    name : str
        What the model is known by in memory.
    folder : callable
        Returns the folder with ``config.json``, the tokenizer and ``pytorch_model.bin``; called when
        the model is loaded.
    size : int
        Bytes that the model takes in float32, about.
    """

    def __init__(self, name: str, folder: Callable[[], Path], size: int) -> None:
        self._name = name
        self._folder = folder
        self._size = size
        self._known: dict[str, NDArray[np.float32]] = {}

    def encode(self, texts: Sequence[str]) -> NDArray[np.float32]:
        """Return unit vectors, float32 of shape (len(texts), width); a long text is cut off.

        Raises
        ------
        MissingBackendError, BadFileError
            When the weights are not there, or not those of a CLIP model.
        CancelledError
            When the work was called off, between batches.
        """
        new = [text for text in dict.fromkeys(texts) if text not in self._known]
        if len(self._known) + len(new) > MAX_KNOWN:
            self._known.clear()
            new = list(dict.fromkeys(texts))
        if new:
            self._known.update(zip(new, self._computed(new), strict=True))
        return np.stack([self._known[text] for text in texts])

    def _computed(self, texts: list[str]) -> NDArray[np.float32]:
        tokenizer = tokenizer_of(self._folder())
        with resident(self._name, lambda: read_text_encoder(self._folder()), size=self._size) as model:
            batches = [texts[start : start + BATCH] for start in range(0, len(texts), BATCH)]
            return np.concatenate([_vectors(model, tokenizer, batch) for batch in interruptible(batches)])


def _vectors(model: Any, tokenizer: Any, texts: list[str]) -> NDArray[np.float32]:
    import torch

    device = next(model.parameters()).device
    longest = model.config.max_position_embeddings
    tokens = tokenizer(texts, padding=True, truncation=True, max_length=longest, return_tensors="pt").to(
        device
    )
    with inference(device.type):
        vectors = model(**tokens).text_embeds.float()
    unit: NDArray[np.float32] = torch.nn.functional.normalize(vectors, dim=-1).cpu().numpy()
    return unit


def read_text_encoder(folder: Path) -> Any:
    """Return the text half of a CLIP checkpoint as transformers' ``CLIPTextModelWithProjection``.

    Raises
    ------
    BadFileError
        When the file is damaged or unsafe, or holds another model.
    """
    weights = folder / CLIP_FILE
    state = {
        key: value.float()
        for key, value in read_state(weights).items()
        if key.startswith(("text_model.", "text_projection.")) and not key.endswith("position_ids")
    }
    from transformers import CLIPTextConfig, CLIPTextModelWithProjection

    try:
        config = CLIPTextConfig.from_pretrained(folder, local_files_only=True)
        return filled(CLIPTextModelWithProjection, config, state)
    except ValueError as error:
        raise not_clip(weights) from error


def not_clip(path: Path) -> BadFileError:
    """Return what to tell of a file that holds another model."""
    return BadFileError(
        f"The file '{path}' is not the CLIP checkpoint that its configuration describes.",
        kept="Nothing was loaded.",
        remedy="Remove it and download it again.",
    )
