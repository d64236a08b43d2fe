"""From a backend's name to the object that answers."""

from __future__ import annotations

import importlib
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING, Any

from napari_zeroseg.backends.catalog import find, profile
from napari_zeroseg.backends.checkpoint import Checkpoint
from napari_zeroseg.backends.embeddings import RememberingDetector, RememberingSegmenter
from napari_zeroseg.backends.entry import Role
from napari_zeroseg.backends.guided import guided
from napari_zeroseg.backends.packages import refuse_missing
from napari_zeroseg.core.errors import MissingBackendError

if TYPE_CHECKING:
    from napari_zeroseg.backends.entry import Entry
    from napari_zeroseg.backends.roles import (
        Captioner,
        Detector,
        FeatureExtractor,
        ImageTextEncoder,
        Refiner,
        RegionClassifier,
        Seeker,
        Segmenter,
        Tagger,
    )
    from napari_zeroseg.core.recipe import Recipe


_NOT_ASKED: Any = None


@dataclass(frozen=True, slots=True)
class Backends:
    """One backend per role, ready to be asked; None for those that the method does not ask."""

    tagger: Tagger
    captioner: Captioner
    refiner: Refiner
    detector: Detector
    segmenter: Segmenter
    seeker: Seeker
    extractor: FeatureExtractor = _NOT_ASKED
    classifier: RegionClassifier = _NOT_ASKED
    encoder: ImageTextEncoder = _NOT_ASKED
    detail: FeatureExtractor = _NOT_ASKED


def names_of(recipe: Recipe) -> dict[Role, str]:
    """Return the backend's name of each role of the method: the profile's, unless the recipe says otherwise.

    Raises
    ------
    MissingBackendError
        When there is no such profile or role.
    """
    unknown = recipe.backends.keys() - set(Role)
    if unknown:
        raise MissingBackendError(
            f"There is no role '{min(unknown)}'.", remedy=f"Choose one of: {', '.join(Role)}."
        )
    usual = profile(recipe.profile, recipe.method)
    return {role: recipe.backends.get(role, name) for role, name in usual.items()}


def backends_of(recipe: Recipe) -> Backends:
    """Return the backends that a recipe names; each is made once per process.

    Raises
    ------
    MissingBackendError
        When a name is not in the catalog.
    """
    made: dict[str, Any] = {role.name.lower(): _NOT_ASKED for role in Role}
    made |= {role.name.lower(): create(role, name) for role, name in names_of(recipe).items()}
    return Backends(**made | {"refiner": guided(made["refiner"], recipe.guidance)})


@cache
def create(role: Role, name: str) -> Any:
    """Import and make a backend; its weights are looked for when it is first asked."""
    entry = find(role, name)
    made = _make(entry, name)
    if role is Role.DETECTOR and entry.weights is not None:
        return RememberingDetector(made)
    return RememberingSegmenter(made) if role is Role.SEGMENTER else made


def _make(entry: Entry, name: str) -> Any:
    refuse_missing(entry, name)
    module, _, attribute = entry.target.partition(":")
    target = getattr(importlib.import_module(module), attribute)
    if entry.weights is not None:
        return target(Checkpoint(name, entry.weights))
    return target(name.partition(":")[2]) if entry.is_open else target()
