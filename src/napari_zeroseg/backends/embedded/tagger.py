"""What an image shows, in plain words from measurements: tags with scores and one caption.

Tags name a look and a kind of thing, never a class:

- objects: colour or tone, shape, "blobs": "dark purple round blobs", "bright elongated blobs",
  with a size word, "small", "large", where it holds;
- areas: "pale pink area", "dark background";
- arrangement: "scattered blobs", "crowded blobs", "single blob";
- texture: "granular texture", "smooth texture".

Tones: bright, dark (against the surround), pale. Hues: red, orange, yellow, green, cyan, blue, purple, pink,
brown, grey. Shapes: round, oval, elongated, irregular.
"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from napari_zeroseg.backends.embedded import stains
from napari_zeroseg.backends.embedded.scene import Scene, choose
from napari_zeroseg.backends.embedded.words import color_fit, color_name, hue_name
from napari_zeroseg.backends.embeddings import content_key
from napari_zeroseg.core.suggestion import Tag

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from napari_zeroseg.backends.embedded.regions import Region
    from napari_zeroseg.core.image import Plane

MIN_SHARE = 0.1
"""Looks that stand for a smaller part of the objects are not named."""
MIN_AREA = 0.08
"""Part of the image from which an area of one colour is named."""
CROWDED = 0.3
"""Part of the image that crowded objects cover."""
GRANULAR = 2.5
"""Fine lightness detail, in CIELAB units, from which objects are called granular."""


@dataclass(frozen=True, slots=True)
class Look:
    """The words for one region."""

    tone: str
    hue: str
    shape: str
    size: str

    def text(self, noun: str) -> str:
        words = (self.tone, self.hue if self.hue != "grey" else "", self.shape, noun)
        return " ".join(word for word in words if word)


class EmbeddedTagger:
    """Fills the roles of tagger and captioner."""

    def tag(self, image: Plane) -> list[Tag]:
        """Return tags, best first."""
        objects = _objects_in(image)
        found = [*_object_tags(objects), *_arrangement(objects), *_area_tags(image, objects)]
        best: dict[str, float] = {}
        for tag in found:
            best[tag.text] = max(tag.score, best.get(tag.text, 0.0))
        return sorted((Tag(text, round(score, 3)) for text, score in best.items()), key=lambda t: -t.score)

    def caption(self, image: Plane) -> str:
        """Return one sentence: how many objects of which look on which ground."""
        objects = _objects_in(image)
        ground = _with_article(f"{_ground(image, objects)} background")
        if not objects:
            return f"Nothing stands out clearly on {ground}."
        looks = _shares(objects)
        parts = [
            _counted([r for r, _ in members], look)
            for look, members in sorted(looks.items(), key=lambda item: -len(item[1]))[:2]
            if len(members) >= MIN_SHARE * len(objects)
        ]
        return f"{' and '.join(parts)} on {ground}.".capitalize()


Objects = list[tuple["Region", float]]


_seen: dict[bytes, Objects] = {}


def _objects_in(image: Plane) -> Objects:
    """Return the objects of an image; those of the latest one are remembered for its caption."""
    key = content_key(image)
    if key not in _seen:
        _seen.clear()
        _seen[key] = _objects(Scene.of(image))
    return _seen[key]


def _objects(scene: Scene) -> Objects:
    """Return the regions that explain the image best, under the polarity that it supports."""
    best: Objects = []
    most = 0.0
    for tone in ("bright", "dark") if scene.regions else ():
        chosen = choose(scene, scene.objectness * color_fit(tone, scene.table))
        support = scene.room(tone) * sum(score * float(scene.explained[i]) for i, score in chosen)
        if support > most:
            best, most = [(scene.regions[i], score) for i, score in chosen], support
    return best


def look_of(region: Region) -> Look:
    """Name a region's tone against its surround, hue, shape and size."""
    return Look(
        tone="bright" if region.contrast > 0 else "dark",
        hue=hue_name(np.asarray(region.color)),
        shape=_shape(region),
        size="small" if region.area_fraction < 0.01 else "large" if region.area_fraction > 0.05 else "",
    )


