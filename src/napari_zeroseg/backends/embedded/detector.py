"""Detection by looks: the regions of an image that fit a class's attributes best."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import numpy as np

from napari_zeroseg.backends.embedded.completion import completed, owners
from napari_zeroseg.backends.embedded.per_image import per_image
from napari_zeroseg.backends.embedded.pyramid import Pyramid
from napari_zeroseg.backends.embedded.regions import SEARCHED
from napari_zeroseg.backends.embedded.scene import SETTINGS, Scene, choose
from napari_zeroseg.backends.embedded.survey import OWN, Survey, being_made
from napari_zeroseg.backends.embedded.words import (
    color_fit,
    names_hue,
    shape_fit,
    texture_fit,
)
from napari_zeroseg.core.attributes import Attributes, alternatives
from napari_zeroseg.core.detection import Detection
from napari_zeroseg.core.text import heads, squashed

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from numpy.typing import NDArray

    from napari_zeroseg.backends.embedded.regions import Place, Region
    from napari_zeroseg.core.image import Plane
    from napari_zeroseg.core.mask import Mask
    from napari_zeroseg.core.vocabulary import TargetClass

    Floats = NDArray[np.float64]
    Found = list[tuple[int, float]]
    Hits = Sequence[tuple[Region, float]]

SPECIFIC = 3.0
"""An alternative that names a hue counts more by this factor than one that does not."""
UNKNOWN = 0.5
"""Factor on the scores of a class of which nothing is known: whatever stands out."""
HELD = 0.8
"""Part of an object that lies within what surrounds it."""
OUTER = 0.9
"""What surrounds an object scores at most this part of the object, which keeps its pixels."""
ALONE = 0.5
"""Factor on the fit of a region without the surround that another class should be."""
RIM = (1.15, 8.0)
"""How many times larger than its object what surrounds it is, with the object."""

_RELATION = re.compile(r"\b(?:around|surrounding|enclosing)\s+(?:the\s+|a\s+|an\s+)?([\w \-]+)")


class EmbeddedDetector:
    """Finds the regions whose measurements fit the words for a class.

    Parameters
    ----------
    survey : Survey
        What is usual in the image that all images to come are parts of.
    typical : Survey
        What is usual of each class in it.
    """

    def __init__(self, survey: Survey = OWN, typical: Survey = OWN) -> None:
        self._survey = survey
        self._typical = typical

    def surveyed(self, sample: Plane, classes: Sequence[TargetClass]) -> EmbeddedDetector:
        """Return a detector for the parts of an image, of which ``sample`` shows what is usual."""
        return EmbeddedDetector(*surveyed(sample, tuple(classes)))

    def detect(self, image: Plane, classes: Sequence[TargetClass]) -> list[Detection]:
        """Return the bounds of the regions that fit, best first; none where nothing does."""
        found = self.matches(image, classes)
        return [Detection(region.mask.box, score, name, name) for region, score, name in found]

    def matches(self, image: Plane, classes: Sequence[TargetClass]) -> list[tuple[Region, float, str]]:
        """Return (region, score, class name), best first."""
        return _matches(Scene.of(image, self._survey), classes, self._typical)


@per_image
def surveyed(sample: Plane, classes: tuple[TargetClass, ...]) -> tuple[Survey, Survey]:
    """Return what is usual in an image, and of each class in it, from a sample of shape (H, W, 3)."""
    survey, typical = being_made(), being_made()
    scene = Scene.seen(sample, survey)
    Pyramid.of(sample, survey)  # notes what outlines will ask for
    if scene.regions:
        _matches(scene, classes, typical)
        # asked for now, because words may ask for it in any tile
        _ = scene.table.relative_contrast, scene.table.darkness
    return survey.closed().knowing(SEARCHED, _places(scene, classes)), typical.closed()


def _places(scene: Scene, classes: Sequence[TargetClass]) -> frozenset[Place] | None:
    """Return the channels, polarities and octaves in which anything fits; None where all may matter.

    They all may where a class lies around another, or where the sample shows nothing of a class.
    """
    if not scene.regions:
        return None
    found: set[Place] = set()
    for target in classes:
        own = {
            (r.channel, r.polarity, r.scale)
            for r, fit in zip(scene.regions, _fits(scene, target.attributes), strict=True)
            if fit > SETTINGS.threshold
        }
        if not own or center_of(target, classes) is not None:
            return None
        found |= own
    return frozenset(found)


def _fits(scene: Scene, look: Attributes) -> Floats:
    """Return how well each region fits the words for a class, 0..1, under its best colour."""
    form = shape_fit(look.shape, scene.table) * texture_fit(look.texture, scene.table)
    colors = [color_fit(color, scene.table) for color in alternatives(look.color) or ("",)]
    return np.asarray(scene.objectness * form * np.max(colors, axis=0))


def _matches(
    scene: Scene, classes: Sequence[TargetClass], typical: Survey
) -> list[tuple[Region, float, str]]:
    if not scene.regions:
        return []
    found: dict[str, Found] = {}
    around = {t.name: center for t in classes if (center := center_of(t, classes)) is not None}
    for target in (t for t in classes if t.name not in around):
        outer = [t.attributes for t in classes if around.get(t.name) is target]
        found[target.name] = find(scene, target.attributes, outer, typical.part(target.name))
    for target in (t for t in classes if t.name in around):
        found[target.name] = find_around(scene, target.attributes, found.get(around[target.name].name, []))
    hits = {name: [(scene.regions[i], score) for i, score in chosen] for name, chosen in found.items()}
    related = {*around, *(center.name for center in around.values())}
    rows = [
        (region, score, t.name)
        for t in classes
        for region, score in (hits[t.name] if t.name in related else _completed(scene, t, hits, typical))
    ]
    return sorted(rows, key=lambda row: -row[1])


def _completed(scene: Scene, target: TargetClass, hits: Mapping[str, Hits], typical: Survey) -> Hits:
    others = [hit for name in hits if name != target.name for hit in hits[name]]
    own, elsewhere = hits[target.name], owners(others, scene.shape) > 0
    return completed(scene, target.attributes, own, elsewhere, typical.part(target.name))


def find(scene: Scene, look: Attributes, around: Sequence[Attributes] = (), typical: Survey = OWN) -> Found:
    """Return (region, score) under the alternative colour that the image supports best.

    Where another class lies around this one, regions with such a surround are preferred.
    """
    form = shape_fit(look.shape, scene.table) * texture_fit(look.texture, scene.table)
    base = scene.objectness * form * (1.0 if look else UNKNOWN)
    for outer in around:
        fits = np.array([h[1] if (h := _holder(scene, outer, i)) else 0.0 for i in range(len(base))])
        plain = typical.usual("surround", lambda fits=fits: max(float(fits.max()), 1e-6))  # type: ignore[misc]
        base = base * (ALONE + (1 - ALONE) * np.clip(fits / plain, 0, 1))
    known = typical.known("color")
    colors = (alternatives(look.color) or ("",)) if known is None else (known,)
    best: Found = []
    most = 0.0
    for color in colors:
        chosen = choose(scene, base * color_fit(color, scene.table), survey=typical.part(color))
        support = sum(score * float(scene.explained[i]) for i, score in chosen)
        support *= SPECIFIC if names_hue(color) else scene.room(color)
        if support > most:
            best, most = chosen, support
            typical.note("color", color)
    return best


def find_around(scene: Scene, look: Attributes, centers: Found) -> Found:
    """Return for each object the region that holds it and whose rest fits the look best.

    Objects that share a surround, such as the lobes of one nucleus, share its region.
    """
    best: dict[int, float] = {}
    for index, score in centers:
        held_by = _holder(scene, look, index)
        if held_by is not None:
            holder = held_by[0]
            best[holder] = max(best.get(holder, 0.0), OUTER * score)
    return list(best.items())


def _holder(scene: Scene, look: Attributes, center: int) -> tuple[int, float] | None:
    """Return the region that fits best as what surrounds another, and how well it does."""
    inner = scene.regions[center].mask
    outer = [i for i, region in enumerate(scene.regions) if _surrounds(region.mask, inner)]
    if not outer:
        return None
    rest = scene.table.rows(outer).without(scene.table.color[center], scene.table.area_fraction[center])
    colors = [color_fit(color, rest) for color in alternatives(look.color) or ("",)]
    fit = scene.objectness[outer] * np.max(colors, axis=0)
    return (outer[int(fit.argmax())], float(fit.max())) if fit.max() > 0 else None


def _surrounds(outer: Mask, inner: Mask) -> bool:
    low, high = RIM
    ratio = outer.area / inner.area
    return low < ratio < high and outer.overlap(inner) > HELD * inner.area


def center_of(target: TargetClass, classes: Sequence[TargetClass]) -> TargetClass | None:
    """Return the class that a class lies around, by its name, or by the noun that ends its name."""
    relation = _RELATION.search(f"{target.attributes.shape}, {target.attributes.texture}".lower())
    if relation is None:
        return None
    wanted = squashed(relation[1])
    others = [c for c in classes if c is not target]
    return next((c for c in others if wanted in {squashed(c.name), *map(squashed, heads(c.name))}), None)
