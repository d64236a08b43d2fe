"""Masks as cropped bitmaps, and the logits that they are cut from."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

STABILITY_OFFSET = 1.0
"""How far from 0 the thresholds lie between which a mask should hardly change."""

Box = tuple[float, float, float, float]
"""Left, top, right, bottom in pixels: (x0, y0, x1, y1), right and bottom exclusive."""


@dataclass(frozen=True, slots=True, eq=False)
class Mask:
    """A binary mask on an image plane, stored as its bounding rectangle.

    Parameters
    ----------
    origin : tuple of int
        Row and column (y0, x0) of ``pixels[0, 0]`` in the plane.
    pixels : ndarray of bool, shape (h, w)
        The mask within its rectangle.
    """

    origin: tuple[int, int]
    pixels: NDArray[np.bool_]

    @classmethod
    def from_plane(cls, plane: NDArray[np.bool_]) -> Mask:
        """Crop a mask of shape (H, W); an empty one becomes a mask of shape (0, 0)."""
        return cls((0, 0), np.asarray(plane, bool)).trimmed()

    def trimmed(self) -> Mask:
        """Return the same mask without empty outer rows and columns."""
        rows = np.flatnonzero(self.pixels.any(axis=1))
        cols = np.flatnonzero(self.pixels.any(axis=0))
        if not rows.size:
            return Mask((0, 0), np.zeros((0, 0), bool))
        y, x = rows[0], cols[0]
        pixels = self.pixels[y : rows[-1] + 1, x : cols[-1] + 1].copy()
        return Mask((self.origin[0] + int(y), self.origin[1] + int(x)), pixels)

    @property
    def area(self) -> int:
        """Number of pixels."""
        return int(np.count_nonzero(self.pixels))

    @property
    def box(self) -> Box:
        """Bounds (x0, y0, x1, y1) in pixels."""
        (y, x), (h, w) = self.origin, self.pixels.shape
        return (float(x), float(y), float(x + w), float(y + h))

    @property
    def slices(self) -> tuple[slice, slice]:
        """Where ``pixels`` lies in the plane, as row and column slices."""
        (y, x), (h, w) = self.origin, self.pixels.shape
        return slice(y, y + h), slice(x, x + w)

    def to_plane(self, shape: tuple[int, int]) -> NDArray[np.bool_]:
        """Return the mask as bool of shape (H, W)."""
        plane = np.zeros(shape, bool)
        plane[self.slices] = self.pixels
        return plane

    def within(self, slices: tuple[slice, slice]) -> NDArray[np.bool_]:
        """Return the part that lies in a window of the plane, as bool of the window's shape."""
        y, x = slices[0].start, slices[1].start
        window = np.zeros((slices[0].stop - y, slices[1].stop - x), bool)
        top, left = max(y, self.origin[0]), max(x, self.origin[1])
        bottom = min(slices[0].stop, self.slices[0].stop)
        right = min(slices[1].stop, self.slices[1].stop)
        if bottom > top and right > left:
            window[top - y : bottom - y, left - x : right - x] = self.pixels[
                top - self.origin[0] : bottom - self.origin[0],
                left - self.origin[1] : right - self.origin[1],
            ]
        return window

    def holds(self, rows: NDArray[np.intp], cols: NDArray[np.intp]) -> NDArray[np.bool_]:
        """Say of pixels of the plane, given by rows and columns of shape (N,), which are in the mask."""
        rows, cols = rows - self.origin[0], cols - self.origin[1]
        height, width = self.pixels.shape
        inside: NDArray[np.bool_] = (rows >= 0) & (rows < height) & (cols >= 0) & (cols < width)
        inside[inside] = self.pixels[rows[inside], cols[inside]]
        return inside

    def minus(self, other: Mask) -> Mask:
        """Return this mask without the pixels of another."""
        return Mask(self.origin, self.pixels & ~other.within(self.slices)).trimmed()

    def plus(self, other: Mask) -> Mask:
        """Return the pixels that are in this mask, in another, or in both."""
        if not (self.pixels.size and other.pixels.size):
            return self if self.pixels.size else other
        pairs = zip(self.slices, other.slices, strict=True)
        rows, cols = (slice(min(a.start, b.start), max(a.stop, b.stop)) for a, b in pairs)
        return Mask((rows.start, cols.start), self.within((rows, cols)) | other.within((rows, cols)))

    def overlap(self, other: Mask) -> int:
        """Return the number of pixels in both."""
        if self._apart(other):  # so are most of those in a plane, which are asked one by one
            return 0
        return int(np.count_nonzero(self.pixels & other.within(self.slices)))

    def _apart(self, other: Mask) -> bool:
        """Say whether the windows of both share no pixel."""
        (y, x), (h, w) = self.origin, self.pixels.shape
        (other_y, other_x), (other_h, other_w) = other.origin, other.pixels.shape
        rows_meet = y < other_y + other_h and other_y < y + h
        return not (rows_meet and x < other_x + other_w and other_x < x + w)

    def iou(self, other: Mask) -> float:
        """Intersection over union, 0 for two empty masks."""
        shared = self.overlap(other)
        union = self.area + other.area - shared
        return shared / union if union else 0.0

    def same_as(self, other: Mask) -> bool:
        """Say whether both masks hold the same pixels."""
        a, b = self.trimmed(), other.trimmed()
        return a.origin == b.origin and np.array_equal(a.pixels, b.pixels)


@dataclass(frozen=True, slots=True, eq=False)
class Logits:
    """A segmenter's answer to one prompt, on a window of the plane.

    Parameters
    ----------
    origin : tuple of int
        Row and column (y0, x0) of ``values[0, 0]``; outside the window nothing is object.
    values : ndarray of float32, shape (h, w)
        Above 0 where the object is.
    score : float
        The model's own estimate of the mask's quality, 0..1.
    """

    origin: tuple[int, int]
    values: NDArray[np.float32]
    score: float

    def mask(self) -> Mask:
        return Mask(self.origin, self.values > 0).trimmed()

    @property
    def stability(self) -> float:
        """Overlap (IoU) of the masks cut a little above and a little below the threshold, 0..1.

        After Kirillov et al., "Segment Anything" (ICCV 2023), appendix B; 0 where there is no mask.
        """
        sure = int(np.count_nonzero(self.values >= STABILITY_OFFSET))
        possible = int(np.count_nonzero(self.values >= -STABILITY_OFFSET))
        return sure / possible if possible else 0.0
