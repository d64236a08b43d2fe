"""The tokenizers beside models."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING, Any

from napari_zeroseg.backends.pretrained import tokenizer_of

if TYPE_CHECKING:
    from pathlib import Path


@cache
def tokenizer_in(folder: Path) -> Any:
    """Return the tokenizer in a folder; read once.

    Raises
    ------
    BadFileError
        When there is none that can be read.
    """
    return tokenizer_of(folder)
