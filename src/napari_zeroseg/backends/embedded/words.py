"""Between measurements and plain words: how well a region fits "dark purple, round, small".

Words that are known, each graded 0..1; others are ignored:

- lightness: bright, light, pale, faint, dim, white, dark, deep, black (against the surround,
  "pale" and "white" also in themselves);
- colour: red, orange, brown, yellow, green, cyan, teal, blue, purple, violet, magenta, pink, grey, and kin;
- shape: round, oval, elongated, long, thin, compact, irregular, lobed, ...;
- size: tiny, small, large, huge;
- texture: smooth, granular, fibrous, ...
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields, replace
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from napari_zeroseg.backends.embedded.survey import OWN, Survey

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from napari_zeroseg.backends.embedded.regions import Region

    Floats = NDArray[np.float64]

SOLID = 0.85
"""Fit of an ellipse from which a region says how strong the contrasts of an image are."""
STRONG, DARKEST = 95, 1
"""Percentiles of contrasts and surrounds taken for the strongest, and of regions for the darkest."""
FULL_CONTRAST = 0.4
"""A contrast of this part of the image's strong ones counts as fully bright or dark."""
HUE_WIDTH = 25.0
"""Standard deviation in degrees of hue angle within which a colour name is used."""
CHROMA = (4.0, 14.0)
"""CIELAB chroma at which a hue begins to be seen, and is plain."""
PALE_FROM = (35.0, 65.0)
"""CIELAB lightness at which a region begins to be pale, and is."""
DEEP = (0.0, 0.6)
"""Darkness, of the image's own range, at which a region begins to count as dark, and counts fully."""
BROWN_HUES = (40.0, 95.0)
"""CIELAB hue angles between which a colour is brown when it is neither light nor vivid, in degrees."""
BROWN = (62.0, 60.0)
"""CIELAB lightness and chroma below which it is."""
SHALLOW = 0.3
"""Factor for what is darker than its surround, but as light as anything in the image."""

HUES = {
    "red": 30, "crimson": 20, "scarlet": 40, "orange": 65, "golden": 85, "gold": 85, "tan": 75, "beige": 85,
    "brown": 60, "yellow": 98, "green": 140, "teal": 190, "turquoise": 190, "cyan": 205, "blue": 285,
    "indigo": 300, "violet": 315, "purple": 318, "lilac": 315, "magenta": 335, "pink": 355,
}  # fmt: skip
"""CIELAB hue angles of colour names, in degrees."""
_PLAIN_HUES = ("red", "orange", "yellow", "green", "cyan", "blue", "purple", "pink")
BRIGHT = frozenset("bright brighter glowing fluorescent light lighter".split())
DARK = frozenset("dark darker deep black".split())
PALE = frozenset("pale paler white faint transparent translucent colorless colourless".split())
GREY = frozenset("grey gray white black silver".split())

_WORD = re.compile(r"[a-z]+(?:-[a-z]+)*")


