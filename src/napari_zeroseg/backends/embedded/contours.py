"""The best closed contours around a centre, by dynamic programming over angle and radius."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from napari_zeroseg.backends.embedded.depths import DepthMap, step_for

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray

    from napari_zeroseg.backends.embedded.pyramid import Pyramid

    Floats = NDArray[np.float32]
    Belief = Callable[[Floats, Floats], Floats]

ANGLES = 48
RADII = 36
REACH = (0.4, 2.2)
"""Smallest and largest radius looked at, in units of a frame's own."""
DETAIL = 10.0
"""A frame is read at a resolution of its short radius over this."""
TURN = 3
STIFFNESS = 0.01
BAND = 1.35
ROUNDS = 2
FORBIDDEN = np.float32(-8)
BEYOND_RIM = np.float32(0.3)
"""Strength of an edge outside the image: an object may be cut off there, but need not."""
OVERLAP = ANGLES // 4
INNER = 0.8
"""Part of a contour's radius within which the inside is measured."""
SHRINKAGE = 0.1
"""Part of the mean variance that is added to every covariance."""
LEAST_SEEN = 0.25
"""A contour that shows its outside on less of its way hardly parts anything."""

FACTORS = np.geomspace(*REACH, RADII)
STEP = float(FACTORS[1] / FACTORS[0])
BOUNDS = FACTORS[0] * STEP ** (np.arange(RADII + 1) - 0.5)
DIRECTIONS = np.stack([f(np.arange(ANGLES) * 2 * np.pi / ANGLES) for f in (np.sin, np.cos)], 1)
MOVE_COST = (STIFFNESS * np.arange(-TURN, TURN + 1) ** 2).astype(np.float32)
BAND_WIDTH = max(1, round(np.log(BAND) / np.log(STEP)))


@dataclass(frozen=True, slots=True, eq=False)
class Frames:
    """Ellipses, each a coordinate frame in which a contour is looked for.

    Parameters
    ----------
    centers : ndarray of float, shape (S, 2)
        Rows and columns in the image.
    axes : ndarray of float, shape (S, 2, 2)
        Takes (sine, cosine) of a frame's angle to rows and columns, in pixels.
    """

    centers: NDArray[np.float64]
    axes: NDArray[np.float64]

    @property
    def sizes(self) -> NDArray[np.float64]:
        """Radii of the circles of the same area, in pixels, shape (S,)."""
        return np.asarray(np.sqrt(np.abs(np.linalg.det(self.axes))))

    def __len__(self) -> int:
        return len(self.axes)

    def local(self, row: float, col: float) -> NDArray[np.float64]:
        """Return a place of the image in each frame's own coordinates, shape (S, 2)."""
        return np.asarray(np.einsum("sij,sj->si", np.linalg.inv(self.axes), (row, col) - self.centers))

    def joined(self, other: Frames) -> Frames:
        return Frames(np.concatenate([self.centers, other.centers]), np.concatenate([self.axes, other.axes]))


def elliptic_axes(size: float, aspect: float, angle: float) -> NDArray[np.float64]:
    """Return the axes of an ellipse: ``size`` is the geometric mean of its radii."""
    turn = np.array([[np.cos(angle), np.sin(angle)], [-np.sin(angle), np.cos(angle)]])
    return np.asarray(turn @ np.diag([size / np.sqrt(aspect), size * np.sqrt(aspect)]) @ turn.T)


@dataclass(frozen=True, slots=True, eq=False)
class Contours:
    """One contour per frame, with what the image says of it; arrays start with axis S.

    Parameters
    ----------
    frames : Frames
    radii : ndarray of float, shape (S, ANGLES)
        In units of the frame's axes.
    steps : ndarray of float, shape (S, ANGLES)
        Strength of the edge at the contour: 1 is the whole difference between the object and
        what is around it.
    separation : ndarray of float, shape (S,)
        Fisher's criterion between the object and a band around it.
    contrast : ndarray of float, shape (S,)
        Distance of their mean features.
    """

    frames: Frames
    radii: NDArray[np.float64]
    steps: Floats
    separation: Floats
    contrast: Floats

    def rows(self, which: slice) -> Contours:
        """Return some of the contours."""
        frames = Frames(self.frames.centers[which], self.frames.axes[which])
        return Contours(
            frames, self.radii[which], self.steps[which], self.separation[which], self.contrast[which]
        )


@dataclass(frozen=True, slots=True, eq=False)
class Limits:
    """Where contours must run, per frame and angle, in units of the frame's axes; shape (S, ANGLES)."""

    least: NDArray[np.float64]
    most: NDArray[np.float64]


