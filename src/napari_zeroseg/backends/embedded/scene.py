"""The regions of one image, and which of them explain it best under given words."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING

import numpy as np

from napari_zeroseg.backends.embedded import stains
from napari_zeroseg.backends.embedded.per_image import per_image
from napari_zeroseg.backends.embedded.regions import colors_of, regions_of
from napari_zeroseg.backends.embedded.selection import best_disjoint, nesting
from napari_zeroseg.backends.embedded.survey import OWN, Survey, holding_for
from napari_zeroseg.backends.embedded.words import BRIGHT, DARK, RegionTable, ramp, words_in

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from napari_zeroseg.backends.embedded.measure import Colors
    from napari_zeroseg.backends.embedded.regions import Region
    from napari_zeroseg.core.image import Plane

    Floats = NDArray[np.float64]

SOLID = (0.5, 0.9)
"""Compactness at which a region begins to say what is strong in an image, and fully does."""
STRONG = 0.9
"""Quantile of steps and contrasts, weighted by area, from which they are strong ones."""
COMPACT = (0.5, 0.95)
"""Compactness at which a region begins to look like one object, and fully does."""
VISIBLE = (0.02, 0.2)
"""Contrast, as parts of the image's strong ones, at which a region begins to be seen, and is plain."""
CUT_OFF = (0.8, 0.55)
"""Part of an outline that lies on the image's border, at which a region is no object, and may be one."""


@dataclass(frozen=True, slots=True)
class SelectionSettings:
    """What is weighed in choosing regions, the same for every image.

    Parameters
    ----------
    threshold : float
        Fit from which a region is worth taking.
    size_spread : float
        Standard deviation of the sizes of one class within an image, in octaves of diameter.
    contrast_floor : tuple of float
        Contrast, as parts of the class's typical one, at which a region begins to count, and
        counts fully.
    rounds : int
        How often sizes and contrasts that are typical are told from what was chosen.
    """

    threshold: float = 0.15
    size_spread: float = 1.0
    contrast_floor: tuple[float, float] = (0.1, 0.4)
    rounds: int = 2


SETTINGS = SelectionSettings()


@dataclass(frozen=True, slots=True, eq=False)
class Scene:
    """The regions of one image with what all classes share."""

    regions: tuple[Region, ...]
    table: RegionTable
    parent: NDArray[np.intp]
    objectness: Floats
    ground: float
    colors: Colors

    @property
    def lab(self) -> NDArray[np.float32]:
        """CIELAB, shape (H, W, 3)."""
        return self.colors.lab

    @property
    def shape(self) -> tuple[int, int]:
        """Height and width."""
        return (self.lab.shape[0], self.lab.shape[1])

    def room(self, color: str) -> float:
        """Return how much of the image's range lies on the side of its ground that a colour names.

        Objects on a dark ground are bright, those on a bright ground dark, as a rule.
        """
        return room(color, self.ground)

    @property
    def explained(self) -> Floats:
        """How much of the image's variation each region stands for."""
        return np.sqrt(self.table.area_fraction) * self.table.color_contrast**2

    @classmethod
    def of(cls, image: Plane, survey: Survey = OWN) -> Scene:
        """Return what an image shows; the last few images are remembered."""
        return _scene_of(image, survey)

    @classmethod
    def seen(cls, image: Plane, survey: Survey = OWN) -> Scene:
        """Look at an image anew."""
        regions, colors = regions_of(image, survey), colors_of(image, survey)
        survey = holding_for(image, survey)
        table = RegionTable.of(regions, survey)
        parent = nesting([r.mask for r in regions], (image.shape[0], image.shape[1]))
        ground = survey.usual("ground", lambda: ground_of(image))
        return cls(regions, table, parent, objectness(table), ground, colors)


_scene_of = per_image(Scene.seen)


def room(color: str, ground: float) -> float:
    """Return how much of a range lies on the side of the ground that a colour names, both 0..1."""
    words = words_in(color)
    if any(w in BRIGHT for w in words):
        return 1 - ground
    return ground if any(w in DARK for w in words) else 0.5


