"""How well masks agree with the truth: overlap of classes over a data set, matched instances."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from scipy.optimize import linear_sum_assignment

if TYPE_CHECKING:
    from collections.abc import Iterable

    from numpy.typing import NDArray

    Labels = NDArray[Any]


@dataclass(frozen=True, slots=True, eq=False)
class Confusion:
    """Pixels by true class (rows) and found class (columns), summed over a data set.

    Parameters
    ----------
    counts : ndarray of int64, shape (C, C)
    """

    counts: NDArray[np.int64]

    @classmethod
    def of(cls, truth: Labels, found: Labels, classes: int, ignore: Iterable[int] = ()) -> Confusion:
        """Count one image; ids are 0..classes - 1, pixels of ``ignore`` in the truth are left out.

        Raises
        ------
        ValueError
            When the shapes differ or an id is out of range.
        """
        if truth.shape != found.shape:
            raise ValueError(f"shapes differ: {truth.shape} and {found.shape}")
        scored = ~np.isin(truth, list(ignore))
        a, b = truth[scored].astype(np.int64), found[scored].astype(np.int64)
        if a.size and (min(a.min(), b.min()) < 0 or max(a.max(), b.max()) >= classes):
            raise ValueError(f"class ids must be 0..{classes - 1}")
        counts = np.bincount(a * classes + b, minlength=classes**2)
        return cls(counts.reshape(classes, classes))

    def __add__(self, other: Confusion) -> Confusion:
        return Confusion(self.counts + other.counts)

    @property
    def iou(self) -> NDArray[np.float64]:
        """Intersection over union per class, NaN for a class that is nowhere."""
        both = np.diag(self.counts).astype(np.float64)
        union = self.counts.sum(0) + self.counts.sum(1) - both
        return np.asarray(np.divide(both, union, out=np.full(len(both), np.nan), where=union > 0))

    @property
    def miou(self) -> float:
        """Mean of the classes that occur in truth or answer."""
        return float(np.nanmean(self.iou))

    @property
    def accuracy(self) -> float:
        """Part of the pixels that have the right class."""
        return float(np.trace(self.counts) / self.counts.sum())


def foreground_iou(truth: Labels, found: Labels) -> float:
    """Return the intersection over union of what is not 0; 1 where both are empty."""
    a, b = np.asarray(truth) > 0, np.asarray(found) > 0
    union = np.count_nonzero(a | b)
    return np.count_nonzero(a & b) / union if union else 1.0


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
