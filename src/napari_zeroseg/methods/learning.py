"""Learning the head of ``lmseg`` from corrected images."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING

import numpy as np

from napari_zeroseg.backends.entry import Role
from napari_zeroseg.backends.lmseg.head import Card, Head, hold, vectors
from napari_zeroseg.backends.lmseg.sizes import Sizes
from napari_zeroseg.backends.lmseg.training import (
    EPOCHS,
    Lesson,
    held_out,
    learn,
    learn_all,
    overlap,
    with_height,
)
from napari_zeroseg.backends.registry import names_of
from napari_zeroseg.core.cost_map import fused, shares
from napari_zeroseg.core.errors import NotNowError
from napari_zeroseg.core.events import Event, HeadLearned, Progress, StageStarted
from napari_zeroseg.core.grid import on_grid
from napari_zeroseg.methods.grounded import described_by
from napari_zeroseg.methods.lmseg import Features, features_of

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from napari_zeroseg.backends.lmseg.training import State
    from napari_zeroseg.backends.registry import Backends
    from napari_zeroseg.core.cost_map import Aligned
    from napari_zeroseg.core.image import Plane
    from napari_zeroseg.core.lmseg import LmsegParameters
    from napari_zeroseg.core.recipe import Recipe
    from napari_zeroseg.core.vocabulary import TargetClass, Vocabulary

UNKNOWN = 255
"""Label of pixels of which nobody has said what they are."""


@dataclass(frozen=True, slots=True, eq=False)
class Corrected:
    """An image on which a person answers for the masks.

    Parameters
    ----------
    image : ndarray of float32, shape (H, W, 3)
        RGB in 0..1.
    labels : ndarray of uint8, shape (H, W)
        Class ids in the order of the classes that are learned, 0 for none of them, ``UNKNOWN``.
    """

    image: Plane
    labels: NDArray[np.uint8]


def learn_head(
    corrected: Sequence[Callable[[], Corrected]],
    vocabulary: Vocabulary,
    backends: Backends,
    recipe: Recipe,
    name: str,
) -> Iterator[Event]:
    """Learn a head; whenever a better one is there, it is told of and can be used.

    Parameters
    ----------
    corrected : sequence of callable
        Each reads a corrected image.
    vocabulary : Vocabulary
        The classes to learn.
    backends : Backends
        Refiner, image-text encoder and detail extractor are asked.
    recipe : Recipe
        Its numbers for ``lmseg``, and the names of the backends.
    name : str
        What the head is called.

    Yields
    ------
    Event
        Stages, ``Progress``, ``HeadLearned``.

    Raises
    ------
    NotNowError
        When no image is corrected, or none shows any of the classes.
    """
    classes = described_by(backends.refiner, vocabulary).classes
    lessons: list[Lesson] = []
    aligned: list[Aligned] = []
    yield StageStarted("Looking at the corrected images")
    for done, read in enumerate(corrected):
        yield Progress(done, len(corrected))
        page = read()
        features = features_of(page.image, classes, backends, recipe.lmseg.grid)
        aligned.append(features.aligned)
        lessons.append(_lesson(features, page.labels, len(classes), upright=recipe.lmseg.upright))
    if not any(lesson.truth[1:].any() for lesson in lessons):
        raise NotNowError("There is no corrected image to learn from.", kept="")
    card = _card(classes, lessons, aligned[-1], recipe)
    yield StageStarted("Learning from the corrected images")
    yield from _heads(card, lessons, vectors(aligned[-1]), name)


def _heads(card: Card, lessons: Sequence[Lesson], classes: NDArray[np.float32], name: str) -> Iterator[Event]:
    """Learn, and tell of each head that is better than those before; at the end, of the one from all."""
    yield Progress(0, EPOCHS)
    how = partial(_told, card, name)
    kept, epochs = -1.0, 0
    for now in learn(lessons, classes, card.sizes, seed=card.seed, upright=card.upright):
        yield Progress(now.epoch, EPOCHS)
        if now.best > kept:
            kept, epochs = now.best, now.epoch
            yield how(now.state, epochs, kept)
    yield StageStarted("Learning from all corrected images, the held-out one too")
    ways = learn_all(lessons, classes, card.sizes, seed=card.seed, upright=card.upright, epochs=epochs)
    for done, state in enumerate(ways):
        yield Progress(done, epochs)
        if done == epochs:
            yield how(state, epochs, kept)


def _told(card: Card, name: str, state: State, epochs: int, score: float) -> HeadLearned:
    """Return the news of a head, which can be used from now on."""
    # each opinion counts by how right it was on what neither had seen
    both = card.before + score
    words = card.before / both if both else 0.0
    head = Head.of(card.model_copy(update={"epochs": epochs, "score": score, "words": words}), state)
    hold(head)
    return HeadLearned(head.reference(name), card.images, card.before, score)


def _card(
    classes: Sequence[TargetClass], lessons: Sequence[Lesson], aligned: Aligned, recipe: Recipe
) -> Card:
    """Return what a head will be, before it has learned anything."""
    names, numbers = names_of(recipe), recipe.lmseg
    exam = held_out(lessons)[1]
    return Card(
        classes=tuple(target.name for target in classes),
        encoder=names[Role.ENCODER],
        detail=names[Role.DETAIL],
        grid=numbers.grid,
        sizes=Sizes(dense=aligned.dense.shape[-1], detail=lessons[0].detail.shape[-1]),
        images=len(lessons),
        seed=numbers.seed,
        upright=numbers.upright,
        epochs=1,
        score=0,
        weight=numbers.weight,
        before=overlap([_untrained(lesson, aligned, numbers) for lesson in exam], exam),
    )


def _lesson(features: Features, labels: NDArray[np.uint8], classes: int, *, upright: bool) -> Lesson:
    """Return an image with the part of each place that belongs to no class and to each."""
    dense = features.aligned.dense
    shape = (dense.shape[0], dense.shape[1])
    maps = ((labels == number).astype(np.float32)[..., None] for number in range(classes + 1))
    detail = with_height(features.detail) if upright else features.detail
    return Lesson(dense, detail, np.stack([on_grid(one, shape)[..., 0] for one in maps]))


def _untrained(lesson: Lesson, aligned: Aligned, numbers: LmsegParameters) -> NDArray[np.intp]:
    """Return what the method says of an image without training, as class ids on the grid."""
    detail = lesson.detail[..., :-1] if numbers.upright else lesson.detail
    return np.asarray(shares(fused(lesson.dense, detail, numbers.weight), aligned).argmax(axis=0))
