"""Average precision of instances, as COCO counts it.

Source: Lin et al., Microsoft COCO: Common Objects in Context (ECCV 2014), and the evaluation that comes with
it, ``PythonAPI/pycocotools/cocoeval.py`` of https://github.com/cocodataset/cocoapi.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    Floats = NDArray[np.float64]
    Flags = NDArray[np.bool_]

THRESHOLDS = np.linspace(0.5, 0.95, 10)
"""IoU from which a detection is right."""
RECALLS = np.linspace(0.0, 1.0, 101)
"""Where precision is read off."""
MOST = 100
"""Detections of a class in an image that COCO looks at, those of the highest scores."""
_ALMOST_ONE = 1 - 1e-10


@dataclass(frozen=True, slots=True, eq=False)
class Detections:
    """What was found of one class in one image.

    Parameters
    ----------
    scores : ndarray of float64, shape (D,)
        Falling.
    hits, ignored : ndarray of bool, shape (10, D)
        Whether a detection is right, and whether it is not judged, at each threshold.
    true : int
        Instances that there are.
    """

    scores: Floats
    hits: Flags
    ignored: Flags
    true: int


def match_detections(overlaps: Floats, crowd: Floats, scores: Floats, most: int | None = MOST) -> Detections:
    """Match the detections of one class in one image with its true instances, the best score first.

    Parameters
    ----------
    overlaps : ndarray of float64, shape (D, G)
        IoU of each detection with each true instance.
    crowd : ndarray of float64, shape (D,)
        Part of each detection that lies where instances are not told apart.
    scores : ndarray of float64, shape (D,)
        In any order.
    most : int, optional
        How many detections count; all where it is None.
    """
    order = np.argsort(-scores, kind="stable")[:most]
    hits = np.zeros((len(THRESHOLDS), len(order)), bool)
    ignored = np.zeros_like(hits)
    for row, threshold in enumerate(np.minimum(THRESHOLDS, _ALMOST_ONE)):
        free = overlaps[order].copy()
        for number, ious in enumerate(free):
            best = ious.max(initial=0.0)
            if best >= threshold:
                # of equal ones the last, as in the reference
                free[:, np.flatnonzero(ious == best)[-1]] = -1
                hits[row, number] = True
        ignored[row] = ~hits[row] & (crowd[order] >= threshold)
    return Detections(scores[order], hits, ignored, overlaps.shape[1])


@dataclass(frozen=True, slots=True, eq=False)
class Ranking:
    """The detections of one class in all images, the best score first.

    Parameters
    ----------
    images : ndarray of int, shape (D,)
        The image of each detection.
    hits, ignored : ndarray of bool, shape (10, D)
        As in :class:`Detections`.
    true : ndarray of int, shape (N,)
        True instances of each image.
    """

    images: NDArray[np.intp]
    hits: Flags
    ignored: Flags
    true: NDArray[np.int64]

    @classmethod
    def of(cls, images: Sequence[Detections]) -> Ranking:
        scores = np.concatenate([d.scores for d in images])
        order = np.argsort(-scores, kind="stable")
        numbers = np.repeat(np.arange(len(images)), [len(d.scores) for d in images])
        hits = np.concatenate([d.hits for d in images], axis=1)
        ignored = np.concatenate([d.ignored for d in images], axis=1)
        true = np.array([d.true for d in images], np.int64)
        return cls(numbers[order], hits[:, order], ignored[:, order], true)

    def average_precision(self, weights: Floats | None = None) -> Floats:
        """Return the average precision at each threshold, shape (10,); NaN where nothing is there to find.

        Parameters
        ----------
        weights : ndarray of float, shape (N,), optional
            How often each image counts; once by default.
        """
        weights = np.ones(len(self.true)) if weights is None else weights
        total = float(weights @ self.true)
        if not total:
            return np.full(len(THRESHOLDS), np.nan)
        counts = weights[self.images]
        hits = np.cumsum(self.hits * counts, axis=1)
        wrong = np.cumsum((~self.hits & ~self.ignored) * counts, axis=1)
        precision = hits / (hits + wrong + np.spacing(1))
        # the best at a recall or a higher one, and none beyond the last detection
        best = np.maximum.accumulate(np.pad(precision, ((0, 0), (0, 1)))[:, ::-1], axis=1)[:, ::-1]
        places = (np.searchsorted(row, RECALLS, side="left") for row in hits / total)
        return np.array([row[place].mean() for row, place in zip(best, places, strict=True)])
