"""Planes in a row: along which axis objects go on from one to the next, and how."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

Plane = tuple[int, ...]


class Kind(StrEnum):
    """What the planes of a row have to do with each other."""

    DEPTH = "depth"
    """Sections through bodies: they stay where they are, get smaller towards their ends and vanish."""
    TIME = "time"
    """Moments: things move, grow when they come near, and may be hidden for a while."""


@dataclass(frozen=True, slots=True)
class Row:
    """Planes of an image that differ along one axis only.

    Parameters
    ----------
    base : tuple of int
        One of the planes.
    axis : int
        Which index of the plane varies.
    first, last : int
        Its values, both included.
    kind : Kind
        Depth or time.
    """

    base: Plane
    axis: int
    first: int
    last: int
    kind: Kind = Kind.DEPTH

    def __len__(self) -> int:
        return self.last - self.first + 1

    def __iter__(self) -> Iterator[Plane]:
        return (self.at(place) for place in range(self.first, self.last + 1))

    def at(self, place: int) -> Plane:
        """Return a plane of the row."""
        return (*self.base[: self.axis], place, *self.base[self.axis + 1 :])

    def place_of(self, plane: Plane) -> int | None:
        """Return where a plane lies in the row, None where it does not."""
        if len(plane) != len(self.base) or plane != self.at(plane[self.axis]):
            return None
        return plane[self.axis] if self.first <= plane[self.axis] <= self.last else None
