"""What was counted, summed up as a document."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from napari_zeroseg.api import versions
from napari_zeroseg.backends.identity import models_of_recipe
from napari_zeroseg.core.scores.bootstrap import Bootstrap
from napari_zeroseg.evaluation.clicks import LIMIT, iou_after, needed
from napari_zeroseg.evaluation.document import ClassScores, Clicks, Evaluation, Score
from napari_zeroseg.evaluation.published import published
from napari_zeroseg.evaluation.tally import AT_50

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from numpy.typing import NDArray

    from napari_zeroseg.evaluation.document import Failure
    from napari_zeroseg.evaluation.one import Exam
    from napari_zeroseg.evaluation.tally import Tally


def summed_up(
    tally: Tally,
    exam: Exam,
    available: int,
    failures: tuple[Failure, ...],
    seconds: float,
    resamples: int,
) -> Evaluation:
    """Return the document of an evaluation.

    Parameters
    ----------
    tally : Tally
        What was counted in the images that were scored.
    exam : Exam
        What was done with them.
    available : int
        Images of the data set.
    failures : tuple of Failure
        Images without scores.
    seconds : float
        That an image took.
    resamples : int
        How often images are drawn again for the intervals.
    """
    bootstrap = Bootstrap(len(tally.images), exam.seed, resamples)
    return Evaluation(
        title=exam.classes.title,
        classes_of=exam.classes.key,
        available=available,
        images=len(tally.images),
        seconds=round(seconds, 3),
        failures=failures,
        recipe=exam.recipe.shareable(),
        suggested_only=exam.suggested_only,
        backends=models_of_recipe(exam.recipe),
        versions=versions(),
        scores=dict(_scores(tally, bootstrap)),
        classes=tuple(_class_scores(tally)),
        confusion=tuple(map(tuple, tally.confusion.counts.tolist())),
        clicks=_clicks([ious for image in tally.images for ious in image.clicks]),
        published=published(exam.classes.key),
        resamples=resamples,
        seed=exam.seed,
    )


def _scores(tally: Tally, bootstrap: Bootstrap) -> Iterator[tuple[str, Score]]:
    intervals = bootstrap.intervals(tally.scores)
    for name, value in tally.scores(tally.once).items():
        if np.isfinite(value):
            low, high = map(_share, intervals[name]) if name in intervals else (None, None)
            yield name, Score(value=_share(value), low=low, high=high)


def _share(value: float) -> float:
    """Return a part of a whole without what rounding adds to it."""
    return min(max(float(value), 0.0), 1.0)


def _class_scores(tally: Tally) -> Iterator[ClassScores]:
    once = tally.once
    precision, (pq, sq, rq) = tally.precision(once), tally.panoptic(once)
    columns = {
        "iou": tally.iou(once),
        "accuracy": tally.accuracy(once),
        "boundary": tally.boundary(once),
        "ap": precision.mean(axis=1),
        "ap50": precision[:, AT_50],
        "pq": pq,
        "sq": sq,
        "rq": rq,
    }
    objects = tally.objects()
    for place, one in enumerate(tally.classes.classes):
        yield ClassScores(
            name=one.name,
            thing=one.thing,
            pixels=int(tally.confusion.true[place]),
            objects=int(objects[place]) if one.thing and tally.has_objects else None,
            **{name: _known(values, place) for name, values in columns.items()},
        )


def _known(values: NDArray[np.float64], place: int) -> float | None:
    return _share(values[place]) if np.isfinite(values[place]) else None


def _clicks(trials: Sequence[Sequence[float]]) -> Clicks | None:
    if not trials:
        return None

    def mean(of: Callable[[Sequence[float]], float]) -> float:
        return float(np.mean([of(ious) for ious in trials]))

    return Clicks(
        objects=len(trials),
        limit=LIMIT,
        to85=mean(lambda ious: needed(ious, 0.85)),
        to90=mean(lambda ious: needed(ious, 0.9)),
        failed85=mean(lambda ious: max(ious) < 0.85),
        failed90=mean(lambda ious: max(ious) < 0.9),
        iou1=mean(lambda ious: iou_after(ious, 1)),
        iou3=mean(lambda ious: iou_after(ious, 3)),
        iou5=mean(lambda ious: iou_after(ious, 5)),
    )
