"""What an exchange format is: how it is written and read, and what it cannot keep."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING

from napari_zeroseg.core.annotations import Annotations, Frame
from napari_zeroseg.core.compose import Marks
from napari_zeroseg.core.errors import ExportError
from napari_zeroseg.core.instance import InstanceState

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from napari_zeroseg.core.instance import Instance
    from napari_zeroseg.core.volume import Grid


class Part(StrEnum):
    """What annotations hold beside the classes and the masks."""

    IDS = "ids"
    COLORS = "colours"
    SCORES = "scores"
    STATES = "states"
    SHARED = "overlaps within a class"
    MIXED = "overlaps of classes"
    EMPTY = "classes without objects"
    MERGED = "objects of some classes"
    OTHERS = "classes of other names"
    COUNT = "many objects"
    SCALE = "physical scale"
    PLANES = "stacks"
    SECTIONS = "scores and states by plane"


Write = Callable[[Path, Annotations], None]
Read = Callable[[Path, Frame | None], list[Annotations]]
Files = Callable[[Path, Annotations], tuple[Path, ...]]


def one_file(path: Path, _annotations: Annotations) -> tuple[Path, ...]:
    """Return the path itself."""
    return (path,)


@dataclass(frozen=True)
class Format:
    """One exchange format.

    Parameters
    ----------
    name : str
        As the command line calls it.
    title : str
        As a person calls it.
    suffix : str
        Of its files; empty where it is a folder.
    write : callable or None
        Gets a path and annotations, and raises :class:`ExportError` when it fails.
    read : callable or None
        Gets a path and the image, if that is known, and returns the annotations of each image, or
        raises :class:`~napari_zeroseg.core.errors.BadFileError`.
    loses : mapping of Part to str
        What it does not keep, and what becomes of it, in words for a person.
    files : callable
        Gets the same as ``write``, and returns the files that belong to the image alone.
    """

    name: str
    title: str
    suffix: str
    write: Write | None
    read: Read | None
    loses: Mapping[Part, str] = field(default_factory=dict)
    files: Files = one_file

    def losses(self, annotations: Annotations) -> tuple[str, ...]:
        """Return what would be lost of these annotations, a sentence each."""
        there = {
            Part.SCORES: any(i.score != 1 for i in annotations.instances),
            Part.STATES: any(i.state is not InstanceState.ACCEPTED for i in annotations.instances),
            Part.EMPTY: not {i.name for i in annotations.instances}.issuperset(annotations.vocabulary.names),
            Part.SCALE: bool(annotations.grid.scale),
            Part.PLANES: bool(annotations.grid.depth),
            Part.SECTIONS: bool(annotations.grid.depth),
        }
        overlaps = {Part.SHARED, Part.MIXED} & set(self.loses)
        if overlaps:
            there |= dict(zip((Part.SHARED, Part.MIXED), _overlaps(annotations), strict=True))
        return tuple(text for part, text in self.loses.items() if there.get(part, True))

    def check(self, grid: Grid) -> None:
        """Raise :class:`ExportError` where the format has no place for annotations on these planes."""
        if Part.PLANES in self.loses and grid.depth:
            raise ExportError(
                f"{self.title} holds single planes, not stacks.",
                remedy="Choose one plane, or a format that holds stacks.",
            )


SINGLE_PLANES = {Part.PLANES: "Stacks cannot be written: one plane at a time."}
NO_EMPTY = {Part.EMPTY: "Classes without objects, and the order of the classes, are not kept."}
NO_SECTIONS = {
    Part.SECTIONS: "An object on several planes has one score and state, those of its least certain plane."
}
NO_SCALE = {Part.SCALE: "The size of a pixel is not kept."}
NO_IDS = {Part.IDS: "Ids are not kept: objects are numbered anew."}
NO_SCORES = {Part.SCORES: "Scores are not kept."}
NO_STATES = {Part.STATES: "What is proposed comes back as accepted."}
NO_COLORS = {Part.COLORS: "The colours of the classes are not kept."}
NOT_SHARED = {
    Part.SHARED: "Where objects of a class overlap, one keeps the pixels: a person's before a proposal, "
    "then the higher score."
}
NOT_MIXED = {
    Part.MIXED: "Where classes overlap, one keeps the pixels: a person's object before a proposal, "
    "then the higher score."
}


def _overlaps(annotations: Annotations) -> tuple[bool, bool]:
    """Return whether pixels belong to two objects of a class, and to two classes."""
    shared = mixed = False
    for instances in _planes(annotations.instances):
        of_class: dict[str, Marks] = {}
        for i in instances:
            for name, marks in of_class.items():
                if (marks.within(i.mask.slices) & i.mask.pixels).any():
                    shared, mixed = shared or name == i.name, mixed or name != i.name
            of_class.setdefault(i.name, Marks()).add(i.mask)
    return shared, mixed


def _planes(instances: Iterable[Instance]) -> Iterator[list[Instance]]:
    planes: dict[tuple[int, ...], list[Instance]] = {}
    for instance in instances:
        planes.setdefault(instance.plane, []).append(instance)
    yield from planes.values()
