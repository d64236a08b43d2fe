"""Which of many overlapping regions explain an image best, none on top of another."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from napari_zeroseg.core.mask import Mask

HELD = 0.5
"""A region lies inside a larger one when more than this part of it does."""
SHARED = 0.3
"""Chosen regions may share this part of the smaller one."""


def nesting(masks: Sequence[Mask], shape: tuple[int, int]) -> NDArray[np.intp]:
    """Return for each mask the smallest larger one that holds most of it, -1 for none."""
    order = sorted(range(len(masks)), key=lambda i: -masks[i].area)
    plane = np.full(shape, -1, np.int32)
    parent = np.full(len(masks), -1, np.intp)
    depth = np.zeros(len(masks) + 1, np.intp)  # its last is that of the ground, -1
    for i in order:
        mask = masks[i]
        window = plane[mask.slices]
        parent[i] = _holder(window[mask.pixels], parent, depth)
        depth[i] = depth[parent[i]] + 1
        window[mask.pixels] = i
    return parent


def _holder(below: NDArray[np.int32], parent: NDArray[np.intp], depth: NDArray[np.intp]) -> int:
    """Return the smallest region that lies under more than half of the pixels."""
    if not below.size or below.min() == below.max():
        return int(below[0]) if below.size else -1
    ids, counts = np.unique(below, return_counts=True)
    held: dict[int, int] = {}
    for index, count in zip(ids.tolist(), counts.tolist(), strict=True):
        while index >= 0:
            held[index] = held.get(index, 0) + count
            index = int(parent[index])
    enough = [(count, index) for index, count in held.items() if count > HELD * len(below)]
    # of nested holders the inner one has no more pixels; ties go to the one painted last
    return max((index for _, index in enough), key=lambda i: int(depth[i]), default=-1)


def best_disjoint(
    masks: Sequence[Mask], value: NDArray[np.float64], shape: tuple[int, int], parent: NDArray[np.intp]
) -> list[int]:
    """Return the masks whose values sum to the most when none lies inside another.

    Exact over the forest of ``parent``; what still overlaps by more than ``SHARED`` goes, the
    less valued first.
    """
    order = sorted(range(len(masks)), key=lambda i: masks[i].area)
    inner = np.zeros(len(masks))
    best = np.zeros(len(masks))
    for i in order:
        best[i] = max(value[i], inner[i])
        if parent[i] >= 0:
            inner[parent[i]] += best[i]
    chosen: list[int] = []
    closed = np.zeros(len(masks), bool)
    for i in reversed(order):
        closed[i] = parent[i] >= 0 and closed[parent[i]]
        if not closed[i] and value[i] > 0 and value[i] >= inner[i]:
            chosen.append(i)
            closed[i] = True
    return _without_overlaps(chosen, masks, value, shape)


def _without_overlaps(
    chosen: list[int], masks: Sequence[Mask], value: NDArray[np.float64], shape: tuple[int, int]
) -> list[int]:
    taken = np.zeros(shape, bool)
    kept = []
    for i in sorted(chosen, key=lambda i: -value[i]):
        window = taken[masks[i].slices]
        if np.count_nonzero(window & masks[i].pixels) <= SHARED * masks[i].area:
            window |= masks[i].pixels
            kept.append(i)
    return kept
