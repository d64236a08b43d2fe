"""How well classes of pixels agree with the truth, counted over a data set."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Iterable

    from numpy.typing import NDArray

    Labels = NDArray[Any]


@dataclass(frozen=True, slots=True, eq=False)
class Confusion:
    """Pixels by true class (rows) and found class (columns), summed over a data set.

    Parameters
    ----------
    counts : ndarray of int64, shape (C, C) or (C, C + 1)
        The last of C + 1 columns is for pixels that were given no class.

    References
    ----------
    Long, Shelhamer, Darrell: Fully Convolutional Networks for Semantic Segmentation (CVPR 2015), section 5.
    """

    counts: NDArray[np.int64]

    @classmethod
    def of(
        cls, truth: Labels, found: Labels, classes: int, ignore: Iterable[int] = (), *, nothing: bool = False
    ) -> Confusion:
        """Count one image; ids are 0..classes - 1, pixels of ``ignore`` in the truth are left out.

        With ``nothing``, the value ``classes`` in what was found means no class.

        Raises
        ------
        ValueError
            When the shapes differ or an id is out of range.
        """
        if truth.shape != found.shape:
            raise ValueError(f"shapes differ: {truth.shape} and {found.shape}")
        scored = ~np.isin(truth, list(ignore))
        columns = classes + nothing
        a, b = truth[scored].astype(np.int64), found[scored].astype(np.int64)
        if a.size and (min(a.min(), b.min()) < 0 or a.max() >= classes or b.max() >= columns):
            raise ValueError(f"class ids must be 0..{classes - 1}")
        counts = np.bincount(a * columns + b, minlength=classes * columns)
        return cls(counts.reshape(classes, columns))

    def __add__(self, other: Confusion) -> Confusion:
        return Confusion(self.counts + other.counts)

    @property
    def hits(self) -> NDArray[np.int64]:
        """Pixels of each class that were found as such, shape (C,)."""
        return np.diag(self.counts)

    @property
    def true(self) -> NDArray[np.int64]:
        """Pixels of each class in the truth, shape (C,)."""
        return np.asarray(self.counts.sum(axis=1))

    @property
    def found(self) -> NDArray[np.int64]:
        """Pixels that were given each class, shape (C,)."""
        return np.asarray(self.counts.sum(axis=0))[: len(self.counts)]

    @property
    def iou(self) -> NDArray[np.float64]:
        """Intersection over union per class, NaN for a class that is nowhere."""
        return ratio(self.hits, self.found + self.true - self.hits)

    @property
    def recall(self) -> NDArray[np.float64]:
        """Part of the pixels of each class that have it, NaN for a class that is not in the truth."""
        return ratio(self.hits, self.true)

    @property
    def miou(self) -> float:
        """Mean of the classes that occur in truth or answer."""
        return float(np.nanmean(self.iou))

    @property
    def accuracy(self) -> float:
        """Part of the pixels that have the right class."""
        return float(np.trace(self.counts) / self.counts.sum())


def ratio(part: NDArray[Any], whole: NDArray[Any]) -> NDArray[np.float64]:
    """Return part / whole, NaN where the whole is 0."""
    nowhere = np.full(np.shape(part), np.nan)
    return np.asarray(np.divide(part, whole, out=nowhere, where=np.asarray(whole) > 0))


def foreground_iou(truth: Labels, found: Labels) -> float:
    """Return the intersection over union of what is not 0; 1 where both are empty."""
    a, b = np.asarray(truth) > 0, np.asarray(found) > 0
    union = np.count_nonzero(a | b)
    return np.count_nonzero(a & b) / union if union else 1.0
