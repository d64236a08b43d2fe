"""Images in a folder, done in this process by deterministic backends."""

from __future__ import annotations

from contextlib import contextmanager

import pytest
import tifffile

from napari_zeroseg import api
from napari_zeroseg.backends.embedding_limits import VARIABLE
from napari_zeroseg.batch import run as batch_run
from napari_zeroseg.batch.one import EMBEDDINGS, Order
from napari_zeroseg.batch.places import Places
from napari_zeroseg.core.consent import PERSON
from napari_zeroseg.core.recipe import Recipe
from napari_zeroseg.core.vocabulary import Vocabulary
from napari_zeroseg.session.session import Session
from tests.fakes import FakeBackend, fake_backends, squares


@pytest.fixture(autouse=True)
def what_a_worker_sets_for_itself(monkeypatch):
    """Undo after each test what holds in a worker until it ends, and would hold in this process."""
    monkeypatch.setenv(VARIABLE, EMBEDDINGS)
    monkeypatch.setattr(PERSON, "ask", PERSON.ask)


@pytest.fixture
def fake(monkeypatch):
    made = FakeBackend()
    monkeypatch.setattr(
        api, "Session", lambda recipe: Session(recipe=recipe, backends=lambda r: fake_backends(r, made))
    )
    return made


@pytest.fixture
def recipe():
    return Recipe().with_vocabulary(Vocabulary.parse("bright; grey"))


@pytest.fixture
def images(tmp_path):
    """Three images, of which one lies deeper, and one that is none."""
    folder = tmp_path / "images"
    (folder / "more").mkdir(parents=True)
    for number, path in enumerate([folder / "a.tif", folder / "b.tif", folder / "more" / "a.tif"]):
        image = squares()
        image[0, number] = 1  # none is the same as another
        tifffile.imwrite(path, image, imagej=True, resolution=(2, 2), metadata={"unit": "um"})
    (folder / "bad.tif").write_bytes(b"II*\0 this is no image")
    return folder


@pytest.fixture
def order(recipe, tmp_path):
    return Order(recipe, Places(tmp_path / "out"))


class Farm:
    """Does images in this process, and counts them."""

    def __init__(self) -> None:
        self.done: list[str] = []

    def __call__(self, _client, items, order, work, *, alone):
        for item in items:
            self.done.append(item.path.name)
            yield work(item, order)


@pytest.fixture
def farm(monkeypatch, fake):
    made = Farm()

    @contextmanager
    def nobody(_count, _scheduler):
        yield None

    monkeypatch.setattr(batch_run, "workers", nobody)
    monkeypatch.setattr(batch_run, "done_by", made)
    return made
