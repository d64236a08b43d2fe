"""The look of a class in words: colour, shape and size, texture, and which sense is meant."""

from __future__ import annotations

import re
from dataclasses import dataclass

COLOR_WORDS = frozenset(
    "black white gray grey red green blue yellow orange brown purple violet magenta pink cyan teal "
    "beige golden silver tan lilac turquoise dark bright light pale dim deep vivid faint colorful "
    "colourful colorless colourless transparent darker brighter paler lighter stained unstained".split()
)
SHAPE_WORDS = frozenset(
    "round circular oval elliptical elongated long thin thick narrow wide straight curved branched branching "
    "irregular compact small tiny large big huge medium square rectangular rod filamentous "
    "spherical star-shaped crescent lobed flat tall short line linear blob ring annular around "
    "surrounding inside between large-area extended wavy tubular rod-shaped spindle".split()
)

_WORD = re.compile(r"[a-z]+(?:-[a-z]+)*")


@dataclass(frozen=True, slots=True)
class Attributes:
    """Free words that a person can read and edit; empty where nothing is known.

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

    @classmethod
    def parse(cls, text: str) -> Attributes:
        """Sort comma-separated plain words, "dark purple, round, small", into the fields.

        A part goes where most of its words belong; what is neither is texture.
        """
        fields: dict[str, list[str]] = {"color": [], "shape": [], "texture": []}
        for part in (p.strip() for p in re.split(r"[,\n]", text)):
            if part:
                fields[_field_of(part)].append(part)
        return cls(**{name: ", ".join(parts) for name, parts in fields.items()})


def _field_of(part: str) -> str:
    words = _WORD.findall(part.lower())
    colors = sum(word in COLOR_WORDS for word in words)
    shapes = sum(word in SHAPE_WORDS for word in words)
    if colors == shapes == 0:
        return "texture"
    return "color" if colors >= shapes else "shape"
