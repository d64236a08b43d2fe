"""The words that a detector is asked for, and which class each of them stands for."""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass
from typing import TYPE_CHECKING

from napari_zeroseg.core.errors import BadVocabularyError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from napari_zeroseg.core.vocabulary import TargetClass

_ODD = re.compile(r"[^\w\s'&+,/()-]|_")
"""A dot or a question mark ends a phrase, brackets make special tokens, the rest is no word."""


@dataclass(frozen=True, slots=True)
class Phrase:
    """A text that stands for one class.

    Parameters
    ----------
    text : str
        Lower case, without the signs that part phrases.
    name : str
        Of the class.
    """

    text: str
    name: str


def plain(text: str) -> str:
    """Return lower-case words parted by single spaces, which no sign can part into two phrases."""
    normal = unicodedata.normalize("NFKC", text).replace("\u2019", "'").lower()
    return " ".join(_ODD.sub(" ", normal).split())


def has_letters(text: str) -> bool:
    """Return whether there is a letter or digit in a text."""
    return any(character.isalnum() for character in text)


def names_of(classes: Sequence[TargetClass], readable: Callable[[str], bool] = has_letters) -> list[Phrase]:
    """Return one phrase per class: its name, or the first synonym where the name cannot be read.

    Parameters
    ----------
    classes : sequence of TargetClass
        What is looked for.
    readable : callable
        Whether the detector knows a word of a text.

    Raises
    ------
    BadVocabularyError
        When a class has no words that can be read, or two classes have the same.
    """
    phrases = [_named(target, readable) for target in classes]
    _check_distinct(phrases)
    return phrases


def synonyms_of(
    classes: Sequence[TargetClass], names: Iterable[Phrase], readable: Callable[[str], bool] = has_letters
) -> list[Phrase]:
    """Return further phrases of the classes: no text twice, and none that is a class's name.

    The first synonym of each class comes before the second of any.
    """
    said = {phrase.text for phrase in names}
    found = []
    for rank in range(max((len(c.synonyms) for c in classes), default=0)):
        for target in (c for c in classes if rank < len(c.synonyms)):
            text = plain(target.synonyms[rank])
            if text not in said and readable(text):
                said.add(text)
                found.append(Phrase(text, target.name))
    return found


def _named(target: TargetClass, readable: Callable[[str], bool]) -> Phrase:
    for text in map(plain, (target.name, *target.synonyms)):
        if readable(text):
            return Phrase(text, target.name)
    raise BadVocabularyError(
        f"The detector cannot read the class name '{target.name}'.",
        remedy="Give the class an English synonym.",
    )


def _check_distinct(phrases: Iterable[Phrase]) -> None:
    known: dict[str, str] = {}
    for phrase in phrases:
        other = known.setdefault(phrase.text, phrase.name)
        if other != phrase.name:
            raise BadVocabularyError(
                f"The classes '{other}' and '{phrase.name}' are the same words to the detector.",
                remedy="Rename one of them, or leave it out.",
            )
