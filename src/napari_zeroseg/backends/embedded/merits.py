"""How much a contour looks like the outline of the one object that was meant."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from napari_zeroseg.backends.embedded.contours import Contours, Limits, rims

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from napari_zeroseg.backends.embedded.depths import DepthMap

    Floats = NDArray[np.float64]

WEAKEST_SIDE = 4.0
SLACK = 1.03
"""Factor by which a contour may pass a limit before it breaks it."""
GRAZING = 1.1
"""Factor within which it grazes one."""
NEAR = 0.3
"""Limits nearer to the centre than this, in units of a frame, cannot be grazed."""
SAME = 0.8
FORBIDDEN = 100.0
SIDE = 3
CHORD = 2
DENTS = 3.0
TURN = 2 * np.pi
EVEN = 24
"""Angles at which outlines are compared."""


def merits(contours: Contours, limits: Limits, each: int | None = None) -> Floats:
    """Return log merits, shape (S,): separation × contrast × support / size, and its weakest side.

    The smallest outline that parts well on all sides wins, as a bigger one must part that much
    better. What breaks a limit is out; what only just keeps it is doubted.

    Parameters
    ----------
    contours : Contours
    limits : Limits
        Those that the contours were found in.
    each : int, optional
        So many contours in a row are of one object; all by default.
    """
    sizes = contours.frames.sizes * np.sqrt((contours.radii**2).mean(1))
    sides = np.mean([np.roll(contours.steps, j, 1) for j in range(-SIDE, SIDE + 1)], axis=0)
    return np.asarray(
        np.log(contours.separation + 1e-3)
        + np.log(contours.contrast + 1e-4)
        + np.log(_support(contours, each or len(contours.frames)))
        - np.log(sizes)
        + WEAKEST_SIDE * sides.min(1)
        - FORBIDDEN * _broken(contours, limits)
        - _grazed(contours, limits)
        - DENTS * _dented(contours)
    )


def _dented(contours: Contours) -> Floats:
    """Sum of the turns to the outside along the outline, in radians: 0 for convex contours."""
    rim = rims(contours)
    rim = (np.roll(rim, 1, 1) + rim + np.roll(rim, -1, 1)) / 3
    edge = np.roll(rim, -CHORD, 1) - rim
    after = np.roll(edge, -CHORD, 1)
    cross = edge[..., 0] * after[..., 1] - edge[..., 1] * after[..., 0]
    turns = np.arctan2(cross, (edge * after).sum(2))
    return np.asarray(np.clip(turns, 0, None).sum(1) / CHORD)


def _broken(contours: Contours, limits: Limits) -> Floats:
    radii = contours.radii
    return np.asarray(((radii < limits.least / SLACK) | (radii > limits.most * SLACK)).mean(1))


def _grazed(contours: Contours, limits: Limits) -> Floats:
    low = (contours.radii < limits.least * GRAZING) & (limits.least > NEAR)
    return np.asarray((low | (contours.radii > limits.most / GRAZING)).any(1), float)


def _support(contours: Contours, each: int) -> Floats:
    """Return the number of frames of the same object that led to about the same outline."""
    centers = contours.frames.centers.reshape(-1, each, 2)
    rim = rims(contours) + (centers - centers[:, :1]).reshape(-1, 1, 2)
    areas = (_radii_around(rim) ** 2).reshape(-1, each, EVEN)
    shared = np.minimum(areas[:, :, None], areas[:, None]).sum(3)
    alike = shared > SAME * np.maximum(areas[:, :, None], areas[:, None]).sum(3)
    return np.asarray(alike.sum(2).ravel(), float)


def _radii_around(rim: Floats) -> Floats:
    """Return the distances of outlines (S, A, 2) from the origin at even angles, shape (S, EVEN)."""
    around = np.arctan2(rim[..., 0], rim[..., 1]) % TURN
    order = np.argsort(around, axis=1)
    angles = np.take_along_axis(around, order, 1)
    radii = np.take_along_axis(np.hypot(rim[..., 0], rim[..., 1]), order, 1)
    angles = np.concatenate([angles[:, -1:] - TURN, angles, angles[:, :1] + TURN], axis=1)
    radii = np.concatenate([radii[:, -1:], radii, radii[:, :1]], axis=1)
    # one after the other on one axis, far enough apart, all are interpolated together
    apart = 4 * TURN * np.arange(len(rim))[:, None]
    even = np.arange(EVEN) * TURN / EVEN
    return np.asarray(np.interp((even + apart).ravel(), (angles + apart).ravel(), radii.ravel())).reshape(
        -1, EVEN
    )


def agreement(mask: DepthMap, earlier: DepthMap, trust: NDArray[np.float32]) -> float:
    """Intersection over union with an earlier mask, weighted by trust in it."""
    # read the new mask on the grid of the earlier one, and count what lies beyond that grid
    rows, cols = earlier.places()
    new = mask.at(*np.broadcast_arrays(rows, cols)) > 0
    old = earlier.values > 0
    unit = earlier.step**2
    outside = max(mask.area - float(np.count_nonzero(new)) * unit, 0)
    union = float((trust * (new | old)).sum()) * unit + outside
    return float((trust * (new & old)).sum()) * unit / max(union, 1e-6)


def box_fit(contours: Contours, boxes: Floats) -> Floats:
    """Intersection over union of the bounds of contours with boxes (x0, y0, x1, y1), both of shape (S,)."""
    rim = rims(contours) + contours.frames.centers[:, None] + 0.5
    low, high = rim.min(1), rim.max(1)
    corner, opposite = boxes[:, [1, 0]], boxes[:, [3, 2]]
    shared = np.prod(np.clip(np.minimum(high, opposite) - np.maximum(low, corner), 0, None), axis=1)
    union = np.prod(high - low, axis=1) + np.prod(opposite - corner, axis=1) - shared
    return np.asarray(shared / np.maximum(union, 1e-6))