def find_contours(
    pyramid: Pyramid, frames: Frames, limits: Limits | None = None, belief: Belief | None = None
) -> Contours:
    """Find in each frame the closed contour that best parts a region from its surroundings.

    The contour maximises the sum of edge strength across it and of evidence inside it, the
    latter read along the direction in feature space that best tells inside from outside
    (Fisher's discriminant), which is estimated anew from each contour found.

    Parameters
    ----------
    pyramid : Pyramid
    frames : Frames
        Start sizes and shapes; a contour keeps within ``REACH`` of them.
    limits : Limits, optional
        Hard bounds on the radii.
    belief : callable, optional
        Gets rows and columns, says how strongly they are believed to be inside (above 0) or
        outside (below 0), in units of evidence.
    """
    rows, cols = _places(frames)
    samples, seen = _samples(pyramid, frames, rows, cols)
    believed = np.float32(0) if belief is None else belief(rows, cols)
    area = np.where(seen, FACTORS**2, 0).astype(np.float32)
    inner = area * (FACTORS < INNER)
    outer = area * ((FACTORS > 1.25) & (FACTORS < 1.25 * BAND))
    allowed = _allowed(frames, limits)
    index = np.arange(RADII)
    for _ in range(ROUNDS):
        evidence, separation, contrast = _discriminated(samples, inner, outer, pyramid.noise)
        edges = _edges(evidence, seen)
        path = _best_paths(edges + _content(evidence, believed, area) + allowed)
        inner = area * (index < path[..., None])
        outer = area * ((index >= path[..., None]) & (index < path[..., None] + BAND_WIDTH))
    evidence, separation, contrast = _discriminated(samples, inner, outer, pyramid.noise)
    edges = _edges(evidence, seen)
    separation = separation * np.clip(_share_seen(path, seen) / LEAST_SEEN, 0, 1)
    steps = np.take_along_axis(edges, path[..., None], 2)[..., 0]
    return Contours(frames, BOUNDS[path], steps, separation, contrast)


def _share_seen(path: NDArray[np.intp], seen: NDArray[np.bool_]) -> Floats:
    """Part of the angles at which the image shows what is just outside the contour."""
    outside = np.minimum(path, RADII - 1)[..., None]
    return np.asarray(np.take_along_axis(seen, outside, 2)[..., 0].mean(1, dtype=np.float32))


def _places(frames: Frames) -> tuple[Floats, Floats]:
    """Rows and columns in the image, each of shape (S, ANGLES, RADII)."""
    rays = np.einsum("sij,aj->isa", frames.axes, DIRECTIONS)[..., None].astype(np.float32)
    centers = frames.centers.T[:, :, None, None].astype(np.float32)
    places = rays * FACTORS.astype(np.float32) + centers
    return places[0], places[1]


def _samples(
    pyramid: Pyramid, frames: Frames, rows: Floats, cols: Floats
) -> tuple[Floats, NDArray[np.bool_]]:
    """Features (S, ANGLES, RADII, channels), and whether they lie in the image."""
    short = np.linalg.svd(frames.axes, compute_uv=False)[:, -1]
    levels = pyramid.level_for(short / DETAIL)
    samples = np.empty((*rows.shape, pyramid.levels[0].shape[2]), np.float32)
    for level in np.unique(levels):
        chosen = levels == level
        samples[chosen] = pyramid.sample(rows[chosen], cols[chosen], int(level))
    height, width = pyramid.shape
    return samples, (rows > -0.5) & (rows < height - 0.5) & (cols > -0.5) & (cols < width - 0.5)


def _discriminated(
    samples: Floats, inner: Floats, outer: Floats, noise: float
) -> tuple[Floats, Floats, Floats]:
    """Project features so that the mean inside is 1 and outside 0; also separation and contrast."""
    size, _, _, channels = samples.shape
    flat = samples.reshape(size, -1, channels)
    means, covariance = [], np.zeros((size, channels, channels), np.float32)
    for weight in (inner.reshape(size, 1, -1), outer.reshape(size, 1, -1)):
        weight = weight / np.maximum(weight.sum(2, keepdims=True), 1e-6)
        mean = weight @ flat
        means.append(mean[:, 0])
        centred = flat - mean
        covariance += (centred * weight.swapaxes(1, 2)).swapaxes(1, 2) @ centred / 2
    spread = np.trace(covariance, axis1=1, axis2=2) / channels
    # a floor under the covariance: a tenth of the spread, and noise where there is no spread
    covariance += (SHRINKAGE * spread + noise**2 + 1e-6)[:, None, None] * np.eye(channels, dtype=np.float32)
    delta = means[0] - means[1]
    weights = np.linalg.solve(covariance, delta[..., None])
    separation = (weights[..., 0] * delta).sum(1)
    evidence = ((flat - means[1][:, None]) @ weights)[..., 0] / np.maximum(separation, 1e-6)[:, None]
    return evidence.reshape(samples.shape[:3]), separation, np.linalg.norm(delta, axis=1)


