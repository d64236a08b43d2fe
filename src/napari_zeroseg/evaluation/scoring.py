"""What the masks that were found in one image are worth beside the truth."""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING

import numpy as np
from pydantic import BaseModel, ConfigDict

from napari_zeroseg.core.compose import by_rising_priority
from napari_zeroseg.core.errors import BadFileError
from napari_zeroseg.core.scores.boundary import class_boundary_f
from napari_zeroseg.core.scores.confusion import Confusion
from napari_zeroseg.core.scores.panoptic import Quality, Segments, panoptic_quality
from napari_zeroseg.core.scores.precision import THRESHOLDS, Detections, match_detections
from napari_zeroseg.evaluation.classes import IGNORED

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from numpy.typing import NDArray

    from napari_zeroseg.api import Result
    from napari_zeroseg.core.instance import Instance
    from napari_zeroseg.evaluation.classes import ClassList
    from napari_zeroseg.evaluation.truth import Truth


class Found(BaseModel):
    """Detections of one class in one image, the best score first; bits stand for the thresholds."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    scores: tuple[float, ...]
    hits: tuple[int, ...]
    ignored: tuple[int, ...]
    true: int

    @classmethod
    def of(cls, detections: Detections) -> Found:
        d = detections
        return cls(scores=tuple(d.scores.tolist()), hits=_bits(d.hits), ignored=_bits(d.ignored), true=d.true)

    @property
    def detections(self) -> Detections:
        scores = np.array(self.scores, np.float64)
        return Detections(scores, _flags(self.hits), _flags(self.ignored), self.true)


def _bits(flags: NDArray[np.bool_]) -> tuple[int, ...]:
    return tuple(((1 << np.arange(len(flags))) @ flags).tolist())


def _flags(bits: Iterable[int]) -> NDArray[np.bool_]:
    values = np.array(tuple(bits), np.int64)
    return np.asarray((values >> np.arange(len(THRESHOLDS))[:, None]) & 1, bool)


class ImageScores(BaseModel):
    """What is counted in one image; classes are told by their places.

    Attributes
    ----------
    confusion : tuple of (int, int, int)
        True class, found class and number of pixels, where there are any.
    boundary : dict of int to float
        Boundary F-score of each class that is there or was found.
    panoptic : dict of int to (float, int, int, int)
        Sum of overlaps, hits, false and missed segments, where objects are told apart.
    found : dict of int to Found
        Detections of each class that is there or was found, where objects are told apart.
    clicks : tuple of tuple of float
        For each object that was clicked on, the IoU after each click.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    confusion: tuple[tuple[int, int, int], ...]
    boundary: dict[int, float]
    panoptic: dict[int, tuple[float, int, int, int]] = {}
    found: dict[int, Found] = {}
    clicks: tuple[tuple[float, ...], ...] = ()


def score(
    result: Result, truth: Truth, classes: ClassList, most: int | None, clicks: Iterable[Iterable[float]] = ()
) -> ImageScores:
    """Compare what was found in one image with the truth.

    Parameters
    ----------
    result : Result
        What was found.
    truth : Truth
        What is there.
    classes : ClassList
        What is scored.
    most : int or None
        Detections of a class that count for average precision.
    clicks : iterable, optional
        What simulated clicks gave.

    Raises
    ------
    BadFileError
        When the image and the truth have other sizes.
    """
    if result.shape != truth.classes.shape or result.grid.depth:
        raise BadFileError(
            f"The image has planes of {result.shape} pixels, its truth {truth.classes.shape}.",
            remedy="Give label files of the images' rows and columns.",
        )
    found = classes.places_in(result.vocabulary)[result.semantic()]
    boundary = dict(class_boundary_f(truth.classes, found, IGNORED))
    boundary.pop(len(classes), None)  # where no class was given
    return ImageScores(
        confusion=tuple(_confusion(truth.classes, found, len(classes))),
        boundary=boundary,
        panoptic=_panoptic(result, truth, classes),
        found=_detections(result, truth, classes, most),
        clicks=tuple(tuple(ious) for ious in clicks),
    )


