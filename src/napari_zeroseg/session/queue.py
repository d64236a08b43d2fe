"""The masks that a person looks through, worst first, as an immutable value."""

from __future__ import annotations

from collections.abc import Hashable, Iterator, Mapping
from dataclasses import dataclass, replace
from enum import StrEnum
from functools import cached_property
from typing import TYPE_CHECKING

from napari_zeroseg.core.doubt import Doubt, doubts_of, reasons, risk, usual_areas

if TYPE_CHECKING:
    from napari_zeroseg.core.instance import Instance, InstanceKey
    from napari_zeroseg.session.source import PlaneIndex
    from napari_zeroseg.session.state import State


class Standing(StrEnum):
    """Which masks are looked through."""

    PROPOSED = "proposed"
    LOCKED = "accepted or edited"
    ALL = "all"


@dataclass(frozen=True, slots=True)
class Selection:
    """Which masks are looked through; an empty name means every class."""

    name: str = ""
    standing: Standing = Standing.PROPOSED

    def holds(self, instance: Instance) -> bool:
        """Say whether an instance is to be looked at."""
        wanted = self.standing is Standing.ALL or instance.locked is (self.standing is Standing.LOCKED)
        return wanted and self.name in ("", instance.name)


@dataclass(frozen=True, slots=True)
class Subject:
    """One mask of the queue.

    Parameters
    ----------
    image : hashable
        Key of the image.
    key : InstanceKey
        Its class, id and plane.
    locked : bool
        Whether a person answered for it before the review.
    doubts : tuple of Doubt
        Why it may be wrong.
    """

    image: Hashable
    key: InstanceKey
    locked: bool
    doubts: tuple[Doubt, ...]

    @property
    def plane(self) -> PlaneIndex:
        """Where it lies."""
        return self.key.plane

    @property
    def reasons(self) -> tuple[str, ...]:
        """Why it may be wrong, in words, the strongest first."""
        return reasons(self.doubts)


@dataclass(frozen=True)
class Review:
    """A queue, the place in it, and what has been decided.

    Parameters
    ----------
    selection : Selection
        What it was made from.
    subjects : tuple of Subject
        Worst first.
    position : int
        Of the present subject; the number of subjects when all are decided.
    decided : frozenset of int
        Positions of those that a person has accepted, edited or rejected in the review.
    gone : frozenset of int
        Those of them whose mask is no more.
    """

    selection: Selection
    subjects: tuple[Subject, ...]
    position: int = 0
    decided: frozenset[int] = frozenset()
    gone: frozenset[int] = frozenset()

    @property
    def present(self) -> Subject | None:
        """The subject that is looked at; None at the end."""
        return self.subjects[self.position] if self.position < len(self.subjects) else None

    @property
    def finished(self) -> bool:
        return self.present is None

    @cached_property
    def _open(self) -> tuple[int, ...]:
        return tuple(i for i in range(len(self.subjects)) if i not in self.decided)

    def at(self, position: int) -> Review:
        """Return it at another place; beyond the last, at the first that is undecided, or at the end."""
        if 0 <= position < len(self.subjects):
            return replace(self, position=position)
        return replace(self, position=self._open[0] if self._open else len(self.subjects))

    def advanced(self) -> Review:
        """Return it at the next subject that is undecided, from the start again after the last."""
        later = next((i for i in self._open if i > self.position), len(self.subjects))
        return self.at(later)

    def next(self) -> Review:
        """Return it at the next subject that is there."""
        return self.at(next(self._there(range(self.position + 1, len(self.subjects))), -1))

    def previous(self) -> Review:
        """Return it at the subject before that is there; at the first one it stays."""
        return self.at(next(self._there(range(self.position - 1, -1, -1)), self.position))

    def _there(self, positions: range) -> Iterator[int]:
        return (n for n in positions if n not in self.gone)

    def with_confirmed(self, position: int) -> Review:
        """Return it with one more subject decided."""
        return replace(self, decided=self.decided | {position})

    def seen_in(self, image: Hashable, state: State) -> Review:
        """Return it with what has been decided on an image, as its state tells."""
        there = {i.key: i for i in state.instances}
        found = {n: there.get(s.key) for n, s in enumerate(self.subjects) if s.image == image}
        gone = frozenset(n for n, instance in found.items() if instance is None)
        decided = frozenset(n for n, instance in found.items() if self._is_decided(n, instance))
        own = found.keys()
        return self._updated(decided=(self.decided - own) | decided, gone=(self.gone - own) | gone)

    def _updated(self, *, decided: frozenset[int], gone: frozenset[int]) -> Review:
        if (decided, gone) == (self.decided, self.gone):
            return self
        return replace(self, decided=decided, gone=gone)

    def _is_decided(self, position: int, instance: Instance | None) -> bool:
        if instance is None:
            return True
        return position in self.decided if self.subjects[position].locked else instance.locked

    def renamed(self, image: Hashable, old: str, new: str) -> Review:
        """Return it after a class got another name on an image."""
        subjects = (
            replace(s, key=s.key._replace(name=new)) if (s.image, s.key.name) == (image, old) else s
            for s in self.subjects
        )
        selection = self.selection if self.selection.name != old else replace(self.selection, name=new)
        return replace(self, subjects=tuple(subjects), selection=selection)


@dataclass(frozen=True, slots=True, eq=False)
class Sheet:
    """What a queue needs of one image: its state, and the shape (H, W) of its planes."""

    state: State
    shape: tuple[int, int]


def review_of(sheets: Mapping[Hashable, Sheet], selection: Selection) -> Review:
    """Return the queue over images, by their keys."""
    subjects = [s for key, sheet in sheets.items() for s in _subjects(key, sheet, selection)]
    return Review(selection, tuple(sorted(subjects, key=lambda s: -risk(s.doubts))))


def _subjects(image: Hashable, sheet: Sheet, selection: Selection) -> Iterator[Subject]:
    usual = usual_areas(sheet.state.instances)
    for i in sheet.state.instances:
        if selection.holds(i):
            doubts = doubts_of(i, sheet.shape, usual[i.name])
            yield Subject(image, i.key, i.locked, doubts)