def _shape(region: Region) -> str:
    if region.ellipse * region.convexity < 0.75:
        return "irregular"
    if region.elongation < 1.4:
        return "round"
    return "oval" if region.elongation < 2.5 else "elongated"


def _shares(objects: Objects) -> dict[Look, Objects]:
    looks: dict[Look, Objects] = defaultdict(list)
    for region, score in objects:
        looks[look_of(region)].append((region, score))
    return looks


def _object_tags(objects: Objects) -> list[Tag]:
    """Return a tag per look; its score is the mean fit, less where few objects look so."""
    tags = []
    weights: dict[str, list[float]] = defaultdict(list)
    for region, score in objects:
        look = look_of(region)
        for text in {look.text("blobs"), f"{look.size} {look.text('blobs')}".strip()}:
            weights[text].append(score)
    for text, scores in weights.items():
        share = len(scores) / len(objects)
        if share >= MIN_SHARE:
            tags.append(Tag(text, float(np.mean(scores)) * (0.5 + 0.5 * share)))
    return tags


def _arrangement(objects: Objects) -> list[Tag]:
    if not objects:
        return []
    covered = sum(region.area_fraction for region, _ in objects)
    word = "crowded" if covered > CROWDED else "scattered"
    arrangement = "single blob" if len(objects) == 1 else f"{word} blobs"
    detail = float(np.median([region.texture for region, _ in objects]))
    texture = "granular texture" if detail > GRANULAR else "smooth texture"
    return [Tag(arrangement, 0.4), Tag(texture, 0.3)]


def _area_tags(image: Plane, objects: Objects) -> list[Tag]:
    """Return the colours of large areas; the commonest outside the objects is the background."""
    names = _color_names(image)
    ground = _ground(image, objects)
    areas = [
        Tag(f"{name} area", min(1.0, 0.3 + share))
        for name, share in names.items()
        if share >= MIN_AREA and name != ground
    ]
    return [Tag(f"{ground} background", min(1.0, 0.4 + names.get(ground, 0.0))), *areas]


def _color_names(image: Plane) -> dict[str, float]:
    """Return the share of the image that each colour name covers."""
    coarse = _coarse_lab(image)
    colors, counts = np.unique(np.round(coarse / 6).astype(int), axis=0, return_counts=True)
    shares: dict[str, float] = defaultdict(float)
    for color, count in zip(colors * 6.0, counts, strict=True):
        shares[color_name(color)] += float(count) / len(coarse)
    return dict(shares)


def _coarse_lab(image: Plane) -> NDArray[np.float32]:
    step = max(1, min(image.shape[:2]) // 96)
    return stains.lab(np.ascontiguousarray(image[::step, ::step])).reshape(-1, 3)


def _ground(image: Plane, objects: Objects) -> str:
    """Name the colour that is commonest outside the objects."""
    outside = np.ones(image.shape[:2], bool)
    for region, _ in objects:
        outside[region.mask.slices] &= ~region.mask.pixels
    pixels = image[outside] if outside.any() else image.reshape(-1, 3)
    return color_name(stains.lab(np.median(pixels, axis=0)[None, None]).reshape(3).astype(np.float64))


def _counted(regions: list[Region], look: Look) -> str:
    if len(regions) == 1:
        return f"one {look.size} {look.text('blob')}".replace("  ", " ")
    return f"{_roughly(len(regions))} {look.size} {look.text('blobs')}".replace("  ", " ")


def _with_article(words: str) -> str:
    return f"{'an' if words[0] in 'aeiou' else 'a'} {words}"


def _roughly(count: int) -> str:
    """Round as an onlooker would: counts of a picture are estimates."""
    if count < 10:
        return str(count)
    step = 5 if count < 50 else 10 if count < 200 else 50
    return f"about {round(count / step) * step}"
