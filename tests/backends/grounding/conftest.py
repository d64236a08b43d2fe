"""Tiny models in a folder of models of their own."""

from __future__ import annotations

import numpy as np
import pytest

from napari_zeroseg.backends.checkpoint import Checkpoint
from napari_zeroseg.backends.entry import WeightFile, Weights
from napari_zeroseg.backends.weights.places import VARIABLE
from tests.backends.grounding.tiny_models import write_grounding_dino

pytest.importorskip("transformers")


@pytest.fixture(scope="session")
def image():
    """A plane that is not square, with shapes in it."""
    plane = np.random.default_rng(0).random((70, 110, 3), np.float32) * np.float32(0.3)
    plane[10:40, 20:60] += np.float32(0.6)
    plane[50:65, 70:100, 0] += np.float32(0.7)
    return plane


@pytest.fixture(scope="session")
def dino_folder(tmp_path_factory):
    folder = tmp_path_factory.mktemp("models") / "tests--dino"
    write_grounding_dino(folder)
    return folder


@pytest.fixture
def dino_checkpoint(dino_folder, monkeypatch):
    monkeypatch.setenv(VARIABLE, str(dino_folder.parent))
    return Checkpoint("tests:dino", Weights("tests/dino", (WeightFile("model.safetensors"),)))
