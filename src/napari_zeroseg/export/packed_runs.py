"""The packed runs in which Label Studio keeps masks that were painted.

Source: the format of ``@thi.ng/rle-pack`` (https://github.com/thi-ng/umbrella), which Label Studio uses on
the four samples (RGBA) of each pixel, row by row. A stream of bits: 32 with the count of values, 5 with
their size less one, 4 × 4 with the sizes of counts less one; then, block by block, 1 bit that says whether
one value is repeated, 2 bits that choose the size of the count, the count less one, and the value or values.
"""

from __future__ import annotations

from itertools import pairwise
from typing import TYPE_CHECKING

import numpy as np

from napari_zeroseg.core.errors import BadFileError
from napari_zeroseg.core.mask import Mask

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

SAMPLES = 4
"""RGBA; the last one says what is painted."""
_VALUE_BITS, _COUNT_BITS = 8, (4, 8, 12, 16)
_LONGEST = 1 << _COUNT_BITS[-1]


def pack(mask: Mask, shape: tuple[int, int]) -> list[int]:
    """Return the bytes, as numbers, of a mask on a plane of shape (H, W)."""
    header = [(shape[0] * shape[1] * SAMPLES, 32), (_VALUE_BITS - 1, 5), *((b - 1, 4) for b in _COUNT_BITS)]
    blocks = (field for run in _runs(mask, shape) for field in _fields(*run))
    bits = "".join(f"{value:0{size}b}" for value, size in (*header, *blocks))
    return np.packbits(np.frombuffer(bits.encode(), np.uint8) - ord("0")).tolist()


def _runs(mask: Mask, shape: tuple[int, int]) -> Iterator[tuple[bool, int]]:
    """Yield runs of pixels in the order of rows, none of them too long for a block."""
    rows, cols = mask.slices
    strip = np.zeros((mask.pixels.shape[0], shape[1]), bool)
    strip[:, cols] = mask.pixels
    inside = np.flatnonzero(np.diff(strip.ravel(), prepend=False, append=False)) + rows.start * shape[1]
    painted = False
    for start, end in pairwise([0, *inside.tolist(), shape[0] * shape[1]]):
        for begin in range(start, end, _LONGEST // SAMPLES):
            yield painted, min(end - begin, _LONGEST // SAMPLES)
        painted = not painted


def _fields(painted: bool, pixels: int) -> Iterator[tuple[int, int]]:
    count = pixels * SAMPLES - 1
    choice = next(n for n, bits in enumerate(_COUNT_BITS) if count < 1 << bits)
    yield from ((1, 1), (choice, 2), (count, _COUNT_BITS[choice]), (255 * painted, _VALUE_BITS))


def unpack(data: Sequence[int], shape: tuple[int, int]) -> Mask:
    """Return the mask on a plane of shape (H, W).

    Raises
    ------
    BadFileError
        When the bytes are damaged, or are those of another shape.
    """
    if not all(0 <= byte <= 255 for byte in data):
        raise BadFileError("A painted mask is no list of bytes.")
    bits = _Bits(bytes(data))
    total = bits.read(32)
    if total != shape[0] * shape[1] * SAMPLES:
        raise BadFileError(f"A painted mask does not fill its {shape[1]} × {shape[0]} pixels.")
    values = _values(bits, total)
    return Mask.from_plane(values[SAMPLES - 1 :: SAMPLES].reshape(shape) > 0)


def _values(bits: _Bits, total: int) -> np.ndarray[tuple[int], np.dtype[np.uint8]]:
    value_bits = bits.read(5) + 1
    count_bits = [bits.read(4) + 1 for _ in range(4)]
    values = np.zeros(total, np.uint8)
    here = 0
    while here < total:
        is_repeated = bits.read(1)
        end = here + 1 + bits.read(count_bits[bits.read(2)])
        if end > total:
            raise BadFileError("A painted mask is longer than its image.")
        if is_repeated:
            values[here:end] = bits.read(value_bits) > 0
        else:
            values[here:end] = bits.read_many(end - here, value_bits) > 0
        here = end
    return values


class _Bits:
    """A stream of bits, the highest of each byte first."""

    def __init__(self, data: bytes) -> None:
        self._bits = np.unpackbits(np.frombuffer(data, np.uint8))
        self._here = 0

    def read(self, size: int) -> int:
        return int(self.read_many(1, size)[0])

    def read_many(self, count: int, size: int) -> np.ndarray[tuple[int], np.dtype[np.int64]]:
        end = self._here + count * size
        if end > self._bits.size:
            raise BadFileError("A painted mask ends too early.")
        digits = self._bits[self._here : end].reshape(count, size).astype(np.int64)
        self._here = end
        return digits @ (1 << np.arange(size - 1, -1, -1))
