"""Points that stand for more: for the logits of a first pass, or for a stroke."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from napari_zeroseg.core.prompt import Point

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from napari_zeroseg.core.mask import Box, Logits

MAX_CANDIDATES = 4096
"""Farthest-point sampling looks at no more pixels than this."""


MAX_OF_STROKE = 6
"""Points that stand for one stroke."""
GAP = 3.0
"""Points of a stroke are at least so many pixels apart."""


def points_along(path: Sequence[tuple[float, float]], *, positive: bool = True) -> tuple[Point, ...]:
    """Return well-spread points of a stroke, its middle first.

    Parameters
    ----------
    path : sequence of (float, float)
        x and y in pixels of the places that the stroke went through.
    positive : bool
        The sign of all points.

    Returns
    -------
    tuple of Point
        At most :data:`MAX_OF_STROKE`, none nearer to another than :data:`GAP`; one at least,
        unless the path is empty. Each but the first is the farthest from all before it.
    """
    if not path:
        return ()
    places = _resampled(np.asarray(path, float))
    chosen = [len(places) // 2]
    nearest = np.full(len(places), np.inf)
    while len(chosen) < MAX_OF_STROKE:
        nearest = np.minimum(nearest, np.hypot(*(places - places[chosen[-1]]).T))
        if nearest.max() < GAP:
            break
        chosen.append(int(nearest.argmax()))
    return tuple(Point(float(x), float(y), positive) for x, y in places[chosen])


def _resampled(path: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return places along a path at even distances of about a pixel."""
    steps = np.hypot(*np.diff(path, axis=0).T)
    along = np.concatenate([[0.0], np.cumsum(steps)])
    count = min(int(along[-1]) + 1, MAX_CANDIDATES)
    wanted = np.linspace(0, along[-1], count)
    return np.stack([np.interp(wanted, along, path[:, axis]) for axis in (0, 1)], axis=1)


def choose_points(logits: Logits, box: Box, count: int, *, spread: bool = True) -> tuple[Point, ...]:
    """Return up to ``count`` positive points inside a box, the surest first.

    Parameters
    ----------
    logits : Logits
        The first answer.
    box : tuple of float
        (x0, y0, x1, y1) in pixels.
    count : int
        Number of points wanted; fewer come back when fewer pixels qualify.
    spread : bool
        Spread them over the surer half of the object (farthest-point sampling from its surest
        pixel). Otherwise take the highest values as they come, as the published method does;
        those bunch together.

    Returns
    -------
    tuple of Point
        Without any when no pixel inside the box is object.
    """
    rows, cols, values = _object_pixels(logits, box)
    order = np.argsort(-values, kind="stable")
    if spread:
        order = order[: max(count, (len(order) + 1) // 2)]
        order = order[_farthest(rows[order], cols[order], count)]
    return tuple(Point(float(cols[i]), float(rows[i])) for i in order[:count])


def _object_pixels(
    logits: Logits, box: Box
) -> tuple[NDArray[np.intp], NDArray[np.intp], NDArray[np.float32]]:
    """Rows, columns and values of the pixels above 0 in the box."""
    rows, cols = np.nonzero(logits.values > 0)
    values = logits.values[rows, cols]
    rows, cols = rows + logits.origin[0], cols + logits.origin[1]
    x0, y0, x1, y1 = box
    inside = (cols >= x0) & (cols < x1) & (rows >= y0) & (rows < y1)
    return rows[inside], cols[inside], values[inside]


def _farthest(rows: NDArray[np.intp], cols: NDArray[np.intp], count: int) -> NDArray[np.intp]:
    """Return indices, from the first on each the farthest from all before it."""
    candidates = np.arange(len(rows))
    if len(rows) > MAX_CANDIDATES:
        candidates = np.linspace(0, len(rows) - 1, MAX_CANDIDATES).astype(np.intp)
    y, x = rows[candidates], cols[candidates]
    chosen: list[int] = []
    nearest = np.full(len(candidates), np.inf)
    for _ in range(min(count, len(candidates))):
        index = int(nearest.argmax()) if chosen else 0
        chosen.append(index)
        nearest = np.minimum(nearest, (y - y[index]) ** 2 + (x - x[index]) ** 2)
    return candidates[chosen]
