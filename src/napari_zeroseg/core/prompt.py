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

    def within(self, shape: tuple[int, int]) -> bool:
        """Say whether the place lies on a pixel of a plane of (H, W)."""
        return -0.5 <= self.x < shape[1] - 0.5 and -0.5 <= self.y < shape[0] - 0.5


@dataclass(frozen=True, slots=True, eq=False)
class Prompt:
    """A question for one object."""

    points: tuple[Point, ...] = ()
    box: Box | None = None
    mask: Mask | None = None

    @property
    def asks(self) -> bool:
        """Whether there is anything to answer; an earlier mask alone needs no answer."""
        return bool(self.points) or self.box is not None

    @property
    def positives(self) -> tuple[Point, ...]:
        return tuple(p for p in self.points if p.positive)

    @property
    def negatives(self) -> tuple[Point, ...]:
        return tuple(p for p in self.points if not p.positive)

    def with_points(self, *points: Point) -> Prompt:
        """Return the prompt with points added."""
        return replace(self, points=(*self.points, *points))
