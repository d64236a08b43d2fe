"""The whole job in one call, for scripts and the command line."""

from __future__ import annotations

import platform
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, version
from typing import TYPE_CHECKING, Any

from napari_zeroseg.core.compose import instance_labels, semantic_labels
from napari_zeroseg.core.image import plane_from_array
from napari_zeroseg.core.recipe import Recipe
from napari_zeroseg.core.record import make_record
from napari_zeroseg.core.vocabulary import Vocabulary
from napari_zeroseg.session.session import Session
from napari_zeroseg.session.source import whole

if TYPE_CHECKING:
    from collections.abc import Callable

    import numpy as np
    from numpy.typing import NDArray

    from napari_zeroseg.core.errors import ZeroSegError
    from napari_zeroseg.core.image import Plane
    from napari_zeroseg.core.instance import Instance
    from napari_zeroseg.session.readiness import Activity
    from napari_zeroseg.session.state import State

_NAMED_IN_RECORDS = ("napari-zeroseg", "numpy", "scipy", "scikit-image", "torch", "transformers")


@dataclass(frozen=True)
class Result:
    """What was found in one image.

    Parameters
    ----------
    name : str
        What the image is called.
    image : ndarray of float32, shape (H, W, 3)
        The plane that the models got, RGB in 0..1.
    state : State
        Vocabulary, suggestions and instances.
    recipe : Recipe
        What made it.
    """

    name: str
    image: Plane
    state: State
    recipe: Recipe

    @property
    def vocabulary(self) -> Vocabulary:
        return self.state.vocabulary

    @property
    def instances(self) -> tuple[Instance, ...]:
        return self.state.instances

    @property
    def shape(self) -> tuple[int, int]:
        """(H, W) in pixels."""
        return (self.image.shape[0], self.image.shape[1])

    def labels(self, name: str) -> NDArray[np.int32]:
        """Return the instances of a class: ids as int32 of shape (H, W), 0 elsewhere."""
        return instance_labels(self.instances, self.vocabulary[name].name, self.shape)

    def semantic(self) -> NDArray[np.uint8]:
        """Return class ids in the vocabulary's order, uint8 of shape (H, W), 0 for background."""
        return semantic_labels(self.instances, self.vocabulary, self.shape)

    def record(self) -> dict[str, Any]:
        """Return what was found and what made it, JSON-able."""
        return make_record(
            image=self.name,
            shape=self.shape,
            recipe=self.recipe,
            versions=_versions(),
            tags=self.state.tags,
            caption=self.state.caption,
            suggestions=self.state.suggestions,
            phrases=self.state.phrases,
            instances=self.instances,
        )


def segment(
    image: NDArray[Any],
    classes: str | Vocabulary | None = None,
    *,
    recipe: Recipe | None = None,
    suggested_only: bool = False,
    name: str = "image",
    rgb: bool | None = None,
    progress: Callable[[Activity], None] | None = None,
) -> Result:
    """Segment an image by class names.

    Parameters
    ----------
    image : ndarray, shape (H, W) or (H, W, 3)
        Integer or finite floating point intensities.
    classes : str or Vocabulary, optional
        ``"nucleus"``, or with attributes ``"nucleus: dark purple, round; cytoplasm: pale
        pink"``. Taken from the recipe when not given.
    recipe : Recipe, optional
        Backends and parameters; the embedded profile by default.
    suggested_only : bool
        Leave out classes that the refiner does not believe present. By default every class
        that was named is looked for: naming it is the decision.
    name : str
        What the image is called in the record.
    rgb : bool, optional
        Whether the last axis is colour; told from the shape when not given.
    progress : callable, optional
        Called with an :class:`~napari_zeroseg.session.readiness.Activity` at every stage.

    Returns
    -------
    Result
        Labels per class, class ids, and the record.

    Raises
    ------
    ZeroSegError
        When the image or the classes cannot be used, or a backend is missing.
    """
    recipe = recipe or Recipe()
    vocabulary = Vocabulary.parse(classes) if isinstance(classes, str) else classes
    recipe = recipe if vocabulary is None else recipe.with_vocabulary(vocabulary)
    recipe.vocabulary.required()
    plane = plane_from_array(image, rgb=rgb)
    session = Session(recipe=recipe)
    problems: list[ZeroSegError] = []
    session.problem_raised.connect(problems.append)
    if progress is not None:
        session.activity_changed.connect(progress)
    session.open(whole(name, plane))
    _run_through(session, problems, suggested_only=suggested_only)
    return Result(name, plane, session.state, session.recipe)


def _run_through(session: Session, problems: list[ZeroSegError], *, suggested_only: bool) -> None:
    session.suggest()
    _raise_first(problems)
    if suggested_only:
        session.accept_above(session.recipe.parameters.accept_threshold)
    else:
        session.accept(*session.state.vocabulary.names)
    if session.state.accepted_names:
        session.run()
        _raise_first(problems)


def _raise_first(problems: list[ZeroSegError]) -> None:
    if problems:
        raise problems[0]


def _versions() -> dict[str, str]:
    found = {"python": platform.python_version()}
    for package in _NAMED_IN_RECORDS:
        try:
            found[package] = version(package)
        except PackageNotFoundError:
            continue
    return found
