"""How well words for regions of an image, "dark purple round blobs", agree with the look of a class."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from napari_zeroseg.core.attributes import (
    COLOR_WORDS,
    SHAPE_WORDS,
    TEXTURE_WORDS,
    Attributes,
    alternatives,
    terms,
)
from napari_zeroseg.core.text import normalized, singular

_REGION_NOUNS = frozenset(
    "blob region area background foreground stripe line spot patch band network structure object "
    "texture ring rod fiber fibre pattern shape cluster dot surface speck particle strand disc disk".split()
)
_ARRANGEMENTS = frozenset("scattered crowded single dense sparse touching isolated".split())
_LOOK_WORDS = COLOR_WORDS | SHAPE_WORDS | TEXTURE_WORDS | _ARRANGEMENTS


def _families(**members: str) -> dict[str, str]:
    """Turn a family's words into word → family."""
    return {word: family for family, words in members.items() for word in words.split()}


_TONES = _families(
    bright="bright brighter fluorescent glowing",
    pale="light lighter pale paler white whitish cream",
    dark="dark darker black blackish deep",
    dim="dim faint",
)
_HUES = _families(
    red="red reddish crimson maroon scarlet",
    pink="pink pinkish",
    magenta="magenta",
    purple="purple purplish violet lilac lavender",
    blue="blue bluish navy indigo",
    cyan="cyan teal turquoise",
    green="green greenish olive",
    yellow="yellow yellowish golden gold",
    orange="orange",
    brown="brown brownish tan",
    beige="beige",
    grey="grey gray greyish grayish silver",
)
_NEAR_HUES = {
    frozenset(pair.split("-"))
    for pair in "red-pink red-orange red-brown pink-magenta pink-purple magenta-purple purple-blue "
    "blue-cyan cyan-green green-yellow yellow-orange yellow-beige orange-brown brown-beige "
    "pink-beige".split()
}
_NEAR_TONES = {frozenset(("bright", "pale")), frozenset(("bright", "dim")), frozenset(("dark", "dim"))}
_NEAR = 0.6  # neighbouring hues or tones
_UNSAID = 0.6  # one side names a hue or tone, and the other does not

_SHAPES = _families(
    round="round rounded circular spherical oval elliptical ellipsoid globular disc disk",
    compact="compact solid",
    long="elongated long rod linear line thin filamentous slender narrow spindle tubular fiber fibre "
    "strand stripe branching branched",
    irregular="irregular lobed",
    small="tiny small little speck spot dot",
    large="large big huge extended",
    ring="ring annular",
)
_OPPOSITE_SHAPES = {
    frozenset(pair.split("-"))
    for pair in "round-long compact-long small-large round-irregular compact-irregular".split()
}


@dataclass(frozen=True, slots=True)
class Agreement:
    """How far a look and a description agree, 0..1, and the words of the look that do."""

    score: float
    words: tuple[str, ...] = ()


NO_AGREEMENT = Agreement(0.0)


def describes_a_region(tag: str) -> bool:
    """Say whether a tag tells a look ("dark round blobs") rather than a thing ("dark dog").

    One word alone, such as "red", is said of a whole picture and tells nothing of its parts.
    """
    *said, noun = _words(tag)
    looks = [word for word in said if word in _LOOK_WORDS]
    return bool(looks) and (noun in _REGION_NOUNS or (noun in _LOOK_WORDS and looks == said))


def agreement(look: Attributes, tag: str) -> Agreement:
    """Compare the look of a class with the description of a region.

    Colour decides: opposite tones or far hues agree in nothing. Shape and texture raise or lower
    the score. A class of which nothing is known agrees with nothing, and so does the background.
    """
    words = _words(tag)
    colorless = not (_known(words, _TONES) or _known(words, _HUES))
    if "background" in words or (look.color and colorless):
        return NO_AGREEMENT
    color = _color_agreement(look.color, words)
    form = [_shape_agreement(term, words) for term in terms(look.shape)]
    form += [_texture_agreement(term, words) for term in terms(look.texture)]
    share = sum(part.score for part in form) / len(form) if form else 1.0
    said = tuple(word for part in (color, *form) for word in part.words)
    return Agreement(color.score * (0.6 + 0.4 * share), said) if said and color.score else NO_AGREEMENT


def _words(text: str) -> tuple[str, ...]:
    return tuple(singular(word) for word in normalized(text).split(" "))


def _color_agreement(field: str, words: Sequence[str]) -> Agreement:
    if not field:
        return Agreement(_UNSAID)
    said = alternatives(field.replace(",", " or "))
    best = max((Agreement(_same_color(_words(a), words), (a,)) for a in said), key=lambda a: a.score)
    return best if best.score > _UNSAID**2 else Agreement(best.score)


def _same_color(a: Sequence[str], b: Sequence[str]) -> float:
    tone = _closeness(_known(a, _TONES), _known(b, _TONES), _NEAR_TONES)
    return tone * _closeness(_known(a, _HUES), _known(b, _HUES), _NEAR_HUES)


def _known(words: Sequence[str], families: dict[str, str]) -> str:
    return next((families[word] for word in words if word in families), "")


def _closeness(a: str, b: str, near: set[frozenset[str]]) -> float:
    if a == b:
        return 1.0
    if not a or not b:
        return _UNSAID
    return _NEAR if frozenset((a, b)) in near else 0.0


def _shape_agreement(term: Sequence[str], words: Sequence[str]) -> Agreement:
    """Return 1 for a shared shape, 0 for an opposite one, and between when the tag says neither."""
    said = {_SHAPES[word] for word in words if word in _SHAPES}
    if "round" in said:
        said.add("compact")
    for alternative in term:
        if said & {_SHAPES[word] for word in _words(alternative) if word in _SHAPES}:
            return Agreement(1.0, (alternative,))
    wanted = {_SHAPES[word] for alternative in term for word in _words(alternative) if word in _SHAPES}
    opposed = any(frozenset((a, b)) in _OPPOSITE_SHAPES for a in wanted for b in said)
    return Agreement(0.0 if opposed else _UNSAID)


def _texture_agreement(term: Sequence[str], words: Sequence[str]) -> Agreement:
    shared = next((a for a in term if set(_words(a)) & set(words) & TEXTURE_WORDS), None)
    return Agreement(1.0, (shared,)) if shared else Agreement(_UNSAID)
