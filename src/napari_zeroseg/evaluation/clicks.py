"""A person who clicks until the mask is good enough, simulated as in the literature."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from scipy import ndimage

from napari_zeroseg.core.mask import Mask
from napari_zeroseg.core.prompt import Point, Prompt

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence

    from numpy.typing import NDArray

LIMIT = 20
"""Clicks after which a simulated person gives up."""
SMALLEST = 100
"""Pixels of the smallest objects that are clicked on."""
NOTHING = Mask((0, 0), np.zeros((0, 0), bool))


@dataclass(frozen=True, slots=True)
class Trial:
    """What one object took.

    Parameters
    ----------
    points : tuple of Point
        The clicks, in order.
    ious : tuple of float
        Intersection over union after each click.
    reached : bool
        Whether the target was met within the limit.
    """

    points: tuple[Point, ...]
    ious: tuple[float, ...]
    reached: bool

    @property
    def clicks(self) -> int:
        """Number of clicks; the limit for an object that never got there."""
        return len(self.points)


def simulate(
    answer: Callable[[Prompt], Mask], truth: Mask, *, target: float = 0.85, limit: int = LIMIT
) -> Trial:
    """Click on one object until its mask is good enough.

    Parameters
    ----------
    answer : callable
        Gets all clicks so far and the mask that they gave, returns the next mask.
    truth : Mask
        The object.
    target : float
        Intersection over union at which the clicking stops.
    limit : int
        The most clicks.

    References
    ----------
    Sofiiuk, Petrov, Konushin: Reviving Iterative Training with Mask Guidance for Interactive
    Segmentation (2021), section 4.
    """
    prompt, ious = Prompt(), list[float]()
    while len(ious) < limit and (not ious or ious[-1] < target):
        click = next_click(truth, prompt.mask or NOTHING, prompt.points)
        asked = prompt.with_points(click)
        mask = answer(asked)
        prompt = Prompt(asked.points, mask=mask)
        ious.append(truth.iou(mask))
    return Trial(prompt.points, tuple(ious), bool(ious) and ious[-1] >= target)


def sampled(masks: Iterable[Mask], count: int, seed: int = 0) -> Iterator[Mask]:
    """Yield some of the masks that are not small, in their order; the same seed gives the same ones."""
    large = [mask for mask in masks if mask.area >= SMALLEST]
    chosen = np.random.default_rng(seed).permutation(len(large))[:count]
    return (large[number] for number in sorted(chosen.tolist()))


def needed(ious: Sequence[float], target: float, limit: int = LIMIT) -> int:
    """Return the clicks after which the target was met; the limit where it never was."""
    return next((number for number, iou in enumerate(ious, 1) if iou >= target), limit)


def iou_after(ious: Sequence[float], clicks: int) -> float:
    """Return the IoU after a number of clicks, or after the last where there were fewer."""
    return ious[min(clicks, len(ious)) - 1]


def next_click(truth: Mask, answer: Mask, before: tuple[Point, ...] = ()) -> Point:
    """Return the inner-most point of the largest error: positive where object is missing.

    Raises
    ------
    ValueError
        When the answer has no error that was not clicked already.
    """
    origin, wanted, given = _common_window(truth, answer)
    region = _largest_region(wanted & ~given, given & ~wanted)
    depth = ndimage.distance_transform_edt(np.pad(region, 1))[1:-1, 1:-1]
    for point in before:
        _forget(depth, int(point.y) - origin[0], int(point.x) - origin[1])
    if not depth.any():
        raise ValueError("The answer has no error left to click on.")
    row, col = np.unravel_index(int(depth.argmax()), depth.shape)
    return Point(float(col + origin[1]), float(row + origin[0]), positive=bool(wanted[row, col]))


def _common_window(truth: Mask, answer: Mask) -> tuple[tuple[int, int], NDArray[np.bool_], NDArray[np.bool_]]:
    masks = [m for m in (truth, answer) if m.area]
    starts = np.min([m.origin for m in masks], axis=0)
    stops = np.max([[s.stop for s in m.slices] for m in masks], axis=0)
    window = (slice(int(starts[0]), int(stops[0])), slice(int(starts[1]), int(stops[1])))
    return (int(starts[0]), int(starts[1])), truth.within(window), answer.within(window)


def _largest_region(missing: NDArray[np.bool_], surplus: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """Return the largest connected error; missing and surplus pixels never join."""
    regions = [np.zeros_like(missing)]
    for wrong in (missing, surplus):
        labels, count = ndimage.label(wrong)
        if count:
            regions.append(labels == 1 + int(np.bincount(labels.ravel())[1:].argmax()))
    return max(regions, key=np.count_nonzero)


def _forget(depth: NDArray[np.float64], row: int, col: int) -> None:
    if 0 <= row < depth.shape[0] and 0 <= col < depth.shape[1]:
        depth[row, col] = 0
