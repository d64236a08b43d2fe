"""The words that RAM++ knows, and from which score each holds."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from napari_zeroseg.core.errors import BadFileError
from napari_zeroseg.core.plain_text import plain

if TYPE_CHECKING:
    from pathlib import Path

MAX_BYTES = 1 << 20
MAX_LENGTH = 80


@dataclass(frozen=True, slots=True)
class TagList:
    """Words in the order of the checkpoint.

    Parameters
    ----------
    texts : tuple of str
        Empty where a line holds nothing that can be shown; such a tag is never given.
    thresholds : tuple of float
        As many, in 0..1.
    """

    texts: tuple[str, ...]
    thresholds: tuple[float, ...]


def read_tag_list(texts: Path, thresholds: Path) -> TagList:
    """Read one tag per line, and one threshold per line.

    Raises
    ------
    BadFileError
        When a file is far too long, no text, holds no numbers in 0..1, or the two do not agree.
    """
    words = tuple(plain(line, MAX_LENGTH) for line in _lines(texts))
    limits = tuple(_threshold(line, thresholds) for line in _lines(thresholds))
    if not words or len(words) != len(limits):
        raise _refused(thresholds, f"has {len(limits)} thresholds for {len(words)} tags")
    return TagList(words, limits)


def _lines(path: Path) -> list[str]:
    if path.stat().st_size > MAX_BYTES:
        raise _refused(path, "is far too long for a list of tags")
    try:
        return path.read_text(encoding="utf-8").removesuffix("\n").split("\n")
    except UnicodeDecodeError as error:
        raise _refused(path, "is no text") from error


def _threshold(line: str, path: Path) -> float:
    try:
        value = float(line)
    except ValueError:
        value = -1.0
    if not 0 <= value <= 1:
        raise _refused(path, f"holds {line[:MAX_LENGTH]!a}, which is no threshold in 0..1")
    return value


def _refused(path: Path, what: str) -> BadFileError:
    return BadFileError(
        f"The file '{path}' {what}.",
        kept="Nothing was loaded.",
        remedy="Remove the file and download it again.",
    )
