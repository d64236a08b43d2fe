"""What clicks and an earlier mask say about where an outline runs."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from scipy import ndimage

from napari_zeroseg.backends.embedded.contours import ANGLES, Frames, Limits

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from napari_zeroseg.core.mask import Mask
    from napari_zeroseg.core.prompt import Point

    Floats = NDArray[np.float32]

REACH_OF_CLICK = 0.8
"""A click on an error speaks for a disc of this part of its distance to the earlier outline."""
PIXEL = 0.5


@dataclass(frozen=True, slots=True)
class Disc:
    """A place that must be inside or outside, with the radius for which that holds, in pixels."""

    row: float
    col: float
    radius: float
    inside: bool


@dataclass(frozen=True, slots=True, eq=False)
class Prior:
    """An earlier mask, read as depth under its outline.

    Parameters
    ----------
    origin : tuple of int
        Row and column of ``depth[0, 0]``.
    depth : ndarray of float32, shape (h, w)
        Distance to the outline in pixels, negative outside the mask.
    """

    origin: tuple[int, int]
    depth: Floats

    @classmethod
    def of(cls, mask: Mask) -> Prior:
        """Measure a mask that is not empty, with a margin around it."""
        margin = 2 + max(mask.pixels.shape) // 2
        pixels = np.pad(mask.pixels, margin)
        inside, outside = (ndimage.distance_transform_edt(p) for p in (pixels, ~pixels))
        depth = np.where(pixels, inside - PIXEL, PIXEL - outside).astype(np.float32)
        return cls((mask.origin[0] - margin, mask.origin[1] - margin), depth)

    def at(self, rows: Floats, cols: Floats) -> Floats:
        """Return the depth at places of any shape; far outside, that of the margin's rim."""
        height, width = self.depth.shape
        row = np.clip(np.rint(rows - self.origin[0]), 0, height - 1).astype(np.intp)
        col = np.clip(np.rint(cols - self.origin[1]), 0, width - 1).astype(np.intp)
        return self.depth[row, col]

    def deepest(self) -> tuple[float, float]:
        """Return row and column of the inner-most point."""
        row, col = np.unravel_index(int(self.depth.argmax()), self.depth.shape)
        return float(row + self.origin[0]), float(col + self.origin[1])


def discs_of(points: Sequence[Point], prior: Prior | None) -> tuple[Disc, ...]:
    """Return what each click speaks for: a pixel, or more where it contradicts an earlier mask."""
    discs = []
    for point in points:
        depth = 0.0 if prior is None else float(prior.at(np.float32(point.y), np.float32(point.x)))
        error = -depth if point.positive else depth
        discs.append(Disc(point.y, point.x, max(PIXEL, REACH_OF_CLICK * error), point.positive))
    return tuple(discs)


def limits_of(frames: Frames, discs: Sequence[Disc]) -> Limits:
    """Return the bounds on the radii of contours that leave every disc on its side."""
    least = np.zeros((len(frames), ANGLES))
    most = np.full((len(frames), ANGLES), np.inf)
    inverse = np.linalg.inv(frames.axes)
    for disc in discs:
        local = np.einsum("sij,sj->si", inverse, (disc.row, disc.col) - frames.centers)
        near, far = _chords(local, disc.radius / frames.sizes)
        if disc.inside:
            least = np.fmax(least, far)
        else:
            most = np.fmin(most, near)
    return Limits(np.minimum(least, most), most)


def _chords(local: NDArray[np.float64], radius: NDArray[np.float64]) -> tuple[NDArray[np.float64], ...]:
    """Where the ray of each angle enters and leaves a disc; NaN where it misses it."""
    angles = np.arange(ANGLES) * 2 * np.pi / ANGLES
    distance = np.hypot(*local.T)[:, None]
    # at least half the angle between two rays, so that no disc falls between them
    radius = np.maximum(radius[:, None], distance * np.sin(np.pi / ANGLES) * 1.01)
    turned = angles - np.arctan2(local[:, 0], local[:, 1])[:, None]
    along, across = distance * np.cos(turned), distance * np.sin(turned)
    with np.errstate(invalid="ignore"):
        half = np.sqrt(radius**2 - across**2)
    far = np.where(along + half > 0, along + half, np.nan)
    near = np.where(along > 0, np.maximum(along - half, 0), np.nan)
    return near, far
