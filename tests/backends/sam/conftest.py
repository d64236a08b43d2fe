"""Folders with small checkpoints in the published layouts, found through the store."""

from __future__ import annotations

import functools

import pytest

from napari_zeroseg.backends import registry, residency
from napari_zeroseg.backends.catalog import find
from napari_zeroseg.backends.entry import Role
from napari_zeroseg.backends.weights.store import folder_of

torch = pytest.importorskip("torch")
pytest.importorskip("transformers")


@functools.cache
def _network(kind):
    from tests.backends.sam import tiny

    return tiny.lively(tiny.HUB[kind]())


def _write(entry):
    from tests.backends.sam import published, tiny

    folder, kind = folder_of(entry.weights), entry.target.partition(":")[2]
    last = entry.weights.files[-1].name
    if last.endswith((".pth", ".pt")):
        folder.mkdir(parents=True, exist_ok=True)
        mobile = kind == "MobileSam"
        torch.save(published.mobile_state() if mobile else published.state(hq=kind == "SamHq"), folder / last)
    else:
        tiny.written(_network(kind), folder)
    return folder


@pytest.fixture(scope="module")
def store(tmp_path_factory):
    """Return a function that writes the files of a backend, in a store of the module's own."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("NAPARI_ZEROSEG_MODELS", str(tmp_path_factory.mktemp("models")))
        residency.release()
        registry.create.cache_clear()
        yield lambda name: _write(find(Role.SEGMENTER, name))
        registry.create.cache_clear()
        residency.release()
