"""What the head of ``lmseg`` learns from a few corrected images, beside a random forest on its features."""

from __future__ import annotations

import time
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Any

import numpy as np
from sklearn.ensemble import RandomForestClassifier

from benchmarks._data import Sample, samples
from napari_zeroseg.backends.lmseg.head import held
from napari_zeroseg.backends.lmseg.training import with_height
from napari_zeroseg.backends.registry import backends_of
from napari_zeroseg.core.cost_map import fused, shares
from napari_zeroseg.core.events import HeadLearned
from napari_zeroseg.core.grid import on_grid
from napari_zeroseg.core.image import plane_from_array
from napari_zeroseg.core.lmseg import LmsegParameters
from napari_zeroseg.core.method import Method
from napari_zeroseg.core.recipe import Recipe
from napari_zeroseg.core.scores.confusion import Confusion
from napari_zeroseg.core.vocabulary import Vocabulary
from napari_zeroseg.methods.grounded import described_by
from napari_zeroseg.methods.learning import UNKNOWN, Corrected, learn_head
from napari_zeroseg.methods.lmseg import Features, features_of

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from numpy.typing import NDArray

    Floats = NDArray[np.float32]

TREES = 100
FOREST_PIXELS = 200_000
"""Drawn by lot from the corrected images, for the forest."""


@dataclass(frozen=True)
class Task:
    """A data set, cut in two by the names of its images, in their order.

    Parameters
    ----------
    data : str
        Its name.
    words : str
        The classes.
    ids : tuple of int
        The truth's id of what belongs to no class, and of each class; -1 where there is no such id.
    corrected : int
        How many images are learned from.
    upright : bool
        Whether up is up.
    """

    data: str
    words: str
    ids: tuple[int, ...]
    corrected: int
    upright: bool


TASKS = (
    Task(
        "wbc_blood",
        "white blood cell nucleus: dark purple, compact; "
        "white blood cell cytoplasm: pale, around the nucleus",
        (0, 2, 1),
        5,
        upright=False,
    ),
    Task(
        "camvid",
        "sky; building; pole; road; pavement; tree; sign symbol; fence; car; pedestrian; bicyclist",
        (-1, *range(1, 12)),
        8,
        upright=True,
    ),
)


def run() -> dict[str, Any]:
    """Print and return mean IoU on the images that were not learned from, and seconds."""
    return {task.data: _measure(task) for task in TASKS}


def _measure(task: Task) -> dict[str, Any]:
    ordered = sorted(samples(task.data), key=lambda sample: sample.stem)
    taught, rest = ordered[: task.corrected], ordered[task.corrected :]
    recipe = Recipe(method=Method.LMSEG, lmseg=LmsegParameters(upright=task.upright))
    backends, vocabulary = backends_of(recipe), Vocabulary.parse(task.words)
    classes = described_by(backends.refiner, vocabulary).classes
    wall, processor = time.perf_counter(), time.process_time()
    pages = [partial(_page, sample, task.ids) for sample in taught]
    *_, last = (
        e for e in learn_head(pages, vocabulary, backends, recipe, "bench") if isinstance(e, HeadLearned)
    )
    took = {"seconds": time.perf_counter() - wall, "processor": time.process_time() - processor}
    head = held(last.head)
    see = partial(features_of, classes=classes, backends=backends, side=recipe.lmseg.grid)
    seen = [(sample, see(plane_from_array(sample.image))) for sample in rest]
    known = [see(plane_from_array(s.image)) for s in taught]
    forest = _forest(known, taught, task.ids, upright=False)

    def untrained(features: Features) -> Floats:
        aligned = features.aligned
        return shares(fused(aligned.dense, features.detail, recipe.lmseg.weight), aligned)

    ways: dict[str, Callable[[Features], Floats]] = {
        "training-free": untrained,
        "random forest, same features": forest,
        **({"the same, and height": _forest(known, taught, task.ids, upright=True)} if task.upright else {}),
        "learned head": lambda f: head.probabilities(f.aligned, f.detail),
    }
    found = {way: _scored(seen, task.ids, answer) for way, answer in ways.items()}
    print(f"{task.data}: {len(taught)} images learned from, {len(rest)} others")
    for way, total in found.items():
        print(f"  {way:30s} mIoU {total.miou:.3f}, accuracy {total.accuracy:.3f}")
    print(f"  learning took {took['seconds']:.0f} s, {took['processor']:.0f} s of processor time")
    print(
        f"  on what was held out: {last.before:.3f} before, {last.after:.3f} after, {head.card.epochs} epochs"
    )
    miou = {way: {"miou": t.miou, "iou": t.iou.tolist()} for way, t in found.items()}
    return {"ways": miou, **took, "head": head.card.model_dump(mode="json")}


