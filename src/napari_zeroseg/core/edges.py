"""Masks drawn to the edges of the image: a dense CRF in a window around each.

A pixel's own evidence is how far it lies from the outline that is there, inside or outside; the
field then moves the outline to where the colours change. What lies further away than the
outline's reach stays as it is.
"""

from __future__ import annotations

from collections.abc import Sequence
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


def settled(outlines: Sequence[Outline]) -> list[Mask]:
    """Return the masks of outlines, which share no pixel: each belongs where it is surest."""
    if not outlines:
        return []
    top, left = (min(o.slices[axis].start for o in outlines) for axis in (0, 1))
    bottom, right = (max(o.slices[axis].stop for o in outlines) for axis in (0, 1))
    surest = np.full((bottom - top, right - left), 0.5, np.float32)
    owner = np.zeros(surest.shape, np.int32)
    for number, outline in enumerate(outlines, 1):
        here = _moved(outline.slices, top, left)
        wins = outline.sureness > surest[here]
        surest[here][wins] = outline.sureness[wins]
        owner[here][wins] = number
    return [
        Mask(outline.origin, owner[_moved(outline.slices, top, left)] == number).trimmed()
        for number, outline in enumerate(outlines, 1)
    ]


def _moved(slices: Slices, top: int, left: int) -> Slices:
    rows, cols = slices
    return slice(rows.start - top, rows.stop - top), slice(cols.start - left, cols.stop - left)
