"""How far a run goes: which part of a plane, and which planes of an image."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from itertools import product
from typing import TYPE_CHECKING

from psygnal import Signal

from napari_zeroseg.core.tiles import Window, whole

if TYPE_CHECKING:
    from collections.abc import Sequence

    from napari_zeroseg.session.source import ImageSource, PlaneIndex


class Part(StrEnum):
    """Which part of a plane."""

    ALL = "all"
    VISIBLE = "visible"


class Planes(StrEnum):
    """Which planes of a stack or series."""

    SHOWN = "shown"
    RANGE = "range"
    ALL = "all"


@dataclass(frozen=True, slots=True)
class Scope:
    """What a run looks at, and where it replaces proposals.

    Parameters
    ----------
    planes : tuple of tuple of int
        In the order in which they are looked at.
    region : tuple of slice, optional
        The part of each plane; None for all of it.
    """

    planes: tuple[PlaneIndex, ...]
    region: Window | None = None


class Reach:
    """What a person chose to run on; it holds for the next image too, as far as it has a meaning there."""

    changed = Signal()

    def __init__(self) -> None:
        self._part = Part.ALL
        self._planes = Planes.SHOWN
        self._span = (0, 0)
        self._visible: Window | None = None

    @property
    def part(self) -> Part:
        return self._part

    @property
    def planes(self) -> Planes:
        return self._planes

    @property
    def span(self) -> tuple[int, int]:
        """First and last plane of a range, along the last axis that is not shown."""
        return self._span

    @property
    def visible(self) -> Window | None:
        """The part of the plane that the viewer shows; None where it shows all of it."""
        return self._visible

    def choose_part(self, part: Part) -> None:
        """Choose which part of a plane to run on."""
        self._part = Part(part)
        self.changed.emit()

    def choose_planes(self, planes: Planes, span: tuple[int, int] | None = None) -> None:
        """Choose which planes to run on; ``span`` names the first and the last of a range."""
        self._planes = Planes(planes)
        if span is not None:
            self._span = (min(span), max(span))
        self.changed.emit()

    def show(self, visible: Window | None) -> None:
        """Take the part of the plane that the viewer shows."""
        if visible != self._visible:
            self._visible = visible
            self.changed.emit()

    def scope(self, source: ImageSource) -> Scope:
        """Return what a run on an image looks at."""
        region = self._visible if self._part is Part.VISIBLE else None
        return Scope(self._planes_of(source), None if region == whole(source.shape) else region)

    def _planes_of(self, source: ImageSource) -> tuple[PlaneIndex, ...]:
        if self._planes is Planes.SHOWN or not source.depth:
            return (source.plane,)
        if self._planes is Planes.ALL:
            return tuple(product(*map(range, source.depth)))
        first, last = self._span
        return tuple((*source.plane[:-1], index) for index in range(first, min(last + 1, source.depth[-1])))


def counted(planes: Sequence[PlaneIndex], region: Window | None) -> str:
    """Return in words what a run looks at; empty for one plane as a whole."""
    parts = [f"{len(planes)} planes"] if len(planes) > 1 else []
    if region is not None:
        height, width = (s.stop - s.start for s in region)
        parts.append(f"{width} × {height} px of each" if parts else f"{width} × {height} px")
    return ", ".join(parts)
