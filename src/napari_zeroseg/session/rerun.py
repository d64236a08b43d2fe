"""What a new run changed among the proposals, as an immutable value."""

from __future__ import annotations

from collections import Counter, defaultdict
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from napari_zeroseg.core.boxes import box_iou

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from napari_zeroseg.core.instance import Instance

SAME = 0.5
"""Proposals that overlap (IoU) by at least this much are one object, found again."""


@dataclass(frozen=True, slots=True, eq=False)
class Difference:
    """Proposals before and after a run.

    Parameters
    ----------
    new : tuple of Instance
        What was not there before.
    gone : tuple of Instance
        What was not found again.
    again : tuple of Instance
        What was found again, as it is now.
    """

    new: tuple[Instance, ...]
    gone: tuple[Instance, ...]
    again: tuple[Instance, ...]

    @property
    def text(self) -> str:
        """Return it in words, class by class."""
        new, gone, again = (Counter(i.name for i in part) for part in (self.new, self.gone, self.again))
        names = dict.fromkeys((*again, *gone, *new))
        return "\n".join(f"{n}: {new[n]} new, {gone[n]} gone, {again[n]} as before" for n in names)


def compare(before: Iterable[Instance], after: Iterable[Instance]) -> Difference:
    """Match the proposals before and after a run, one to one, class by class and plane by plane."""
    olds, news = _grouped(before), _grouped(after)
    new: list[Instance] = []
    gone: list[Instance] = []
    again: list[Instance] = []
    for place in {**olds, **news}:
        old, left = olds.get(place, []), news.get(place, [])
        found = _matched(old, left)
        gone += [i for n, i in enumerate(old) if n not in found]
        again += [left[n] for n in found.values()]
        new += [i for n, i in enumerate(left) if n not in set(found.values())]
    return Difference(tuple(new), tuple(gone), tuple(again))


def _grouped(instances: Iterable[Instance]) -> dict[tuple[str, tuple[int, ...]], list[Instance]]:
    grouped = defaultdict(list)
    for instance in instances:
        grouped[instance.name, instance.plane].append(instance)
    return grouped


def _matched(old: Sequence[Instance], new: Sequence[Instance]) -> dict[int, int]:
    """Return for each old instance that was found again which new one it is."""
    if not new:
        return {}
    boxes = np.array([i.mask.box for i in new], float)
    free = np.ones(len(new), bool)
    found: dict[int, int] = {}
    for n, instance in enumerate(old):
        near = np.flatnonzero(free & (box_iou(np.array([instance.mask.box]), boxes)[0] > 0))
        overlap = [instance.mask.iou(new[i].mask) for i in near.tolist()]
        if overlap and max(overlap) >= SAME:
            found[n] = int(near[int(np.argmax(overlap))])
            free[found[n]] = False
    return found
