"""Masks drawn to the edges of the image: a dense CRF in a window around each.

A pixel's own evidence is how far it lies from the outline that is there, inside or outside; the
field then moves the outline to where the colours change. What lies further away than the
outline's reach stays as it is.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from math import ceil, sqrt
from typing import TYPE_CHECKING

import numpy as np
from scipy.ndimage import distance_transform_edt

from napari_zeroseg.core.crf import CrfParameters, marginals
from napari_zeroseg.core.mask import Mask

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from napari_zeroseg.core.image import Plane

    Slices = tuple[slice, slice]

REACH_SHARE = 0.15
"""How far from the outline a mask may change, as a part of the square root of its area."""
LEAST_REACH, MOST_REACH = 3.0, 8.0
"""The same in pixels."""
MARGIN = 3.0
"""Width of the window's rim around the mask, in reaches."""
STEEPNESS = 2.0
"""Logit of a pixel inside the outline by one reach."""
CERTAIN_FROM = 2.0
"""Reaches from which on a pixel's own evidence outweighs all others."""
CERTAIN = 80.0
"""The logit of those."""
FIELD = CrfParameters(
    appearance_weight=6.0, color_sigma=0.1, smoothness_weight=1.0, smoothness_sigma=2.0, iterations=5
)
"""With the reach for appearance_sigma."""


@dataclass(frozen=True, slots=True, eq=False)
class Outline:
    """How sure each pixel around a mask is to belong to it.

    Parameters
    ----------
    origin : tuple of int
        Row and column (y0, x0) of ``sureness[0, 0]`` in the plane.
    sureness : ndarray of float32, shape (h, w)
        0..1; 0 outside the window.
    """

    origin: tuple[int, int]
    sureness: NDArray[np.float32]

    @property
    def slices(self) -> Slices:
        """Where it lies in the plane."""
        (y, x), (h, w) = self.origin, self.sureness.shape
        return slice(y, y + h), slice(x, x + w)


def window_around(mask: Mask, shape: tuple[int, int]) -> Slices:
    """Return the window of a plane of that shape which decides on a mask's outline."""
    margin = ceil(MARGIN * _reach(mask))
    rows, cols = (
        slice(max(s.start - margin, 0), min(s.stop + margin, length))
        for s, length in zip(mask.slices, shape, strict=True)
    )
    return rows, cols


def find_outline(mask: Mask, window: Slices, plane: Plane) -> Outline:
    """Return the outline that a mask has by the image's colours.

    Parameters
    ----------
    mask : Mask
        Not empty.
    window : tuple of slice
        From :func:`window_around`.
    plane : ndarray of float32, shape (h, w, 3)
        The window's pixels, RGB in 0..1.
    """
    reach = _reach(mask)
    logit = _evidence(mask.within(window), reach)
    unary = np.stack([np.logaddexp(0, logit), np.logaddexp(0, -logit)])
    found = marginals(unary, plane, replace(FIELD, appearance_sigma=reach))
    return Outline((window[0].start, window[1].start), found[1])


def _reach(mask: Mask) -> float:
    return min(max(REACH_SHARE * sqrt(mask.area), LEAST_REACH), MOST_REACH)


def _evidence(inside: NDArray[np.bool_], reach: float) -> NDArray[np.float32]:
    """Return each pixel's logit by its distance from the outline, shape (h, w)."""
    if inside.all():  # no outline in the window
        return np.full(inside.shape, CERTAIN, np.float32)
    within = distance_transform_edt(inside)
    without = distance_transform_edt(~inside)
    distance = (within - without - np.where(inside, 0.5, -0.5)) / reach
    certain = np.where(inside, CERTAIN, -CERTAIN)
    return np.where(np.abs(distance) > CERTAIN_FROM, certain, STEEPNESS * distance).astype(np.float32)


def settled(outlines: Sequence[Outline], exclusive: Callable[[int, int], bool]) -> list[Mask]:
    """Return the masks of outlines; a pixel that two may not share belongs where it is surer.

    Parameters
    ----------
    outlines : sequence of Outline
        On one plane.
    exclusive : callable
        Says of two outlines, by their places in the sequence, whether they share no pixel.
    """
    masks = [outline.sureness > 0.5 for outline in outlines]
    for a, b in _touching(outlines):
        if exclusive(a, b):
            _part(outlines[a], outlines[b], masks[a], masks[b])
    return [Mask(o.origin, mask).trimmed() for o, mask in zip(outlines, masks, strict=True)]


def _touching(outlines: Sequence[Outline]) -> Iterator[tuple[int, int]]:
    """Yield the pairs whose windows overlap."""
    bounds = np.array([(r.start, c.start, r.stop, c.stop) for r, c in (o.slices for o in outlines)])
    for a in range(len(outlines) - 1):
        later = bounds[a + 1 :]
        meets = (later[:, :2] < bounds[a, 2:]).all(axis=1) & (bounds[a, :2] < later[:, 2:]).all(axis=1)
        yield from ((a, a + 1 + int(b)) for b in np.flatnonzero(meets))


def _part(a: Outline, b: Outline, mask_a: NDArray[np.bool_], mask_b: NDArray[np.bool_]) -> None:
    """Take what two outlines both want from the one that is less sure of it."""
    rows, cols = (
        slice(max(s.start, t.start), min(s.stop, t.stop)) for s, t in zip(a.slices, b.slices, strict=True)
    )
    in_a, in_b = (
        (slice(rows.start - y, rows.stop - y), slice(cols.start - x, cols.stop - x))
        for y, x in (a.origin, b.origin)
    )
    of_a = a.sureness[in_a] >= b.sureness[in_b]
    mask_a[in_a] &= of_a | ~mask_b[in_b]
    mask_b[in_b] &= ~(of_a & mask_a[in_a])
