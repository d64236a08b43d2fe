"""The counts of all images together, and the scores that come of them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np

from napari_zeroseg.core.scores.confusion import Confusion, ratio
from napari_zeroseg.core.scores.precision import Detections, Ranking
from napari_zeroseg.evaluation.scoring import Found

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from napari_zeroseg.evaluation.classes import ClassList
    from napari_zeroseg.evaluation.scoring import ImageScores

    Floats = NDArray[np.float64]

AT_50, AT_75 = 0, 5
"""Places of these thresholds among those of average precision."""
_NONE = Found(scores=(), hits=(), ignored=(), true=0)


@dataclass(frozen=True)
class Tally:
    """What was counted in a number of images.

    Each score takes weights, which say how often an image counts: float of shape (images,).

    Parameters
    ----------
    classes : ClassList
        What is scored.
    images : sequence of ImageScores
        One at least.
    """

    classes: ClassList
    images: Sequence[ImageScores]

    @property
    def once(self) -> Floats:
        """Weights by which each image counts once."""
        return np.ones(len(self.images))

    @property
    def has_objects(self) -> bool:
        """Whether objects are told apart."""
        return any(image.panoptic or image.found for image in self.images)

    @cached_property
    def confusion(self) -> Confusion:
        """Of all images; without the column for no class where background is a class."""
        counts = np.zeros((len(self.classes), len(self.classes) + 1), np.int64)
        for image in self.images:
            for row, column, count in image.confusion:
                counts[row, column] += count
        return Confusion(counts[:, : len(self.classes)] if self.classes.background else counts)

    @cached_property
    def _pixels(self) -> Floats:
        """Pixels that are hit, true and found, shape (3, images, C)."""
        pixels = np.zeros((3, len(self.images), len(self.classes) + 1))
        for number, image in enumerate(self.images):
            for row, column, count in image.confusion:
                pixels[1, number, row] += count
                pixels[2, number, column] += count
                pixels[0, number, row] += count * (row == column)
        return pixels[..., :-1]

    @cached_property
    def _boundary(self) -> Floats:
        """Shape (images, C), NaN for classes that an image has not."""
        found = np.full((len(self.images), len(self.classes)), np.nan)
        for number, image in enumerate(self.images):
            for place, value in image.boundary.items():
                found[number, place] = value
        return found

    @cached_property
    def _segments(self) -> Floats:
        """Overlaps, hits, false and missed segments, shape (4, images, C)."""
        counts = np.zeros((4, len(self.images), len(self.classes)))
        for number, image in enumerate(self.images):
            for place, values in image.panoptic.items():
                counts[:, number, place] = values
        return counts

    @cached_property
    def _rankings(self) -> dict[int, Ranking]:
        places = sorted({place for image in self.images for place in image.found})
        return {place: Ranking.of([_found(image, place) for image in self.images]) for place in places}

    def iou(self, weights: Floats) -> Floats:
        """Return the intersection over union of each class, NaN for those that are nowhere."""
        hits, true, found = weights @ self._pixels
        return ratio(hits, true + found - hits)

    def accuracy(self, weights: Floats) -> Floats:
        """Return the part of each class's pixels that were found."""
        hits, true, _ = weights @ self._pixels
        return ratio(hits, true)

    def boundary(self, weights: Floats) -> Floats:
        """Return the boundary F-score of each class, the mean of the images that have it."""
        known = np.isfinite(self._boundary)
        return ratio(weights @ np.where(known, self._boundary, 0.0), weights @ known.astype(np.float64))

    def panoptic(self, weights: Floats) -> Floats:
        """Return panoptic, segmentation and recognition quality of each class, shape (3, C)."""
        overlap, hits, false, missed = weights @ self._segments
        total = hits + (false + missed) / 2
        segmentation = np.where(total > 0, overlap / np.maximum(hits, 1), np.nan)
        return np.stack([ratio(overlap, total), segmentation, ratio(hits, total)])

    def objects(self) -> NDArray[np.int64]:
        """Return the number of true objects of each class."""
        counts = np.zeros(len(self.classes), np.int64)
        for place, ranking in self._rankings.items():
            counts[place] = ranking.true.sum()
        return counts

    def precision(self, weights: Floats) -> Floats:
        """Return the average precision of each class at each threshold, shape (C, 10)."""
        found = np.full((len(self.classes), 10), np.nan)
        for place, ranking in self._rankings.items():
            found[place] = ranking.average_precision(weights)
        return found

    def scores(self, weights: Floats) -> dict[str, float]:
        """Return all scores by name, NaN for those that these images do not have."""
        hits, true, _ = weights @ self._pixels
        found = {
            "miou": _mean(self.iou(weights)),
            "macc": _mean(self.accuracy(weights)),
            "aacc": float(ratio(hits.sum(), true.sum())),
            "boundary": _mean(self.boundary(weights)),
        }
        return found | self._of_objects(weights) if self.has_objects else found

    def _of_objects(self, weights: Floats) -> dict[str, float]:
        precision, panoptic = self.precision(weights), self.panoptic(weights)
        hits, false, missed = (weights @ self._segments)[1:, self.classes.things].sum(axis=1)
        return {
            "ap": _mean(precision),
            "ap50": _mean(precision[:, AT_50]),
            "ap75": _mean(precision[:, AT_75]),
            **{name: _mean(values) for name, values in zip(("pq", "sq", "rq"), panoptic, strict=True)},
            "f1": float(ratio(2 * hits, 2 * hits + false + missed)),
        }


def _found(image: ImageScores, place: int) -> Detections:
    return image.found.get(place, _NONE).detections


def _mean(values: Floats) -> float:
    """Return the mean of what is known, NaN where nothing is."""
    known = values[np.isfinite(values)]
    return float(known.mean()) if known.size else np.nan
