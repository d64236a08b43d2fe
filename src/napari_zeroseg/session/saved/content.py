"""How an image is known again, whatever it is called and however it is shown."""

from __future__ import annotations

from dataclasses import dataclass
from hashlib import blake2b
from typing import TYPE_CHECKING, Any

import numpy as np

from napari_zeroseg.session.saved.packing import NAME_BYTES

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

BLOCKS = 8
BLOCK_SIDE = 32
FEW = 4
"""Axes up to this length, such as colours, are sampled in full."""
SMALL = 1 << 20
"""Images of at most so many values are sampled in full."""


@dataclass(frozen=True, eq=False)
class Content:
    """The values of an image and where they come from.

    Parameters
    ----------
    array : array
        Of numpy, dask, zarr or alike.
    path : Path, optional
        The file or folder that it was read from.
    """

    array: Any
    path: Path | None = None

    def fingerprint(self) -> str:
        """Return 32 hexadecimal digits that tell the image from others.

        They depend on shape, type and some blocks of values, all over the image. Values that
        cannot be read are left out.
        """
        shape, dtype = tuple(self.array.shape), np.dtype(self.array.dtype)
        digest = blake2b(f"{shape} {dtype.str}".encode(), digest_size=NAME_BYTES)
        try:
            for block in _blocks(shape):
                digest.update(np.ascontiguousarray(self.array[block]).tobytes())
        except Exception:  # noqa: BLE001 - readers fail in every way, and saving must go on
            digest.update(b"unreadable")
        return digest.hexdigest()


def _blocks(shape: tuple[int, ...]) -> Iterator[tuple[slice, ...]]:
    if np.prod(shape, dtype=float) <= SMALL:
        yield tuple(slice(0, size) for size in shape)
        return
    wide = [axis for axis, size in enumerate(shape) if size > FEW][-2:]
    for number in range(BLOCKS):
        yield tuple(_part(axis, size, number, in_plane=axis in wide) for axis, size in enumerate(shape))


def _part(axis: int, size: int, number: int, *, in_plane: bool) -> slice:
    if size <= FEW:
        return slice(0, size)
    length = min(size, BLOCK_SIDE) if in_plane else 1
    # another order on each axis, so that the blocks do not lie on one diagonal
    place = number * (2 * axis + 1) % BLOCKS
    start = place * (size - length) // (BLOCKS - 1)
    return slice(start, start + length)
