"""Naming by looks: how well what was measured of a part of an image fits the words for each class."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np
from scipy import ndimage as ndi

from napari_zeroseg.backends.embedded import stains
from napari_zeroseg.backends.embedded.detector import center_of
from napari_zeroseg.backends.embedded.measure import Colors, measure
from napari_zeroseg.backends.embedded.scene import ground_of, room
from napari_zeroseg.backends.embedded.survey import OWN
from napari_zeroseg.backends.embedded.words import (
    RegionTable,
    color_fit,
    names_hue,
    ramp,
    shape_fit,
    texture_fit,
    words_in,
)
from napari_zeroseg.core.attributes import alternatives
from napari_zeroseg.core.image import shrunk

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from napari_zeroseg.core.attributes import Attributes
    from napari_zeroseg.core.image import Plane
    from napari_zeroseg.core.mask import Mask
    from napari_zeroseg.core.vocabulary import TargetClass

    Floats = NDArray[np.float64]

MAX_SIDE = 512
"""Larger images are measured shrunk to this side."""
SPECK = 0.0003
"""Pieces of a smaller part of the image say nothing of the shape of what they belong to."""
FORM_FLOOR = 0.4
"""What is left of a fit by colour where shape and texture speak against it: clusters have no outline."""
BACKGROUND = 0.65
"""How well what is of no class fits, where what fits a class best has 1."""
LEAST_FIT = 0.1
"""A class that no part of the image fits better than this is not there."""
SHARPNESS = 3.0
"""Power that turns fits into odds."""
LEAST_SHARE = 0.02
"""A class that fits a smaller part of the image is not favoured any more for being rare."""
NEAR = 0.1
"""How wide the rim is that a class around another has a part of: of the side of a square of its area."""
TOP, BOTTOM = frozenset({"top", "upper", "above"}), frozenset({"bottom", "lower", "below"})


class RegionWords:
    """Fills the role of region classifier with the words that the embedded detector knows."""

    def classify(
        self, image: Plane, masks: Sequence[Mask], classes: Sequence[TargetClass]
    ) -> NDArray[np.float32]:
        """Return how likely each part of an image shows each class.

        Colours are judged among all parts together, and against what lies around each; shape and
        texture on its pieces; "at the top" and "at the bottom" by its height in the image; "around
        the nucleus" by its nearness to the parts that are likely of that class.

        Parameters
        ----------
        image : ndarray of float32, shape (H, W, 3)
            RGB in 0..1.
        masks : sequence of Mask
            The parts.
        classes : sequence of TargetClass
            With their looks.

        Returns
        -------
        ndarray of float32, shape (len(masks), len(classes))
            Rows sum to at most 1; what is left is for the background.
        """
        if not masks or not classes:
            return np.zeros((len(masks), len(classes)), np.float32)
        small = shrunk(image, MAX_SIDE)
        planes = [_sampled(mask, image.shape[:2], small.shape[:2]) for mask in masks]
        table, heights = measured(small, planes)
        ground = ground_of(small)
        fits = np.stack([_fit(c.attributes, table, heights, ground) for c in classes], axis=1)
        for number, target in enumerate(classes):
            center = center_of(target, classes)
            if center is not None:
                fits[:, number] *= _nearness(planes, _relative(fits)[:, classes.index(center)])
        areas = np.array([np.count_nonzero(plane) for plane in planes]) + 1.0
        return _likelihoods(_relative(fits), areas)


def _sampled(mask: Mask, shape: tuple[int, ...], size: tuple[int, ...]) -> NDArray[np.bool_]:
    plane = mask.to_plane((shape[0], shape[1]))
    if shape == size:
        return plane
    rows, cols = (np.arange(new) * old // new for new, old in zip(size, shape, strict=True))
    return plane[np.ix_(rows, cols)]


def measured(image: Plane, planes: Sequence[NDArray[np.bool_]]) -> tuple[RegionTable, Floats]:
    """Return what is measured of parts of an image, and how high each lies: 0 at the top, 1 at the bottom.

    What is measured of the pieces of a part is weighted by their areas.
    """
    colors = Colors.of(stains.lab(stains.balanced(image)))
    rows = [_row(plane, colors) for plane in planes]
    columns: dict[str, Any] = {n: np.array([row[n] for row in rows]) for n in RegionTable.columns()}
    table = RegionTable(**columns)
    strong = max(float(np.abs(table.contrast).max()), 1.0)
    lightness = float(table.color[:, 0].min()), float(table.color[:, 0].max())
    survey = OWN.knowing("strong contrast", strong).knowing("lightness", lightness)
    return replace(table, survey=survey), np.array([_height(plane) for plane in planes])


def _height(plane: NDArray[np.bool_]) -> float:
    rows = np.nonzero(plane)[0]
    return float(rows.mean()) / len(plane) if rows.size else 0.5


def _row(plane: NDArray[np.bool_], colors: Colors) -> dict[str, Floats | float]:
    pieces, count = ndi.label(plane)
    if not count:
        return {n: np.zeros(3) if n in {"color", "surround"} else 0.0 for n in RegionTable.columns()}
    areas = np.bincount(pieces.ravel())[1:]
    large = areas >= min(max(SPECK * plane.size, 4), areas.max())
    kept = np.concatenate(([0], np.where(large, np.cumsum(large), 0))).astype(np.int32)
    found = measure(kept[pieces], colors)

    def mean(values: Floats) -> Floats:
        return np.asarray(np.average(values, axis=0, weights=found.area))

    return {
        "color": colors.lab[plane].mean(axis=0).astype(np.float64),
        "surround": mean(found.surround),
        "diameter": float(mean(np.sqrt(4 * found.area / np.pi))),
        "area_fraction": float(mean(found.area)) / plane.size,
        "ellipse": float(mean(found.ellipse)),
        "convexity": float(mean(found.convexity)),
        "elongation": float(mean(found.elongation)),
        "texture": float(mean(found.texture)),
        "edge": float(mean(found.edge)),
        "border": float(mean(found.border)),
        "worth": 1.0,
    }


def _fit(look: Attributes, table: RegionTable, heights: Floats, ground: float) -> Floats:
    """Return how well each part fits a look, 0..1, under its best colour."""
    form = shape_fit(look.shape, table) * texture_fit(look.texture, table)
    colors = [
        color_fit(color, table) * (1.0 if names_hue(color) else min(1.0, 2 * room(color, ground)))
        for color in alternatives(look.color) or ("",)
    ]
    place = _place_fit(f"{look.shape}, {look.texture}", heights)
    return np.asarray(np.max(colors, axis=0) * (FORM_FLOOR + (1 - FORM_FLOOR) * form) * place)


def _place_fit(text: str, heights: Floats) -> Floats:
    words = set(words_in(text))
    if words & TOP:
        return ramp(heights, 0.8, 0.3)
    return ramp(heights, 0.4, 0.7) if words & BOTTOM else np.ones(len(heights))


def _nearness(planes: Sequence[NDArray[np.bool_]], centers: Floats) -> Floats:
    """Return how much of the rim of those that are likely the centre each part makes, of the most 1."""
    is_center = centers > BACKGROUND
    middle = np.zeros(planes[0].shape, bool)
    for number in np.flatnonzero(is_center).tolist():
        middle |= planes[number]
    if not middle.any():
        return np.zeros(len(planes))
    width = max(NEAR * float(np.sqrt(np.count_nonzero(middle))), 2.0)
    rim = (ndi.distance_transform_edt(~middle) <= width) & ~middle
    shares = np.array([np.count_nonzero(p & rim) for p in planes]) * ~is_center
    return np.asarray(shares / max(int(shares.max()), 1))


def _relative(fits: Floats) -> Floats:
    """Return fits as parts of the best of each class."""
    return np.asarray(fits / np.maximum(fits.max(axis=0), LEAST_FIT))


def _likelihoods(fits: Floats, areas: Floats) -> NDArray[np.float32]:
    """Return chances from fits: a class that fits much of the image says less where it fits.

    Whether a part shows any class is told by the best of its fits; which one, by each class's fit
    beside its mean over the image (Bayes' rule for classes of equal size).
    """
    odds = fits**SHARPNESS
    best = odds.max(axis=1, keepdims=True)
    telling = odds / np.maximum(np.average(odds, axis=0, weights=areas), LEAST_SHARE)
    shares = telling / np.maximum(telling.sum(axis=1, keepdims=True), 1e-12)
    return np.asarray(shares * best / (best + BACKGROUND**SHARPNESS), np.float32)
