"""Learning from corrected images, as one call from Python."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any

import numpy as np

from napari_zeroseg.api import middle, volume_of, volume_source
from napari_zeroseg.backends.lmseg.head import held
from napari_zeroseg.backends.registry import backends_of
from napari_zeroseg.core.errors import BadImageError, NotNowError
from napari_zeroseg.core.events import HeadLearned
from napari_zeroseg.core.method import Method
from napari_zeroseg.core.recipe import Recipe
from napari_zeroseg.core.vocabulary import Vocabulary
from napari_zeroseg.core.volume import Volume
from napari_zeroseg.methods.learning import UNKNOWN, learn_head
from napari_zeroseg.session.lessons import corrected_on

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from numpy.typing import NDArray

    from napari_zeroseg.backends.lmseg.head import Head
    from napari_zeroseg.core.events import Event
    from napari_zeroseg.session.source import ImageSource


def learn(
    images: Sequence[NDArray[Any] | Volume],
    labels: Sequence[NDArray[np.integer[Any]]],
    classes: str | Vocabulary,
    *,
    recipe: Recipe | None = None,
    name: str = "head",
    progress: Callable[[Event], None] | None = None,
) -> Head:
    """Learn from corrected images what the classes look like, for the method ``lmseg``.

    Parameters
    ----------
    images : sequence of ndarray or Volume
        As for :func:`~napari_zeroseg.segment`; of a stack, the plane in the middle.
    labels : sequence of ndarray of int, shape (H, W)
        One for each image: class ids in the vocabulary's order, 0 for what belongs to no class, 255
        for what nobody has decided on.
    classes : str or Vocabulary
        As for :func:`~napari_zeroseg.segment`.
    recipe : Recipe, optional
        Models, and the numbers of ``lmseg``, its seed among them; the embedded profile by default.
    name : str
        What the head is called in recipes.
    progress : callable, optional
        Called with every event; an exception that it raises ends the learning.

    Returns
    -------
    Head
        The best one; a recipe whose ``lmseg.head`` is its ``reference(name)`` segments with it.

    Raises
    ------
    ZeroSegError
        When the images, labels or classes cannot be used.
    """
    vocabulary = Vocabulary.parse(classes) if isinstance(classes, str) else classes
    vocabulary.required()
    recipe = (recipe or Recipe()).model_copy(update={"method": Method.LMSEG})
    if len(images) != len(labels):
        raise BadImageError(
            f"There are {len(images)} images and {len(labels)} label images.",
            remedy="Give one label image for each image.",
        )
    volumes = [i if isinstance(i, Volume) else volume_of(np.asarray(i), None, None) for i in images]
    sources = [volume_source("image", v, recipe.composition).on(middle(v.grid())) for v in volumes]
    pages = [
        partial(corrected_on, source, _checked(truth, source, len(vocabulary)), recipe.parameters.tile)
        for source, truth in zip(sources, labels, strict=True)
    ]
    best = None
    for event in learn_head(pages, vocabulary, backends_of(recipe), recipe, name):
        if progress is not None:
            progress(event)
        if isinstance(event, HeadLearned):
            best = event.head
    if best is None:
        raise NotNowError("Nothing was learned.", kept="")
    return held(best)


def _checked(truth: NDArray[np.integer[Any]], source: ImageSource, classes: int) -> NDArray[np.uint8]:
    if truth.shape != source.shape:
        raise BadImageError(
            f"Labels of shape {truth.shape} do not lie on an image of shape {source.shape}.",
            remedy="Give labels with the image's rows and columns.",
        )
    strange = set(np.unique(truth).tolist()) - {*range(classes + 1), UNKNOWN}
    if strange:
        raise BadImageError(
            f"The labels hold {min(strange)}, but there are {classes} classes.",
            remedy="Give class ids in the order of the classes, 0 for none, 255 for what is not known.",
        )
    return truth.astype(np.uint8)
