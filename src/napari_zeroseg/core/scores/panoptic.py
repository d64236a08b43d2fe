"""Panoptic quality: how many segments were found, and how well.

Source: Kirillov, He, Girshick, Rother, Dollár: Panoptic Segmentation (CVPR 2019), section 4.
"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import NDArray

MATCH = 0.5
"""Segments are the same when they overlap (IoU) by more than this; no segment then has two partners."""
UNJUDGED = 0.5
"""A found segment is not judged when more than this part of it has no truth that tells segments apart."""


@dataclass(frozen=True, slots=True)
class Quality:
    """Counts of the segments of one class; they add up over images.

    Parameters
    ----------
    overlap : float
        Sum of the IoUs of matched segments.
    hits, false, missed : int
        Segments that were matched, found without being there, and not found.
    """

    overlap: float = 0.0
    hits: int = 0
    false: int = 0
    missed: int = 0

    def __add__(self, other: Quality) -> Quality:
        return Quality(
            self.overlap + other.overlap,
            self.hits + other.hits,
            self.false + other.false,
            self.missed + other.missed,
        )


@dataclass(frozen=True, slots=True, eq=False)
class Segments:
    """Parts of an image that are told apart.

    Parameters
    ----------
    ids : ndarray of int, shape (H, W)
        0 where there is none.
    classes : mapping of int to int
        The class of each id.
    """

    ids: NDArray[np.int32]
    classes: Mapping[int, int]


def panoptic_quality(
    truth: Segments, found: Segments, void: NDArray[np.bool_], crowd: NDArray[np.integer]
) -> dict[int, Quality]:
    """Return what was found of each class in one image.

    Parameters
    ----------
    truth, found : Segments
        True segments hold no void pixels.
    void : ndarray of bool, shape (H, W)
        Where nothing is known: these pixels of found segments do not count.
    crowd : ndarray of int, shape (H, W)
        The class where segments of a class are not told apart, -1 elsewhere.
    """
    true_ids, true_areas = np.unique(truth.ids, return_counts=True)
    found_ids, found_areas = np.unique(found.ids, return_counts=True)
    areas = dict(zip(found_ids.tolist(), found_areas.tolist(), strict=True))
    sizes = dict(zip(true_ids.tolist(), true_areas.tolist(), strict=True))
    unknown = _areas(found.ids[void])
    matched = _matched(truth, found, sizes, areas, unknown)
    counts: defaultdict[int, Quality] = defaultdict(Quality)
    for number, iou in matched.items():
        counts[found.classes[number[1]]] += Quality(iou, hits=1)
    partners = {a for a, _ in matched}
    for number in sizes.keys() - partners - {0}:
        counts[truth.classes[number]] += Quality(missed=1)
    for number in areas.keys() - {b for _, b in matched} - {0}:
        name = found.classes[number]
        alike = int(np.count_nonzero(crowd[found.ids == number] == name))
        if unknown.get(number, 0) + alike <= UNJUDGED * areas[number]:
            counts[name] += Quality(false=1)
    return dict(counts)


def _areas(ids: NDArray[np.int32]) -> dict[int, int]:
    values, counts = np.unique(ids, return_counts=True)
    return dict(zip(values.tolist(), counts.tolist(), strict=True))


def _matched(
    truth: Segments,
    found: Segments,
    sizes: Mapping[int, int],
    areas: Mapping[int, int],
    unknown: Mapping[int, int],
) -> dict[tuple[int, int], float]:
    """Return the IoU of each pair of segments of one class that are the same."""
    both = (truth.ids > 0) & (found.ids > 0)
    pairs, counts = np.unique(np.stack([truth.ids[both], found.ids[both]]), axis=1, return_counts=True)
    matched = {}
    for (a, b), shared in zip(pairs.T.tolist(), counts.tolist(), strict=True):
        iou = shared / (sizes[a] + areas[b] - shared - unknown.get(b, 0))
        if truth.classes[a] == found.classes[b] and iou > MATCH:
            matched[a, b] = iou
    return matched