def _confusion(
    truth: NDArray[np.int16], found: NDArray[np.int16], classes: int
) -> Iterator[tuple[int, int, int]]:
    counts = Confusion.of(truth, found, classes, (IGNORED,), nothing=True).counts
    for row, column in zip(*np.nonzero(counts), strict=True):
        yield int(row), int(column), int(counts[row, column])


def _placed(result: Result, classes: ClassList) -> list[tuple[Instance, int]]:
    """Return the instances as they are drawn, with the places of their classes."""
    places = classes.places_in(result.vocabulary).tolist()
    return [(i, places[result.vocabulary.id_of(i.name)]) for i in by_rising_priority(result.instances)]


def _panoptic(result: Result, truth: Truth, classes: ClassList) -> dict[int, tuple[float, int, int, int]]:
    if truth.objects is None:
        return {}
    crowd = np.where((truth.objects == 0) & (truth.classes != IGNORED), truth.classes, IGNORED)
    crowd[(crowd != IGNORED) & ~classes.things[crowd]] = IGNORED
    counts = panoptic_quality(
        _true_segments(truth, classes), _found_segments(result, classes), truth.classes == IGNORED, crowd
    )
    return {place: _plain(quality) for place, quality in counts.items()}


def _plain(quality: Quality) -> tuple[float, int, int, int]:
    return quality.overlap, quality.hits, quality.false, quality.missed


def _true_segments(truth: Truth, classes: ClassList) -> Segments:
    """Return objects, and all of a class as one where objects are not told apart."""
    assert truth.objects is not None
    named = {number: place for number, place, _ in truth.masks()}
    ids = truth.objects.copy()
    for place in _stuff(classes):
        here = truth.classes == place
        if here.any():
            number = max(named, default=0) + 1
            ids[here] = number
            named[number] = place
    return Segments(ids, named)


def _stuff(classes: ClassList) -> list[int]:
    """Return the places of classes without objects; background is no segment."""
    return [place for place, c in enumerate(classes.classes) if not c.thing][1 if classes.background else 0 :]


def _found_segments(result: Result, classes: ClassList) -> Segments:
    ids = np.zeros(result.shape, np.int32)
    named: dict[int, int] = {}
    whole = {place: number for number, place in enumerate(_stuff(classes), 1)}
    for number, (instance, place) in enumerate(_placed(result, classes), len(whole) + 1):
        chosen = 0 if place == classes.unclaimed else whole.get(place, number)
        ids[instance.mask.slices][instance.mask.pixels] = chosen
        named[chosen] = place
    return Segments(ids, named)


def _detections(result: Result, truth: Truth, classes: ClassList, most: int | None) -> dict[int, Found]:
    if truth.objects is None:
        return {}
    claims: defaultdict[int, list[Instance]] = defaultdict(list)
    for instance, place in _placed(result, classes):
        if place != classes.unclaimed and classes.classes[place].thing:
            claims[place].append(instance)
    there: defaultdict[int, dict[int, int]] = defaultdict(dict)
    for number, place, mask in truth.masks():
        there[place][number] = mask.area
    return {
        place: Found.of(_matched(claims[place], there[place], truth, place, most))
        for place in sorted(claims.keys() | there.keys())
    }


def _matched(
    instances: list[Instance], areas: dict[int, int], truth: Truth, place: int, most: int | None
) -> Detections:
    """Match instances of a class with its objects, given by id and area."""
    assert truth.objects is not None
    columns = {number: column for column, number in enumerate(areas)}
    overlaps = np.zeros((len(instances), len(areas)))
    crowd = np.zeros(len(instances))
    for row, instance in enumerate(instances):
        mask = instance.mask
        ids = truth.objects[mask.slices][mask.pixels]
        known = truth.classes[mask.slices][mask.pixels]
        crowd[row] = np.mean((known == IGNORED) | ((known == place) & (ids == 0)))
        for number, shared in zip(*np.unique(ids, return_counts=True), strict=True):
            if int(number) in columns:
                union = mask.area + areas[int(number)] - shared
                overlaps[row, columns[int(number)]] = shared / union
    scores = np.array([instance.score for instance in instances], np.float64)
    return match_detections(overlaps, crowd, scores, most)
