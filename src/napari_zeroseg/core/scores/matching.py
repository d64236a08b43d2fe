"""Instances that are matched with true ones, one to one."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from scipy.optimize import linear_sum_assignment

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Labels = NDArray[Any]


@dataclass(frozen=True, slots=True)
class Matched:
    """Counts of matched, superfluous and missed instances; they add up over images."""

    hits: int
    false: int
    missed: int

    def __add__(self, other: Matched) -> Matched:
        return Matched(self.hits + other.hits, self.false + other.false, self.missed + other.missed)

    @property
    def f1(self) -> float:
        """Harmonic mean of precision and recall; 1 where there is nothing and nothing was found."""
        total = 2 * self.hits + self.false + self.missed
        return 2 * self.hits / total if total else 1.0


def instance_iou(truth: Labels, found: Labels) -> NDArray[np.float64]:
    """Return the intersection over union of each true with each found instance.

    Parameters
    ----------
    truth, found : ndarray of int, shape (H, W)
        Instance ids, 0 is background; ids may have gaps.

    Returns
    -------
    ndarray of float, shape (number of true, number of found)
    """
    ids_a, a = np.unique(np.append(truth.ravel(), 0), return_inverse=True)
    ids_b, b = np.unique(np.append(found.ravel(), 0), return_inverse=True)
    shape = (len(ids_a), len(ids_b))
    shared = np.bincount(a[:-1] * shape[1] + b[:-1], minlength=shape[0] * shape[1]).reshape(shape)
    union = shared.sum(1)[:, None] + shared.sum(0)[None] - shared
    return np.asarray((shared / np.maximum(union, 1))[1:, 1:])


def match_instances(truth: Labels, found: Labels, threshold: float = 0.5) -> Matched:
    """Match instances one to one, as many as possible with an IoU of more than ``threshold``."""
    iou = instance_iou(truth, found)
    rows, columns = linear_sum_assignment(-((iou > threshold) + 1e-3 * iou))
    hits = int(np.count_nonzero(iou[rows, columns] > threshold))
    return Matched(hits, iou.shape[1] - hits, iou.shape[0] - hits)
