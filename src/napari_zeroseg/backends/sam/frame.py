"""Where a plane lies in the square that a model sees."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from napari_zeroseg.core.mask import Box
    from napari_zeroseg.core.prompt import Point


@dataclass(frozen=True, slots=True)
class Frame:
    """A plane, resized and put into the top left corner of a square.

    Parameters
    ----------
    shape : tuple of int
        Height and width of the plane in pixels.
    side : int
        Of the square, in the model's pixels.
    filled : tuple of int
        Height and width of the resized plane, in the model's pixels.
    """

    shape: tuple[int, int]
    side: int
    filled: tuple[int, int]

    @classmethod
    def padded(cls, shape: tuple[int, int], side: int) -> Frame:
        """Make the longer side fill the square, and keep the proportions (SAM, SAM-HQ)."""
        longest = max(shape)
        height, width = (max(1, int(length * side / longest + 0.5)) for length in shape)
        return cls(shape, side, (height, width))

    @classmethod
    def stretched(cls, shape: tuple[int, int], side: int) -> Frame:
        """Make both sides fill the square (SAM 2 and later)."""
        return cls(shape, side, (side, side))

    @property
    def scale(self) -> tuple[float, float]:
        """The model's pixels per pixel of the plane, in rows and in columns."""
        return self.filled[0] / self.shape[0], self.filled[1] / self.shape[1]

    def point(self, point: Point) -> tuple[float, float]:
        """Return x and y of a point in the model's pixels, whole numbers at the pixels' centres."""
        rows, cols = self.scale
        return (point.x + 0.5) * cols - 0.5, (point.y + 0.5) * rows - 0.5

    def box(self, box: Box) -> tuple[float, float, float, float]:
        """Return the centres of the outermost of the model's pixels in a box, x before y."""
        (rows, cols), (x0, y0, x1, y1) = self.scale, box
        return x0 * cols, y0 * rows, x1 * cols - 1, y1 * rows - 1

    def cells(self, count: int) -> tuple[float, float]:
        """Return how many cells of a ``count`` × ``count`` grid over the square make a pixel, by axis."""
        rows, cols = self.scale
        return rows * count / self.side, cols * count / self.side


def interpolation(pixels: range, cells: range, per_pixel: float) -> NDArray[np.float32]:
    """Return weights that interpolate linearly from cells to pixels along one axis.

    Parameters
    ----------
    pixels : range
        Of the plane.
    cells : range
        Of the grid; places beyond the centres of the outermost take their values.
    per_pixel : float
        Cells that make a pixel.

    Returns
    -------
    ndarray of float32, shape (len(pixels), len(cells))
    """
    places = (np.arange(pixels.start, pixels.stop) + 0.5) * per_pixel - 0.5
    places = np.clip(places, cells.start, cells.stop - 1)
    distance = np.abs(places[:, None] - np.arange(cells.start, cells.stop))
    weights: NDArray[np.float32] = np.maximum(1 - distance, 0).astype(np.float32)
    return weights


def averaging(cells: int, pixels: range, per_pixel: float) -> NDArray[np.float32]:
    """Return how much of each cell the pixels cover, along one axis.

    Parameters
    ----------
    cells : int
        Number of cells of the grid.
    pixels : range
        Of the plane.
    per_pixel : float
        Cells that make a pixel.

    Returns
    -------
    ndarray of float32, shape (cells, len(pixels))
        Shares of 1.
    """
    edges = np.arange(pixels.start, pixels.stop + 1) * per_pixel
    cell = np.arange(cells)[:, None]
    shares: NDArray[np.float32] = np.diff(np.clip(edges, cell, cell + 1), axis=1).astype(np.float32)
    return shares
