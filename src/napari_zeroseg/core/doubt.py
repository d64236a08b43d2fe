"""How likely a mask is wrong, and why: what a person should look at first.

Each sign of an error is a share of doubt, 0..1; together they are combined as if independent. The
weights were chosen on nuclei of many kinds, where they tell wrong masks from right ones better than
the score alone does (``benchmarks/review.py``).
"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from math import log2, prod
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from napari_zeroseg.core.instance import Instance

QUALITY, SCORE, AGREEMENT, STABILITY, SIZE, BORDER = 0.9, 0.5, 0.7, 0.3, 0.5, 0.15
"""Most that each sign can add to the doubt."""
UNSTEADY = (0.8, 0.2)
"""Stability at which doubt begins, and is full."""
APART = (0.95, 0.5)
"""Agreement of the two passes at which doubt begins, and is full."""
UNUSUAL = (0.5, 2.5)
"""Octaves of area from the usual one at which doubt begins, and is full."""
WORTH_SAYING = 0.1
"""Smaller doubts have no reason worth reading."""


@dataclass(frozen=True, slots=True)
class Doubt:
    """One sign that a mask may be wrong: its weight, 0..1, and what it is in words."""

    share: float
    reason: str


def risk(doubts: Iterable[Doubt]) -> float:
    """Return how likely a mask is wrong, 0..1."""
    return 1 - prod(1 - doubt.share for doubt in doubts)


def reasons(doubts: Iterable[Doubt]) -> tuple[str, ...]:
    """Return what is worth saying, the strongest first."""
    ranked = sorted(doubts, key=lambda d: -d.share)
    return tuple(d.reason for d in ranked if d.share >= WORTH_SAYING)


def usual_areas(instances: Iterable[Instance]) -> Mapping[str, float]:
    """Return the median area in pixels of each class."""
    areas: dict[str, list[int]] = defaultdict(list)
    for instance in instances:
        areas[instance.name].append(instance.mask.area)
    return {name: float(np.median(values)) for name, values in areas.items()}


def doubts_of(instance: Instance, shape: tuple[int, int], usual_area: float) -> tuple[Doubt, ...]:
    """Return the signs that an instance may be wrong.

    Parameters
    ----------
    instance : Instance
        With a trimmed mask.
    shape : tuple of int
        (H, W) of the plane.
    usual_area : float
        Of its class in the image, in pixels.
    """
    return tuple(doubt for doubt in _signs(instance, shape, usual_area) if doubt.share > 0)


def _signs(instance: Instance, shape: tuple[int, int], usual_area: float) -> Iterator[Doubt]:
    made = instance.provenance
    yield Doubt(SCORE * (1 - instance.score), f"low score: {instance.score:.2f}")
    if made.quality is not None:
        yield Doubt(QUALITY * (1 - made.quality), f"the model is unsure of the outline: {made.quality:.2f}")
    if made.agreement is not None:
        yield Doubt(
            AGREEMENT * _between(made.agreement, *APART),
            f"the two passes disagree: {made.agreement:.0%} in common",
        )
    if made.stability is not None:
        yield Doubt(STABILITY * _between(made.stability, *UNSTEADY), "the outline is unsteady")
    yield _of_size(instance.mask.area, usual_area)
    if _touches_border(instance, shape):
        yield Doubt(BORDER, "touches the border of the image")


def _of_size(area: int, usual: float) -> Doubt:
    octaves = log2(max(area, 1) / max(usual, 1))
    which = "larger" if octaves > 0 else "smaller"
    return Doubt(SIZE * _between(abs(octaves), *UNUSUAL), f"much {which} than most of its class")


def _touches_border(instance: Instance, shape: tuple[int, int]) -> bool:
    x0, y0, x1, y1 = instance.mask.box
    return x0 <= 0 or y0 <= 0 or x1 >= shape[1] or y1 >= shape[0]


def _between(value: float, begins: float, full: float) -> float:
    return min(max((value - begins) / (full - begins), 0.0), 1.0)
