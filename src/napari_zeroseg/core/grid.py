"""Maps of numbers on a grid over an image, finer or coarser than its pixels."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Floats = NDArray[np.float32]


def grid_shape(shape: tuple[int, int], side: int) -> tuple[int, int]:
    """Return rows and columns of a grid over an image of this shape, no side longer than ``side``."""
    factor = min(1.0, side / max(shape))
    return max(1, round(shape[0] * factor)), max(1, round(shape[1] * factor))


def on_grid(values: Floats, shape: tuple[int, int]) -> Floats:
    """Return a map on another grid over the same image.

    Along an axis that gets coarser each place is the mean of those that it covers; along one that
    gets finer, values are interpolated between the middles of places.

    Parameters
    ----------
    values : ndarray of float32, shape (h, w, d)
    shape : tuple of int
        Rows and columns of the grid.

    Returns
    -------
    ndarray of float32, shape (*shape, d)
    """
    down = values if values.shape[0] == shape[0] else _along(values, shape[0])
    if down.shape[1] == shape[1]:
        return np.ascontiguousarray(down, np.float32)
    along = _along(down.swapaxes(0, 1), shape[1]).swapaxes(0, 1)
    return np.ascontiguousarray(along, np.float32)


def _along(values: Floats, size: int) -> Floats:
    """Return a map with another number of rows."""
    rows = len(values)
    weights = (_means if size < rows else _between)(rows, size)
    return np.tensordot(weights, values, axes=1)


def _means(rows: int, size: int) -> Floats:
    """Return the part that each row has in each of fewer rows, shape (size, rows)."""
    edges = np.linspace(0, rows, size + 1)
    low, high = edges[:-1, None], edges[1:, None]
    place = np.arange(rows)
    covered = np.clip(np.minimum(high, place + 1) - np.maximum(low, place), 0, None)
    return np.asarray(covered * size / rows, np.float32)


def _between(rows: int, size: int) -> Floats:
    """Return the weights that interpolate more rows, shape (size, rows); the ends are held."""
    position = np.clip((np.arange(size) + 0.5) * rows / size - 0.5, 0, rows - 1)
    near = 1 - np.abs(position[:, None] - np.arange(rows))
    return np.asarray(np.clip(near, 0, None), np.float32)
