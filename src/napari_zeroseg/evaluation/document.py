"""What came of an evaluation, as a document."""

from __future__ import annotations

from typing import Annotated, Final, Literal

from pydantic import BaseModel, ConfigDict, Field

from napari_zeroseg.core.recipe import Recipe
from napari_zeroseg.core.record import RecordedBackend
from napari_zeroseg.evaluation.published import Published

KIND: Final = "napari-zeroseg evaluation"
"""Value of ``kind``, by which an evaluation is told from other JSON files."""

Share = Annotated[float, Field(ge=0, le=1)]
Count = Annotated[int, Field(ge=0)]

TITLES = {
    "miou": "mIoU",
    "macc": "mAcc",
    "aacc": "aAcc",
    "boundary": "Boundary F",
    "ap": "AP",
    "ap50": "AP at IoU 0.50",
    "ap75": "AP at IoU 0.75",
    "pq": "PQ",
    "sq": "SQ",
    "rq": "RQ",
    "f1": "F1 at IoU 0.50",
}
"""What the scores are called in tables."""


class _Document(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Score(_Document):
    """A score with the ends of its 95 % interval, where there are images enough for one."""

    value: Share
    low: Share | None = None
    high: Share | None = None


class ClassScores(_Document):
    """The scores of one class; None where it has none.

    Attributes
    ----------
    pixels : int
        In the truth.
    objects : int or None
        In the truth, where objects are told apart.
    iou, accuracy, boundary, ap, ap50, pq, sq, rq : float or None
        ``accuracy`` is the part of its pixels that were found.
    """

    name: str
    thing: bool
    pixels: Count
    objects: Count | None = None
    iou: Share | None = None
    accuracy: Share | None = None
    boundary: Share | None = None
    ap: Share | None = None
    ap50: Share | None = None
    pq: Share | None = None
    sq: Share | None = None
    rq: Share | None = None


class Clicks(_Document):
    """What simulated clicks gave.

    Attributes
    ----------
    objects : int
        That were clicked on.
    limit : int
        Clicks after which one was given up.
    to85, to90 : float
        Mean number of clicks to an IoU of 0.85 and 0.90; the limit where it was not met.
    failed85, failed90 : float
        Part of the objects that did not get there.
    iou1, iou3, iou5 : float
        Mean IoU after as many clicks.
    """

    objects: Count
    limit: Count
    to85: float
    to90: float
    failed85: Share
    failed90: Share
    iou1: Share
    iou3: Share
    iou5: Share


class Failure(_Document):
    """An image of which there are no scores, and why."""

    image: str
    problem: str


class Evaluation(_Document):
    """What came of an evaluation.

    Attributes
    ----------
    title : str
        What the data set is called.
    classes_of : str
        The class list, such as ``voc-21``.
    available : int
        Images of the data set.
    images : int
        Those that were scored.
    seconds : float
        Mean time of an image on its worker.
    scores : dict of str to Score
        Over all images, by the names in ``TITLES``.
    confusion : tuple of tuple of int
        Pixels by true class (rows) and found class; a last column beyond the classes is for none.
    resamples, seed : int
        Of the intervals.
    """

    kind: Literal["napari-zeroseg evaluation"] = KIND
    version: Literal[1] = 1
    title: str
    classes_of: str
    available: Count
    images: Count
    seconds: float
    failures: tuple[Failure, ...] = ()
    recipe: Recipe
    suggested_only: bool = False
    backends: tuple[RecordedBackend, ...] = ()
    versions: dict[str, str] = {}
    scores: dict[str, Score]
    classes: tuple[ClassScores, ...]
    confusion: tuple[tuple[Count, ...], ...]
    clicks: Clicks | None = None
    published: tuple[Published, ...] = ()
    resamples: Count
    seed: int
