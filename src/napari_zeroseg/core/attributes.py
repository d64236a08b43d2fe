"""The look of a class in words: colour, shape and size, texture, and which sense is meant."""

from __future__ import annotations

import re
from dataclasses import dataclass
from itertools import groupby

COLOR_WORDS = frozenset(
    "black white gray grey red green blue yellow orange brown purple violet magenta pink cyan teal "
    "beige golden silver tan lilac lavender maroon crimson navy turquoise olive cream dark bright "
    "light pale dim deep vivid faint colorful colourful colorless colourless transparent translucent "
    "darker brighter paler lighter stained unstained fluorescent reddish greenish bluish yellowish "
    "glowing scarlet indigo gold brownish purplish pinkish greyish grayish whitish blackish".split()
)
SHAPE_WORDS = frozenset(
    "round rounded circular oval elliptical elongated long thin thick narrow wide straight curved "
    "branched branching irregular compact small tiny large big huge medium square rectangular rod "
    "filamentous spherical star-shaped crescent lobed flat tall short line linear blob ring annular "
    "around surrounding inside between large-area extended wavy tubular rod-shaped spindle "
    "spindle-shaped polygonal hexagonal pointed angular slender bent kidney-shaped hollow bulky "
    "ellipsoid globular diffuse sized shaped disc disk solid little top bottom upper lower".split()
)
TEXTURE_WORDS = frozenset(
    "smooth granular grainy rough striped banded fibrous spotted speckled dotted clumped mottled "
    "patchy textured homogeneous uniform network mesh layered stacked foamy shiny glossy metallic "
    "even granulated fuzzy noisy porous fine coarse wrinkled scaly hairy".split()
)

_WORD = re.compile(r"[a-z]+(?:-[a-z]+)*")
_FIELDS = {"color": COLOR_WORDS, "shape": SHAPE_WORDS, "texture": TEXTURE_WORDS}


@dataclass(frozen=True, slots=True)
class Attributes:
    """Free words that a person can read and edit; empty where nothing is known.

    Within a field, terms that all hold have commas between, and alternatives " or ":
    "bright or dark purple".

    Parameters
    ----------
    color : str
        "dark purple".
    shape : str
        Shape and size: "round, small".
    texture : str
        Texture or material, and whatever is neither colour nor shape: "granular".
    sense : str
        Which meaning of an ambiguous name is meant: "of a cell, not of an atom".
    """

    color: str = ""
    shape: str = ""
    texture: str = ""
    sense: str = ""

    def __bool__(self) -> bool:
        return any((self.color, self.shape, self.texture, self.sense))

    def text(self) -> str:
        """Return the look (colour, shape, texture) as one comma-separated text."""
        return ", ".join(part for part in (self.color, self.shape, self.texture) if part)

    def or_else(self, other: Attributes) -> Attributes:
        """Fill the empty fields from another look."""
        return Attributes(
            self.color or other.color,
            self.shape or other.shape,
            self.texture or other.texture,
            self.sense or other.sense,
        )

    @classmethod
    def parse(cls, text: str) -> Attributes:
        """Sort plain words, "dark purple, round and small", into the fields.

        Commas, line breaks and "and" part terms, and so does the border between a colour and a
        shape: "small dark purple". A longer term goes where most of its words belong; what is
        neither colour nor shape is texture.
        """
        fields: dict[str, list[str]] = {"color": [], "shape": [], "texture": []}
        for part in re.split(r"[,\n]", text):
            for term in _terms(" ".join(part.split())):
                fields[_field_of(term)].append(term)
        return cls(**{name: ", ".join(terms) for name, terms in fields.items()})


def alternatives(term: str) -> tuple[str, ...]:
    """Return what " or " parts: "bright or dark purple" → ("bright", "dark purple")."""
    return tuple(a for a in (part.strip() for part in re.split(r"\bor\b", term)) if a)


def terms(field: str) -> tuple[tuple[str, ...], ...]:
    """Return the terms of a field, which all hold, each as its alternatives."""
    return tuple(a for part in field.split(",") if (a := alternatives(part)))


def _terms(part: str) -> list[str]:
    """Cut a part that is made of look words alone at "and" and where its words change field."""
    groups = [group.split() for group in re.split(r"\band\b", part)]
    if not all(_field_of_word(word) for group in groups for word in group):
        return [part]
    return [" ".join(run) for group in groups for _, run in groupby(group, key=_field_of_word)]


def _field_of_word(word: str) -> str:
    return next((name for name, known in _FIELDS.items() if word.lower() in known), "")


def _field_of(term: str) -> str:
    words = _WORD.findall(term.lower())
    counts = {name: sum(word in known for word in words) for name, known in _FIELDS.items()}
    best = max(counts, key=lambda name: counts[name])
    return best if counts[best] else "texture"
