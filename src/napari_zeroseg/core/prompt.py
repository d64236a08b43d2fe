"""What a segmenter is asked: points, a box, a prior mask."""

from __future__ import annotations

from dataclasses import dataclass, replace

from napari_zeroseg.core.mask import Box, Mask


@dataclass(frozen=True, slots=True)
class Point:
    """A place inside (positive) or outside (negative) the object.

    ``x`` and ``y`` are in pixels; (0, 0) is the centre of the first pixel.
    """

    x: float
    y: float
    positive: bool = True


@dataclass(frozen=True, slots=True, eq=False)
class Prompt:
    """A question for one object."""

    points: tuple[Point, ...] = ()
    box: Box | None = None
    mask: Mask | None = None

    @property
    def positives(self) -> tuple[Point, ...]:
        return tuple(p for p in self.points if p.positive)

    @property
    def negatives(self) -> tuple[Point, ...]:
        return tuple(p for p in self.points if not p.positive)

    def with_points(self, *points: Point) -> Prompt:
        """Return the prompt with points added."""
        return replace(self, points=(*self.points, *points))
