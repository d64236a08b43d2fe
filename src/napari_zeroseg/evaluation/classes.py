"""The classes of a data set, and the values that stand for them in its label files."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cache
from importlib.resources import files
from typing import TYPE_CHECKING, Any

import numpy as np
import yaml

from napari_zeroseg.core.attributes import Attributes
from napari_zeroseg.core.vocabulary import TargetClass, Vocabulary

if TYPE_CHECKING:
    from numpy.typing import NDArray

IGNORED = -1
"""In place of a class: a pixel that is not judged."""


@dataclass(frozen=True, slots=True)
class ScoredClass:
    """A class that is scored.

    Parameters
    ----------
    name : str
        As the data set has it, in words.
    values : tuple of int
        What stands for it in label files.
    thing : bool
        Whether its objects are told apart.
    synonyms : tuple of str
        Other words for it.
    looks : Attributes
        What it looks like, where the data set tells it.
    """

    name: str
    values: tuple[int, ...]
    thing: bool = False
    synonyms: tuple[str, ...] = ()
    looks: Attributes = Attributes()

    @property
    def target(self) -> TargetClass:
        return TargetClass(self.name, synonyms=self.synonyms, attributes=self.looks)


@dataclass(frozen=True, slots=True)
class ClassList:
    """The classes of a data set in its order; scores tell of a class by its place.

    Parameters
    ----------
    key : str
        What the list is called, such as ``voc-21``.
    title : str
        For people.
    classes : tuple of ScoredClass
        In order.
    background : bool
        Whether the first is what no other class claims.
    """

    key: str
    title: str
    classes: tuple[ScoredClass, ...]
    background: bool

    def __len__(self) -> int:
        return len(self.classes)

    @property
    def names(self) -> tuple[str, ...]:
        return tuple(c.name for c in self.classes)

    @property
    def things(self) -> NDArray[np.bool_]:
        """Whether the objects of each class are told apart, shape (C,)."""
        return np.array([c.thing for c in self.classes])

    @property
    def unclaimed(self) -> int:
        """What a pixel counts as that was given no class: background, or no class at all."""
        return 0 if self.background else len(self)

    def decoded(self, values: NDArray[np.integer[Any]]) -> NDArray[np.int16]:
        """Return the places of classes for the values of a label file; IGNORED for other values."""
        known = {value: place for place, c in enumerate(self.classes) for value in c.values}
        present, where = np.unique(values, return_inverse=True)
        places = np.array([known.get(value, IGNORED) for value in present.tolist()], np.int16)
        return places[where].reshape(values.shape)

    def shifted(self, by: int) -> ClassList:
        """Return the same classes for label files with greater values."""
        moved = (replace(c, values=tuple(value + by for value in c.values)) for c in self.classes)
        return replace(self, classes=tuple(moved))

    def vocabulary(self, asked: Vocabulary = Vocabulary()) -> Vocabulary:
        """Return what is looked for: all classes, as a recipe describes them where it has them too.

        Classes that only the recipe has come last; what they claim counts as background, or as no class.
        """
        described = {c.name.casefold(): c for c in asked}
        wanted = [c.target for c in self.classes[1 if self.background else 0 :]]
        own = [described.pop(target.name.casefold(), target) for target in wanted]
        return Vocabulary((*own, *described.values()))

    def places_in(self, vocabulary: Vocabulary) -> NDArray[np.int16]:
        """Return the place of the class of each id of a vocabulary, shape (number of ids,), from id 0 on."""
        places = {name.casefold(): place for place, name in enumerate(self.names)}
        found = [places.get(name.casefold(), self.unclaimed) for name in vocabulary.names]
        return np.array([self.unclaimed, *found], np.int16)


def class_list(key: str) -> ClassList:
    """Return a list that comes along, such as ``voc-21``."""
    document = _documents()[key]
    classes = tuple(
        ScoredClass(c["name"], tuple(c["values"]), c.get("thing", False), tuple(c.get("synonyms", ())))
        for c in document["classes"]
    )
    return ClassList(key, document["title"], classes, document["background"])


@cache
def _documents() -> dict[str, Any]:
    text = files("napari_zeroseg.evaluation").joinpath("class_lists.yaml").read_text(encoding="utf-8")
    found: dict[str, Any] = yaml.safe_load(text)
    return found