@dataclass(frozen=True, slots=True, eq=False)
class RegionTable:
    """The measurements of many regions as columns of shape (N,), colours (N, 3).

    What is strong or dark among them, ``survey`` may know from the image that they are a part of.
    """

    color: Floats
    surround: Floats
    diameter: Floats
    area_fraction: Floats
    ellipse: Floats
    convexity: Floats
    elongation: Floats
    texture: Floats
    edge: Floats
    border: Floats
    worth: Floats
    survey: Survey = OWN

    @classmethod
    def of(cls, regions: Sequence[Region], survey: Survey = OWN) -> RegionTable:
        columns = {name: np.array([getattr(r, name) for r in regions], np.float64) for name in cls.columns()}
        for name in ("color", "surround"):
            columns[name] = columns[name].reshape(-1, 3)
        return cls(**columns, survey=survey)

    @classmethod
    def columns(cls) -> list[str]:
        """Return the names of what was measured."""
        return [field.name for field in fields(cls) if field.name != "survey"]

    def rows(self, indices: Sequence[int]) -> RegionTable:
        """Return some of the regions, to be judged among themselves."""
        return RegionTable(**{name: getattr(self, name)[list(indices)] for name in self.columns()})

    def without(self, color: Floats, area_fraction: float) -> RegionTable:
        """Return regions with the colour that is left when a part of each is taken out."""
        area = self.area_fraction[:, None]
        left = (self.color * area - color * area_fraction) / np.maximum(area - area_fraction, 1e-9)
        return replace(self, color=left)

    @property
    def contrast(self) -> Floats:
        """Lightness against the surround, CIELAB units."""
        return self.color[:, 0] - self.surround[:, 0]

    @property
    def color_contrast(self) -> Floats:
        """Distance of inside and surround in CIELAB."""
        return np.asarray(np.linalg.norm(self.color - self.surround, axis=1))

    @property
    def relative_contrast(self) -> Floats:
        """Lightness against the surround; 1 or -1 for the strongest regions of the image."""
        return self.contrast / self.survey.usual("strong contrast", self._strong_contrast)

    def _strong_contrast(self) -> float:
        solid = np.abs(self.contrast[self.ellipse > SOLID])
        return max(float(np.percentile(solid, STRONG)), 1.0) if solid.size else 1.0

    @property
    def darkness(self) -> Floats:
        """How far a region is from the lightest to the darkest of the image's regions, 0..1."""
        low, high = self.survey.usual("lightness", self._lightness_range)
        return np.clip((high - self.color[:, 0]) / max(high - low, 1.0), 0, 1)

    def _lightness_range(self) -> tuple[float, float]:
        return (
            float(np.percentile(self.color[:, 0], DARKEST)),
            float(np.percentile(self.surround[:, 0], STRONG)),
        )

    @property
    def chroma(self) -> Floats:
        return np.hypot(self.color[:, 1], self.color[:, 2])

    @property
    def extent(self) -> Floats:
        """Side of a square of the same area, as a part of that of the image."""
        return np.sqrt(self.area_fraction)

    @property
    def compactness(self) -> Floats:
        return self.ellipse * self.convexity


def ramp(values: Floats, low: float, high: float) -> Floats:
    """Rise from 0 at ``low`` to 1 at ``high`` (``low`` may be the larger)."""
    return np.clip((values - low) / (high - low), 0, 1)


def words_in(text: str) -> list[str]:
    """Return the words of a text in lower case."""
    return _WORD.findall(text.lower())


def color_fit(text: str, table: RegionTable) -> Floats:
    """Grade one colour, such as "dark purple"; 1 for words that say nothing of colour."""
    fit = np.ones(len(table.diameter))
    depth = SHALLOW + (1 - SHALLOW) * ramp(table.darkness, *DEEP)
    for word in words_in(text):
        if word in HUES:
            fit = fit * hue_fit(word, table)
        elif word in GREY:
            fit = fit * ramp(table.chroma, CHROMA[1], CHROMA[0])
        if word in BRIGHT:
            fit = fit * ramp(table.relative_contrast, 0, FULL_CONTRAST)
        elif word in DARK:
            fit = fit * ramp(-table.relative_contrast, 0, FULL_CONTRAST) * depth
        elif word in PALE:
            fit = fit * ramp(table.color[:, 0], *PALE_FROM)
        elif word == "dim":
            fit = fit * ramp(table.relative_contrast, 0, FULL_CONTRAST / 2)
    return fit


def hue_fit(word: str, table: RegionTable) -> Floats:
    """Grade a colour name by hue angle; in a region without hue nothing speaks for it."""
    angle = np.degrees(np.arctan2(table.color[:, 2], table.color[:, 1]))
    off = (angle - HUES[word] + 180) % 360 - 180
    return np.exp(-0.5 * (off / HUE_WIDTH) ** 2) * ramp(table.chroma, *CHROMA)


def hue_name(color: Floats) -> str:
    """Return the plain name of a CIELAB colour's hue, "grey" for none."""
    lightness, a, b = (float(v) for v in color)
    if np.hypot(a, b) < 0.5 * sum(CHROMA):
        return "grey"
    angle = np.degrees(np.arctan2(b, a))
    if BROWN_HUES[0] < angle < BROWN_HUES[1] and lightness < BROWN[0] and np.hypot(a, b) < BROWN[1]:
        return "brown"
    return min(_PLAIN_HUES, key=lambda n: abs((angle - HUES[n] + 180) % 360 - 180))