def ground_of(image: Plane) -> float:
    """Return where the commonest grey lies in the range of an image, 0..1."""
    low, ground, high = np.percentile(image.mean(axis=2), stains.RANGE)
    return min(float((ground - low) / max(high - low, 1e-6)), 1.0)


def objectness(table: RegionTable) -> Floats:
    """Grade how much a region looks like one thing: compact, with a crisp outline."""
    contrast, solid = table.color_contrast, table.area_fraction * ramp(table.compactness, *SOLID)
    edges, contrasts = table.survey.usual(
        "strong", lambda: tuple(weighted_quantile(v, solid, STRONG) for v in (table.edge, contrast))
    )
    crisp = np.clip(table.edge / edges, 0, 1)
    strong = ramp(contrast / contrasts, *VISIBLE)
    own = ramp(table.border, *CUT_OFF)
    return table.worth * own * strong * np.sqrt(crisp) * ramp(table.compactness, *COMPACT)


def choose(
    scene: Scene, fit: Floats, settings: SelectionSettings = SETTINGS, survey: Survey = OWN
) -> list[tuple[int, float]]:
    """Return (index, score) of the regions that explain the image best, none on top of another.

    What is typical of those chosen, size and contrast, then weighs in a new choice: objects of
    one class look alike.

    Parameters
    ----------
    scene : Scene
        The regions.
    fit : ndarray of float, shape (N,)
        How well each region fits the words, times its objectness; 0..1.
    settings : SelectionSettings
        Thresholds.
    survey : Survey
        What is typical of the class.
    """
    usable = np.flatnonzero(fit > settings.threshold / 3)
    if not usable.size:
        return []
    masks = [scene.regions[i].mask for i in usable]
    size = np.sqrt([m.area for m in masks])
    parent = _among(usable, scene.parent)
    score, chosen = fit, usable
    for turn in range(settings.rounds + 1):
        value = np.maximum(score[usable] - settings.threshold, 0) * size
        chosen = usable[best_disjoint(masks, value, scene.shape, parent)]
        if not chosen.size:
            return []
        typical = survey.usual(f"typical {turn}", partial(_typical, scene.table, chosen, fit[chosen]))
        score = fit * _alike(scene.table, *typical, settings)
    return [(int(i), float(np.sqrt(score[i]))) for i in chosen if score[i] > settings.threshold]


def _typical(table: RegionTable, chosen: NDArray[np.intp], weight: Floats) -> tuple[float, float]:
    """Return the middle of the sizes, as log2 of diameters, and of the contrasts of those chosen."""
    weight = weight * table.diameter[chosen]
    return (
        weighted_quantile(np.log2(table.diameter[chosen]), weight),
        weighted_quantile(table.color_contrast[chosen], weight),
    )


def _alike(table: RegionTable, size: float, contrast: float, settings: SelectionSettings) -> Floats:
    """Grade how alike each region is to what is typical."""
    low, high = settings.contrast_floor
    like = np.exp(-0.5 * ((np.log2(table.diameter) - size) / settings.size_spread) ** 2)
    return like * ramp(table.color_contrast, low * contrast, high * contrast)


def _among(usable: NDArray[np.intp], parent: NDArray[np.intp]) -> NDArray[np.intp]:
    """Return the nearest usable ancestor of each usable region, as a position in ``usable``."""
    position = {int(i): p for p, i in enumerate(usable)}
    found = np.full(len(usable), -1, np.intp)
    for p, i in enumerate(usable):
        above = int(parent[i])
        while above >= 0 and above not in position:
            above = int(parent[above])
        found[p] = position.get(above, -1)
    return found


def weighted_quantile(values: Floats, weights: Floats, part: float = 0.5) -> float:
    """Return the value below which a part of the weight lies; 1 where there is no value."""
    if not len(values):
        return 1.0
    order = np.argsort(values)
    total = np.cumsum(weights[order])
    place = min(int(np.searchsorted(total, part * total[-1])), len(order) - 1)
    return max(float(values[order][place]), 1e-6)