def _page(sample: Sample, ids: Sequence[int]) -> Corrected:
    labels = np.full(sample.labels.shape, UNKNOWN, np.uint8)
    for number, own in enumerate(ids):
        labels[sample.labels == own] = number
    return Corrected(plane_from_array(sample.image), labels)


def _scored(
    seen: Sequence[tuple[Sample, Features]], ids: Sequence[int], answer: Callable[[Features], Floats]
) -> Confusion:
    """Count pixels of the images themselves; where a class is always there, no class is no answer."""
    total = Confusion(np.zeros((len(ids), len(ids)), np.int64))
    for sample, features in seen:
        probable = np.moveaxis(answer(features), 0, 2)
        if ids[0] < 0:
            probable = probable * (np.arange(len(ids)) > 0)
        found = on_grid(np.asarray(probable, np.float32), sample.labels.shape).argmax(axis=2)
        truth = _page(sample, ids).labels
        total = total + Confusion.of(np.where(truth == UNKNOWN, 0, truth), found, len(ids), _unscored(ids))
    return total


def _unscored(ids: Sequence[int]) -> tuple[int, ...]:
    return (0,) if ids[0] < 0 else ()


def _forest(
    features: Sequence[Features], taught: Sequence[Sample], ids: Sequence[int], *, upright: bool
) -> Callable[[Features], Floats]:
    """Return what a forest says that learned the features of single places, of both kinds."""
    rows = np.concatenate([_rows(f, upright=upright) for f in features])
    labels = np.concatenate([_on_grid(s, f, ids).ravel() for s, f in zip(taught, features, strict=True)])
    known = np.flatnonzero(labels != UNKNOWN)
    if len(known) > FOREST_PIXELS:
        known = np.random.default_rng(0).choice(known, FOREST_PIXELS, replace=False)
    forest = RandomForestClassifier(TREES, random_state=0, n_jobs=-1).fit(rows[known], labels[known])

    def answer(one: Features) -> Floats:
        found = np.zeros((one.detail.shape[0] * one.detail.shape[1], len(ids)), np.float32)
        found[:, forest.classes_] = forest.predict_proba(_rows(one, upright=upright))
        return np.moveaxis(found.reshape(*one.detail.shape[:2], -1), 2, 0)

    return answer


def _rows(features: Features, *, upright: bool) -> Floats:
    detail = with_height(features.detail) if upright else features.detail
    both = np.concatenate((features.aligned.dense, detail), axis=2)
    return both.reshape(-1, both.shape[-1])


def _on_grid(sample: Sample, features: Features, ids: Sequence[int]) -> NDArray[np.uint8]:
    """Return the label that covers most of each place."""
    labels = _page(sample, ids).labels
    shape = (features.detail.shape[0], features.detail.shape[1])
    values = [*range(len(ids)), UNKNOWN]
    parts = [on_grid((labels == v).astype(np.float32)[..., None], shape)[..., 0] for v in values]
    return np.array(values, np.uint8)[np.argmax(parts, axis=0)]
