"""From a model's coarse logits to windows of the plane."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np

from napari_zeroseg.backends.sam.frame import interpolation
from napari_zeroseg.core.mask import Logits

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from napari_zeroseg.backends.sam.frame import Frame

MARGIN = 1
"""Pixels around the object that a window keeps, so that its outline is known from both sides."""


def nothing() -> Logits:
    """Return the answer that there is no object."""
    return Logits((0, 0), np.zeros((0, 0), np.float32), 0.0)


def windowed(coarse: NDArray[np.float32], frame: Frame, score: float) -> Logits:
    """Return logits at the plane's pixels, on the window that holds all positive ones.

    Only this window is interpolated, which is what makes many small objects cheap.

    Parameters
    ----------
    coarse : ndarray of float32, shape (M, M)
        Logits over the model's square.
    frame : Frame
        Where the plane lies in the square.
    score : float
        Predicted IoU; clipped to 0..1.
    """
    inside = coarse > 0
    rows = _Axis.of(np.any(inside, axis=1), frame.shape[0], frame.cells(len(coarse))[0])
    cols = _Axis.of(np.any(inside, axis=0), frame.shape[1], frame.cells(len(coarse))[1])
    if rows is None or cols is None:
        return nothing()
    part = coarse[rows.cells.start : rows.cells.stop, cols.cells.start : cols.cells.stop]
    values = (rows.weights @ part @ cols.weights.T).astype(np.float32, copy=False)
    return _trimmed(values, (rows.pixels.start, cols.pixels.start), min(max(score, 0.0), 1.0))


class _Axis:
    """Which cells and which pixels of one axis a window takes."""

    def __init__(self, pixels: range, cells: range, per_pixel: float) -> None:
        self.pixels = pixels
        self.cells = cells
        self.weights = interpolation(pixels, cells, per_pixel)

    @classmethod
    def of(cls, occupied: NDArray[np.bool_], length: int, per_pixel: float) -> _Axis | None:
        """Return the pixels between the neighbours of the occupied cells; None where there are none."""
        found = np.flatnonzero(occupied)
        if not found.size:
            return None
        low, high = int(found[0]) - 1, int(found[-1]) + 1
        first = math.floor((low + 0.5) / per_pixel - 0.5)
        last = math.ceil((high + 0.5) / per_pixel - 0.5)
        pixels = range(max(first, 0), min(last + 1, length))
        if not pixels:
            return None
        around = math.ceil(per_pixel)  # the outermost pixels lie up to one pixel further out
        return cls(pixels, range(max(low - around, 0), min(high + around + 1, len(occupied))), per_pixel)


def _trimmed(values: NDArray[np.float32], origin: tuple[int, int], score: float) -> Logits:
    inside = values > 0
    rows, cols = np.flatnonzero(inside.any(axis=1)), np.flatnonzero(inside.any(axis=0))
    if not rows.size:
        return nothing()
    top, left = max(int(rows[0]) - MARGIN, 0), max(int(cols[0]) - MARGIN, 0)
    kept = values[top : rows[-1] + 1 + MARGIN, left : cols[-1] + 1 + MARGIN]
    return Logits((origin[0] + top, origin[1] + left), np.ascontiguousarray(kept), score)
