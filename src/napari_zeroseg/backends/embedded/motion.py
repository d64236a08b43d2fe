"""Where an object went between two moments: shift and scale by normalised cross-correlation."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from scipy import ndimage as ndi

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from napari_zeroseg.core.mask import Mask

    Floats = NDArray[np.float32]

CELLS = 40
"""The longer side of an object's box on the grid on which it is looked for."""
FINEST = 4.0
"""Small objects are enlarged by no more: there is nothing between the pixels."""
MARGIN = 0.25
"""Surround that belongs to the template, as a part of the longer side."""
REACH = (1.5, 80.0)
"""How far an object may go between two planes: in its longer side, and at most in pixels."""
SCALES = (0.83, 0.91, 1.0, 1.1, 1.21)
"""How much larger it may be."""
SURROUND = 0.2
"""Weight of a pixel of the surround: it tells of the outline, but need not come along."""
LEAST_SPREAD = 0.01
"""Variance of a place, as a part of the object's, from which it is compared at all."""
FAR = 0.1
"""Correlation that the farthest place costs."""
RESIZED = 0.1
"""Correlation that a scale costs, per e-fold."""
STILL = 0.05
"""Correlation by which a move must be better than none."""


@dataclass(frozen=True, slots=True)
class Move:
    """A shift in rows and columns, and a scale about the object's centre.

    Parameters
    ----------
    center : tuple of float
        Row and column, before.
    shift : tuple of float
        In pixels.
    scale : float
        Size after over size before.
    likeness : float
        Normalised cross-correlation of the two places, -1..1.
    """

    center: tuple[float, float]
    shift: tuple[float, float] = (0.0, 0.0)
    scale: float = 1.0
    likeness: float = 1.0

    def carried(self, values: Floats, order: int = 1) -> Floats:
        """Return a plane of shape (H, W[, channels]) as it is after the move."""
        if self.shift == (0.0, 0.0) and self.scale == 1.0:
            return values
        if values.ndim == 3:
            return np.stack([self.carried(values[..., c], order) for c in range(values.shape[2])], axis=2)
        center = np.array(self.center)
        offset = center - (center + self.shift) / self.scale
        return np.asarray(
            ndi.affine_transform(values, np.eye(2) / self.scale, offset=offset, order=order, mode="nearest")
        )

    def within(self, corner: tuple[int, int]) -> Move:
        """Return the same move in coordinates that begin at a corner."""
        center = (self.center[0] - corner[0], self.center[1] - corner[1])
        return Move(center, self.shift, self.scale, self.likeness)


def find_move(before: Floats, after: Floats, mask: Mask) -> Move:
    """Return where the object of a mask went.

    Parameters
    ----------
    before, after : ndarray of float32, shape (H, W, channels)
        Two planes.
    mask : Mask
        The object on the first.
    """
    x0, y0, x1, y1 = mask.box
    longest = max(y1 - y0, x1 - x0)
    zoom = min(CELLS / longest, FINEST)
    margin, reach = MARGIN * longest + 1, min(REACH[0] * longest, REACH[1])
    center = ((y0 + y1 - 1) / 2, (x0 + x1 - 1) / 2)
    half = ((y1 - y0) / 2 + margin, (x1 - x0) / 2 + margin)
    wide = (half[0] + reach, half[1] + reach)
    scene = _sampled(after, center, wide, zoom)
    weights = np.where(mask.to_plane(before.shape[:2]), 1, SURROUND).astype(np.float32)[..., None]
    best, still = Move(center, likeness=-1.0), -1.0
    value = -np.inf
    for scale in SCALES:
        template = _sampled(before, center, half, zoom, scale)
        if any(t > s for t, s in zip(template.shape, scene.shape, strict=True)):
            continue
        likeness = _correlation(scene, template, _sampled(weights, center, half, zoom, scale)[..., 0])
        middle = ((likeness.shape[0] - 1) / 2, (likeness.shape[1] - 1) / 2)
        rows, cols = (np.arange(n) - m for n, m in zip(likeness.shape, middle, strict=True))
        far = (rows[:, None] ** 2 + cols[None, :] ** 2) / (zoom * (reach + 1)) ** 2
        worth = likeness - FAR * far - RESIZED * abs(np.log(scale))
        row, col = np.unravel_index(int(worth.argmax()), worth.shape)
        if scale == 1.0:
            still = float(likeness[round(middle[0]), round(middle[1])])
        if worth[row, col] > value:
            value = float(worth[row, col])
            shift = (float(rows[row]) / zoom, float(cols[col]) / zoom)
            best = Move(center, shift, scale, float(likeness[row, col]))
    return Move(center, likeness=still) if value < still + STILL else best


def _sampled(
    plane: Floats, center: tuple[float, float], half: tuple[float, float], zoom: float, scale: float = 1.0
) -> Floats:
    """Return a rectangle around a centre on a grid of ``zoom`` cells per pixel, enlarged by ``scale``."""
    steps = [np.arange(-round(h * zoom * scale), round(h * zoom * scale) + 1) / (zoom * scale) for h in half]
    places = np.meshgrid(steps[0] + center[0], steps[1] + center[1], indexing="ij")
    # where cells are larger than pixels, each takes the mean of its pixels
    blur = max(0.0, 0.5 / (zoom * scale) - 0.25)
    rows = slice(*_span(places[0], plane.shape[0], blur))
    cols = slice(*_span(places[1], plane.shape[1], blur))
    part = plane[rows, cols]
    if blur:
        part = ndi.gaussian_filter(part, (blur, blur, 0))
    at = [places[0] - rows.start, places[1] - cols.start]
    channels = [ndi.map_coordinates(part[..., c], at, order=1, mode="nearest") for c in range(part.shape[2])]
    return np.stack(channels, axis=2)


def _span(places: NDArray[np.float64], size: int, blur: float) -> tuple[int, int]:
    margin = 2 + int(4 * blur)
    low, high = int(places.min()) - margin, int(places.max()) + margin + 1
    return min(max(0, low), size - 1), max(1, min(size, high))


def _correlation(scene: Floats, template: Floats, weights: Floats) -> Floats:
    """Return the weighted normalised cross-correlation of all channels at every place, (rows, cols).

    Channels count by their variance: one that holds noise alone says little.
    """
    from scipy.signal import fftconvolve

    def slid(values: Floats, over: Floats) -> Floats:
        return np.asarray(fftconvolve(values, over[::-1, ::-1], mode="valid"), np.float32)

    total = weights.sum()
    means = (template * weights[..., None]).sum((0, 1)) / total
    centered = template - means
    own = float((weights[..., None] * centered**2).sum())
    if not own:
        return np.zeros(np.subtract(scene.shape[:2], template.shape[:2]) + 1, np.float32)
    shared, spread = np.zeros((), np.float32), np.zeros((), np.float32)
    for channel in range(scene.shape[2]):
        values = scene[..., channel] - means[channel]
        shared = shared + slid(values, weights * centered[..., channel])
        spread = spread + slid(values**2, weights) - slid(values, weights) ** 2 / total
    return np.asarray(shared / np.sqrt(np.maximum(spread, LEAST_SPREAD * own) * own), np.float32)
