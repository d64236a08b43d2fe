"""Run-length encoding of masks as COCO defines it: down the columns, beginning with background.

Source: the reference implementation, ``common/maskApi.c`` of https://github.com/cocodataset/cocoapi.
"""

from __future__ import annotations

from itertools import pairwise
from typing import TYPE_CHECKING

import numpy as np

from napari_zeroseg.core.errors import BadFileError
from napari_zeroseg.core.mask import Mask

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from numpy.typing import NDArray

_CHUNK_BITS, _FIRST_CHARACTER = 5, 48
_MORE, _SIGN, _LOW = 0x20, 0x10, 0x1F


def encode(mask: NDArray[np.bool_]) -> list[int]:
    """Return lengths of runs of a mask of shape (H, W), background first."""
    column_major = np.asarray(mask, bool).ravel(order="F")
    changes = np.flatnonzero(np.diff(column_major, prepend=False)).tolist()
    edges = [0, *changes, column_major.size]
    return [end - start for start, end in pairwise(edges)]


def encode_mask(mask: Mask, shape: tuple[int, int]) -> list[int]:
    """Return the same for a mask on a plane of shape (H, W), of which only its columns are looked at."""
    rows, cols = mask.slices
    strip = np.zeros((shape[0], mask.pixels.shape[1]), bool)
    strip[rows] = mask.pixels
    counts = encode(strip)
    counts[0] += cols.start * shape[0]
    behind = (shape[1] - cols.stop) * shape[0]
    # a list of even length ends with object, and background comes after it
    if len(counts) % 2:
        counts[-1] += behind
    elif behind:
        counts.append(behind)
    return counts


def decode(counts: Sequence[int], shape: tuple[int, int]) -> Mask:
    """Return the mask on a plane of shape (H, W).

    Raises
    ------
    BadFileError
        When the runs do not fill the shape exactly.
    """
    # Python's own numbers, which no sum of a damaged file overflows
    if any(count < 0 for count in counts) or sum(counts) != shape[0] * shape[1]:
        raise BadFileError(f"A run-length encoded mask does not fill its {shape[1]} × {shape[0]} pixels.")
    ends = np.cumsum(np.asarray(counts, np.int64))
    begins, ends = ends[:-1:2], ends[1::2]
    begins, ends = begins[ends > begins], ends[ends > begins]
    if not begins.size:
        return Mask((0, 0), np.zeros((0, 0), bool))
    left, right = int(begins[0]) // shape[0], -(-int(ends[-1]) // shape[0])
    strip = np.zeros(shape[0] * (right - left), np.int8)
    # runs may follow each other at once, and the last may end where the strip does
    np.add.at(strip, begins - left * shape[0], 1)
    inner = ends - left * shape[0] < strip.size
    np.add.at(strip, ends[inner] - left * shape[0], -1)
    pixels = np.cumsum(strip, dtype=np.int8).reshape(shape[0], right - left, order="F") > 0
    return Mask((0, left), pixels).trimmed()


def to_text(counts: Sequence[int]) -> str:
    """Return COCO's compressed form: differences to the count two before, 5 bits a character."""
    deltas = [c if i < 3 else c - counts[i - 2] for i, c in enumerate(counts)]
    return "".join(character for delta in deltas for character in _characters(delta))


def _characters(value: int) -> Iterable[str]:
    more = True
    while more:
        chunk = value & _LOW
        value >>= _CHUNK_BITS
        more = value != (-1 if chunk & _SIGN else 0)
        yield chr((chunk | _MORE if more else chunk) + _FIRST_CHARACTER)


def from_text(text: str) -> list[int]:
    """Return the counts of COCO's compressed form.

    Raises
    ------
    BadFileError
        When the text holds other characters, or ends within a number.
    """
    counts: list[int] = []
    value = shift = 0
    for character in text:
        code = ord(character) - _FIRST_CHARACTER
        if not 0 <= code < 2 * _MORE or shift > 12 * _CHUNK_BITS:
            raise BadFileError("A run-length encoded mask is damaged.")
        value |= (code & _LOW) << shift
        shift += _CHUNK_BITS
        if not code & _MORE:
            signed = value - (1 << shift) if code & _SIGN else value
            counts.append(signed + (counts[-2] if len(counts) > 2 else 0))
            value = shift = 0
    if shift:
        raise BadFileError("A run-length encoded mask ends too early.")
    return counts
