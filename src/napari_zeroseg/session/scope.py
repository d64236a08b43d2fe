"""How far a run goes: which part of a plane, and which planes of an image."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from itertools import product
from typing import TYPE_CHECKING

from psygnal import Signal

from napari_zeroseg.core.tiles import Window, whole

if TYPE_CHECKING:
    from collections.abc import Callable

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
        self.look: Callable[[], Window | None] = _nowhere
        """Asks the viewer for the part of the plane that it shows; None where it shows all of it."""

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

    def scope(self, source: ImageSource) -> Scope:
        """Return what a run on an image looks at."""
        region = self.look() if self._part is Part.VISIBLE else None
        return Scope(self._planes_of(source), None if region == whole(source.shape) else region)

    def _planes_of(self, source: ImageSource) -> tuple[PlaneIndex, ...]:
        if self._planes is Planes.SHOWN or not source.depth:
            return (source.plane,)
        if self._planes is Planes.ALL:
            return tuple(product(*map(range, source.depth)))
        first, last = self._span
        return tuple((*source.plane[:-1], index) for index in range(first, min(last + 1, source.depth[-1])))


def _nowhere() -> None:
    """Without a viewer there is no part in sight."""
