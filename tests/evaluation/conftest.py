"""Answers that are made up, so that others can be asked what they are worth."""

from __future__ import annotations

import zlib
from types import SimpleNamespace

import numpy as np
import pytest

from napari_zeroseg.api import Result, volume_source
from napari_zeroseg.backends.embedding_limits import VARIABLE
from napari_zeroseg.batch.one import EMBEDDINGS
from napari_zeroseg.core.consent import PERSON
from napari_zeroseg.core.instance import Instance
from napari_zeroseg.core.mask import Mask
from napari_zeroseg.core.recipe import Recipe
from napari_zeroseg.core.vocabulary import Vocabulary
from napari_zeroseg.evaluation import one
from napari_zeroseg.session.state import State


@pytest.fixture(autouse=True)
def what_a_worker_sets_for_itself(monkeypatch):
    """Undo after each test what holds in a worker until it ends, and would hold in this process."""
    monkeypatch.setenv(VARIABLE, EMBEDDINGS)
    monkeypatch.setattr(PERSON, "ask", PERSON.ask)
    monkeypatch.setattr("napari_zeroseg.batch.one.gc", SimpleNamespace(collect=int))  # nothing here is large


def guesses(truth, classes, vocabulary: Vocabulary, seed: int) -> tuple[Instance, ...]:
    """Objects and regions that are moved, misnamed or missed, and some that are not there; none overlap."""
    rng = np.random.default_rng(seed)
    regions = [(place, truth.classes == place) for place in np.unique(truth.classes).tolist() if place >= 0]
    regions = [(p, m) for p, m in regions if not (p == 0 and classes.background)]
    if truth.objects is not None:
        stuff = [(p, m) for p, m in regions if not classes.classes[p].thing]
        regions = stuff + [(p, m.to_plane(truth.classes.shape)) for _, p, m in truth.masks()]
    regions += [(p, np.zeros_like(truth.classes, bool)) for p, _ in regions[:3]]
    taken = np.zeros(truth.classes.shape, bool)
    found = []
    for place, mask in reversed(regions):
        moved = np.roll(mask, tuple(rng.integers(-2, 3, 2)), (0, 1))
        if not mask.any():
            y, x = rng.integers(0, 40), rng.integers(0, 54)
            moved[y : y + 8, x : x + 10] = True
        name = next(n for n in vocabulary.names if n.casefold() == classes.names[place].casefold())
        if rng.random() < 0.15:
            name = vocabulary.names[int(rng.integers(len(vocabulary)))]
        left = moved & ~taken
        if left.any() and rng.random() < 0.9:
            taken |= left
            score = float(rng.integers(1, 1000)) / 1000
            found.append(Instance(len(found) + 1, name, Mask.from_plane(left), score))
    return tuple(found)


@pytest.fixture
def guessed(monkeypatch):
    """Have images answered with guesses; the results by the names of the files."""
    results: dict[str, Result] = {}
    reading: dict[str, object] = {}

    def read_truth(sample, classes, told_apart):
        reading["classes"] = classes
        reading["truth"] = _read(sample, classes, told_apart)
        return reading["truth"]

    def segment(volume, *, recipe: Recipe, name: str, suggested_only: bool):
        instances = guesses(
            reading["truth"], reading["classes"], recipe.vocabulary, zlib.crc32(name.encode())
        )
        state = State(recipe.vocabulary, instances=instances)
        results[name] = Result(name, volume_source(name, volume), state, recipe)
        return results[name]

    _read = one.read_truth
    monkeypatch.setattr(one, "read_truth", read_truth)
    monkeypatch.setattr(one, "segment", segment)
    return results
