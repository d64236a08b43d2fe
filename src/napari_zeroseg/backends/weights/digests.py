"""Whether a file's content is the published one."""

from __future__ import annotations

import hashlib
import re
from typing import TYPE_CHECKING

from napari_zeroseg.core.cancellation import CancelledError, present

if TYPE_CHECKING:
    from collections.abc import Callable
    from hashlib import _Hash
    from pathlib import Path

CHUNK = 1 << 20


def sha256_digits(text: str) -> str:
    """Return the digest that an entity tag is, without quotes, or an empty text if it is none."""
    bare = text.strip().strip('"').lower()
    return bare if re.fullmatch(r"[0-9a-f]{64}", bare) else ""


def hashed(path: Path, size: int | None = None, on_bytes: Callable[[int], None] = lambda _: None) -> _Hash:
    """Return the SHA-256 of a file or its first ``size`` bytes, ready to take more.

    ``on_bytes`` hears how many bytes were read, again and again.

    Raises
    ------
    CancelledError
        When the work is called off meanwhile.
    """
    digest, cancellation = hashlib.sha256(), present()
    left = path.stat().st_size if size is None else size
    with path.open("rb") as file:
        while left and (chunk := file.read(min(CHUNK, left))):
            if cancellation.cancelled:
                raise CancelledError
            digest.update(chunk)
            on_bytes(len(chunk))
            left -= len(chunk)
    return digest


def differs(sha256: str, expected: tuple[str, ...]) -> str:
    """Return the expected digest, or its leading digits, that a digest does not agree with; or ''."""
    wrong = (e for e in expected if not sha256.startswith(e.lower()))
    return next(wrong, "")