def _edges(evidence: Floats, seen: NDArray[np.bool_]) -> Floats:
    """Mean of the two samples just inside less that just outside, shape (S, ANGLES, RADII + 1)."""
    edges = np.full((*evidence.shape[:2], RADII + 1), FORBIDDEN, np.float32)
    near = evidence[..., :-1] - evidence[..., 1:]
    edges[..., 1:-1] = near
    edges[..., 2:-2] = (near[..., 1:-1] + evidence[..., :-3] - evidence[..., 3:]) / 2
    np.clip(edges[..., 1:-1], -1, 1, out=edges[..., 1:-1])
    edges[..., 1:][~seen] = BEYOND_RIM
    return edges


def _content(evidence: Floats, believed: Floats | np.float32, area: Floats) -> Floats:
    """Evidence within each radius, for being inside rather than outside."""
    gain = (np.clip(evidence - 0.5, -0.5, 0.5) + believed) * area * np.float32(np.log(STEP))
    return np.concatenate([np.zeros_like(gain[..., :1]), np.cumsum(gain, 2)], 2)


def _allowed(frames: Frames, limits: Limits | None) -> Floats:
    if limits is None:
        return np.zeros((len(frames), 1, 1), np.float32)
    outside = (limits.least[..., None] > BOUNDS) | (limits.most[..., None] < BOUNDS)
    return np.where(outside, FORBIDDEN, np.float32(0))


def _best_paths(gain: Floats) -> NDArray[np.intp]:
    """Return the index of the best radius at each angle, shape (S, ANGLES).

    Half as far again as once around, so that the middle of the path closes on itself.
    """
    count, angles, radii = gain.shape
    turns = angles + 2 * OVERLAP
    totals = np.full((turns + 1, count, radii + 2 * TURN), -np.inf, np.float32)
    totals[0, :, TURN:-TURN] = 0
    for turn in range(turns):
        before, best = totals[turn], totals[turn + 1, :, TURN:-TURN]
        best[:] = before[:, TURN:-TURN]
        for move in range(1, TURN + 1):
            down, up = before[:, TURN - move : -TURN - move], before[:, TURN + move : radii + TURN + move]
            np.maximum(best, np.maximum(down, up) - MOVE_COST[TURN + move], out=best)
        best += gain[:, turn % angles]
    return _traced(totals)


def _traced(totals: Floats) -> NDArray[np.intp]:
    """Follow the best path back, from the angle where it ends."""
    turns, count = len(totals) - 1, totals.shape[1]
    frame, moves = np.arange(count)[:, None], np.arange(2 * TURN + 1)
    path = np.empty((turns, count), np.intp)
    here = totals[-1, :, TURN:-TURN].argmax(1)
    for turn in range(turns - 1, -1, -1):
        path[turn] = here
        here = here + (totals[turn][frame, here[:, None] + moves] - MOVE_COST).argmax(1) - TURN
    return np.roll(path[OVERLAP:-OVERLAP], OVERLAP, axis=0).T


def rims(contours: Contours) -> NDArray[np.float64]:
    """Return the outlines as rows and columns relative to the centres, shape (S, ANGLES, 2)."""
    return np.asarray(np.einsum("sij,aj,sa->sai", contours.frames.axes, DIRECTIONS, contours.radii))


def drawn(contours: Contours, which: int) -> DepthMap:
    """Return the depth under one contour, on a window just around it."""
    frames, radii = contours.frames, contours.radii[which]
    rim = frames.centers[which] + rims(contours)[which]
    low, high = np.floor(rim.min(0)).astype(int) - 2, np.ceil(rim.max(0)).astype(int) + 3
    step = step_for(int((high - low).max()))
    count = (high - low) // step + 1
    grid = low[:, None, None] + step * np.indices(count)
    local = np.einsum(
        "ij,jyx->iyx", np.linalg.inv(frames.axes[which]), grid - frames.centers[which][:, None, None]
    )
    angle = np.mod(np.arctan2(local[0], local[1]) * (ANGLES / (2 * np.pi)), ANGLES)
    bound = np.interp(angle, np.arange(ANGLES + 1), np.append(radii, radii[0]))
    depth = (bound - np.hypot(*local)) * frames.sizes[which]
    return DepthMap((int(low[0]), int(low[1])), step, depth.astype(np.float32))
