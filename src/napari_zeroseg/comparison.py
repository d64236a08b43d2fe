"""Methods side by side, as one call from Python."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from napari_zeroseg.api import middle, volume_of, volume_source
from napari_zeroseg.core.errors import BadImageError, MissingBackendError, ZeroSegError
from napari_zeroseg.core.recipe import Recipe
from napari_zeroseg.core.vocabulary import Vocabulary
from napari_zeroseg.core.volume import Volume
from napari_zeroseg.session.contest import contestants
from napari_zeroseg.session.session import Session

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from napari_zeroseg.core.outcome import Outcome
    from napari_zeroseg.session.contest import Contestant


def compare(
    image: NDArray[Any] | Volume,
    classes: str | Vocabulary,
    *,
    names: Sequence[str] = (),
    truth: NDArray[np.integer[Any]] | None = None,
    rgb: bool | None = None,
) -> tuple[Outcome, ...]:
    """Let several methods look for the same classes on one image.

    Parameters
    ----------
    image : ndarray or Volume
        As for :func:`~napari_zeroseg.segment`; of a stack, the plane in the middle is looked at.
    classes : str or Vocabulary
        As for :func:`~napari_zeroseg.segment`.
    names : sequence of str
        Methods with their models, such as ``"grounded, embedded"``; by default all that can run on
        this machine without a download.
    truth : ndarray of int, shape (H, W), optional
        Class ids in the vocabulary's order, 0 for background: what the masks are measured by.
    rgb : bool, optional
        Whether the last axis is colour; told from the shape when not given.

    Returns
    -------
    tuple of Outcome
        Masks, time, memory and overlap of each; one that failed says why.

    Raises
    ------
    ZeroSegError
        When the image or the classes cannot be used, or there is no method of a name.
    """
    volume = image if isinstance(image, Volume) else volume_of(np.asarray(image), None, rgb)
    source = volume_source("image", volume).on(middle(volume.grid()))
    vocabulary = (Vocabulary.parse(classes) if isinstance(classes, str) else classes).required()
    if truth is not None and truth.shape != source.shape:
        raise BadImageError(
            f"A truth of shape {truth.shape} does not lie on a plane of shape {source.shape}.",
            remedy="Give class ids with the image's rows and columns.",
        )
    recipe = Recipe().with_vocabulary(vocabulary)
    chosen = _chosen(contestants(recipe), names)
    session = Session(recipe=recipe)
    problems: list[ZeroSegError] = []
    session.problem_raised.connect(problems.append)
    session.open(source)
    session.suggest()
    if problems:
        raise problems[0]
    session.accept(*vocabulary.names)
    if truth is not None:
        for name in vocabulary.names:
            session.paint(name, (0, 0), (truth == vocabulary.id_of(name)).astype(np.int32))
    session.compare_methods(chosen)
    return session.outcomes


def _chosen(there: Sequence[Contestant], names: Sequence[str]) -> list[Contestant]:
    by_name = {one.name: one for one in there}
    for name in names:
        if name not in by_name:
            raise MissingBackendError(
                f"There is no method '{name}'.", remedy=f"Choose among: {'; '.join(by_name)}."
            )
        if by_name[name].obstacle:
            raise MissingBackendError(f"'{name}' cannot run here. {by_name[name].obstacle}")
    return [by_name[name] for name in names] or [one for one in there if not one.obstacle]
