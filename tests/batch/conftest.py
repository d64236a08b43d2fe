"""Images in a folder, done in this process by deterministic backends."""

from __future__ import annotations

import pytest
import tifffile

from napari_zeroseg.backends.embedding_limits import VARIABLE
from napari_zeroseg.batch.one import EMBEDDINGS, Order
from napari_zeroseg.batch.places import Places
from napari_zeroseg.core.consent import PERSON
from napari_zeroseg.core.recipe import Recipe
from napari_zeroseg.core.vocabulary import Vocabulary
from tests.fakes import squares
from tests.farms import done_here, faked


@pytest.fixture(autouse=True)
def what_a_worker_sets_for_itself(monkeypatch):
    """Undo after each test what holds in a worker until it ends, and would hold in this process."""
    monkeypatch.setenv(VARIABLE, EMBEDDINGS)
    monkeypatch.setattr(PERSON, "ask", PERSON.ask)


@pytest.fixture
def fake(monkeypatch):
    return faked(monkeypatch)


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


@pytest.fixture
def farm(monkeypatch, fake):
    return done_here(monkeypatch)
