"""Masks as depth under their outline, coarser where they are large."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np
from scipy import ndimage

from napari_zeroseg.core.mask import Logits

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from napari_zeroseg.core.mask import Mask

    Floats = NDArray[np.float32]

FINEST_SIDE = 192
"""Windows of more pixels a side are kept at a coarser step, so that big masks cost no more."""


@dataclass(frozen=True, slots=True, eq=False)
class DepthMap:
    """Distance to an outline on a grid, in pixels: above 0 inside it, below 0 outside.

    Parameters
    ----------
    origin : tuple of int
        Row and column of ``values[0, 0]``; may lie outside the image.
    step : int
        Pixels from one grid point to the next.
    values : ndarray of float32, shape (h, w)
    """

    origin: tuple[int, int]
    step: int
    values: Floats

    @classmethod
    def of(cls, mask: Mask) -> DepthMap:
        """Measure a mask that is not empty, with a margin of half its size around it."""
        step = step_for(max(mask.pixels.shape))
        pixels = mask.pixels[::step, ::step]
        margin = 3 + max(pixels.shape) // 2
        pixels = np.pad(pixels, margin)
        inside, outside = (ndimage.distance_transform_edt(p) for p in (pixels, ~pixels))
        # the outline runs half a step from the outermost grid points
        values = np.where(pixels, inside - 0.5, 0.5 - outside) * step
        top, left = mask.origin
        return cls((top - margin * step, left - margin * step), step, values.astype(np.float32))

    def places(self) -> tuple[Floats, Floats]:
        """Rows (h, 1) and columns (1, w) of the grid in the image."""
        height, width = self.values.shape
        rows = self.origin[0] + self.step * np.arange(height, dtype=np.float32)
        cols = self.origin[1] + self.step * np.arange(width, dtype=np.float32)
        return rows[:, None], cols[None, :]

    def distance_to(self, row: float, col: float) -> Floats:
        """Distance of every grid point to a place, in pixels."""
        rows, cols = self.places()
        distances: Floats = np.hypot(rows - np.float32(row), cols - np.float32(col))
        return distances

    def at(self, rows: Floats | float, cols: Floats | float) -> Floats:
        """Return the depth at places of any shape; far outside, that of the margin's rim."""
        height, width = self.values.shape
        row = np.clip(np.rint((np.asarray(rows) - self.origin[0]) / self.step), 0, height - 1).astype(np.intp)
        col = np.clip(np.rint((np.asarray(cols) - self.origin[1]) / self.step), 0, width - 1).astype(np.intp)
        return np.asarray(self.values[row, col])

    def with_values(self, values: Floats) -> DepthMap:
        return replace(self, values=values)

    @property
    def greatest(self) -> float:
        return float(self.values.max())

    @property
    def area(self) -> float:
        """Of the mask, in pixels."""
        return float(np.count_nonzero(self.values > 0)) * self.step**2

    def deepest(self) -> tuple[float, float]:
        """Return row and column of the inner-most point."""
        row, col = np.unravel_index(int(self.values.argmax()), self.values.shape)
        return float(self.origin[0] + self.step * row), float(self.origin[1] + self.step * col)

    def logits(self, shape: tuple[int, int], score: float) -> Logits:
        """Return the part on an image of shape (H, W), at every pixel."""
        (top, rows), (left, cols) = (
            _resampled(start, self.step, count, size)
            for start, count, size in zip(self.origin, self.values.shape, shape, strict=True)
        )
        if self.step == 1:
            first, start = top - self.origin[0], left - self.origin[1]
            values = self.values[first : first + len(rows), start : start + len(cols)].copy()
        else:
            values = np.asarray(rows @ self.values @ cols.T, np.float32)
        return Logits((top, left), values, score)


def step_for(side: int) -> int:
    """Return the step at which a window of so many pixels a side is kept."""
    return max(1, -(-side // FINEST_SIDE))


def _resampled(start: int, step: int, count: int, size: int) -> tuple[int, Floats]:
    """First pixel on the image, and the weights that interpolate pixels from grid points."""
    low, high = max(start, 0), min(start + step * (count - 1) + 1, size)
    position = (np.arange(low, high) - start) / step
    weights = 1 - np.abs(position[:, None] - np.arange(count)[None, :])
    return low, np.clip(weights, 0, None).astype(np.float32)