def tone_name(color: Floats) -> str:
    """Return "dark", "pale" or "" for a CIELAB colour in itself, "black" and "white" at the ends."""
    lightness, chroma = float(color[0]), float(np.hypot(color[1], color[2]))
    if lightness < 40:
        return "dark"
    return "pale" if lightness > 72 and chroma < 45 else ""


def color_name(color: Floats) -> str:
    """Return a name such as "dark purple", "pale pink", "grey", "black", "white"."""
    tone, hue = tone_name(color), hue_name(color)
    if hue == "grey":
        black_or_white = "black" if color[0] < 12 else "white" if color[0] > 93 else ""
        return black_or_white or {"dark": "dark", "pale": "pale grey"}.get(tone, hue)
    return f"{tone} {hue}".strip()


def names_hue(text: str) -> bool:
    """Say whether a text names a hue."""
    return any(word in HUES for word in words_in(text))


class Grade(NamedTuple):
    """A word's demand on one measurement: 0 at ``none``, 1 at ``full``; never less than ``floor``."""

    measurement: str
    none: float
    full: float
    floor: float = 0.0

    def of(self, table: RegionTable) -> Floats:
        return self.floor + (1 - self.floor) * ramp(getattr(table, self.measurement), self.none, self.full)


SHAPES = {
    "round": (Grade("elongation", 3.0, 1.4), Grade("compactness", 0.5, 0.85)),
    "oval": (Grade("elongation", 4.0, 2.2), Grade("compactness", 0.5, 0.85)),
    "compact": (Grade("compactness", 0.5, 0.85),),
    "elongated": (Grade("elongation", 1.2, 2.2),),
    "long": (Grade("elongation", 1.5, 4.0),),
    "irregular": (Grade("compactness", 1.0, 0.7, floor=0.5),),
    "tiny": (Grade("area_fraction", 0.01, 0.0005),),
    "small": (Grade("extent", 0.4, 0.1),),
    "large": (Grade("extent", 0.02, 0.2),),
    "extended": (Grade("extent", 0.1, 0.4),),
}
_SHAPE_WORDS = {
    "circular": "round", "spherical": "round", "blob": "round", "disc": "round", "disk": "round",
    "elliptical": "oval", "ellipsoid": "oval", "solid": "compact", "lobed": "irregular",
    "rod": "elongated", "rod-shaped": "elongated", "spindle": "elongated", "narrow": "elongated",
    "thin": "long", "line": "long", "filamentous": "long", "tubular": "long", "branched": "irregular",
    "star-shaped": "irregular", "crescent": "irregular", "curved": "irregular", "wavy": "irregular",
    "little": "small", "big": "large", "huge": "extended", "large-area": "extended", "flat": "extended",
}  # fmt: skip
TEXTURES = {
    "smooth": (Grade("texture", 12.0, 2.0),),
    "granular": (Grade("texture", 0.3, 2.0),),
}
_TEXTURE_WORDS = {
    "uniform": "smooth", "homogeneous": "smooth", "even": "smooth", "granulated": "granular",
    "grainy": "granular", "speckled": "granular", "clumped": "granular", "rough": "granular",
    "fibrous": "granular", "textured": "granular", "spotted": "granular",
}  # fmt: skip


def shape_fit(text: str, table: RegionTable) -> Floats:
    """Grade shape and size words; of alternatives within one part ("round or oval") the best counts."""
    return _all_parts(text, table, SHAPES, _SHAPE_WORDS)


def texture_fit(text: str, table: RegionTable) -> Floats:
    """Grade texture words."""
    return _all_parts(text, table, TEXTURES, _TEXTURE_WORDS)


def _all_parts(
    text: str,
    table: RegionTable,
    grades: Mapping[str, Sequence[Grade]],
    kin: Mapping[str, str],
) -> Floats:
    """Multiply the parts between commas; a part is as good as its best alternative."""
    fit = np.ones(len(table.diameter))
    for part in text.lower().split(","):
        known = [
            np.prod([grade.of(table) for word in words for grade in grades[word]], axis=0)
            for option in part.split(" or ")
            if (words := [kin.get(w, w) for w in words_in(option) if kin.get(w, w) in grades])
        ]
        if known:
            fit = fit * np.max(known, axis=0)
    return fit
