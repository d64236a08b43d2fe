"""CLIP's text encoder: unit vectors, computed once, and a stop between batches."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch

from napari_zeroseg.backends import clip_text
from napari_zeroseg.backends.clip_text import ClipText, read_text_encoder
from napari_zeroseg.core.cancellation import Cancellation, CancelledError, cancelled_by
from napari_zeroseg.core.errors import BadFileError
from tests.backends.ram.published import TEXT, write_clip

TEXTS = ["a photo of nucleus.", "cell", "x" * 300, "cytoplasm, pale pink."]


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("clip")
    write_clip(folder)
    return folder


@pytest.fixture
def encoder(folder: Path) -> ClipText:
    return ClipText("clip of the tests", lambda: folder, 1_000_000)


def test_texts_become_unit_vectors_in_order(encoder: ClipText) -> None:
    vectors = encoder.encode([*TEXTS, TEXTS[0]])
    assert vectors.shape == (5, TEXT)
    assert vectors.dtype == np.float32
    assert np.allclose(np.linalg.norm(vectors, axis=1), 1, atol=1e-5)
    assert np.array_equal(vectors[0], vectors[4])
    assert not np.allclose(vectors[0], vectors[1], atol=1e-2)


def test_batches_have_the_vectors_of_single_texts(folder: Path, encoder: ClipText) -> None:
    single = [ClipText("clip of the tests", lambda: folder, 1).encode([text])[0] for text in TEXTS]
    assert np.allclose(encoder.encode(TEXTS), single, atol=1e-4)


def test_each_text_is_computed_once(encoder: ClipText, monkeypatch: pytest.MonkeyPatch) -> None:
    encoder.encode(TEXTS)
    asked: list[str] = []
    computed = encoder._computed
    monkeypatch.setattr(encoder, "_computed", lambda texts: asked.extend(texts) or computed(texts))
    encoder.encode([*TEXTS, "new"])
    encoder.encode(["new"])
    assert asked == ["new"]


def test_what_is_remembered_is_bounded(encoder: ClipText, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(clip_text, "MAX_KNOWN", 3)
    encoder.encode(TEXTS[:3])
    again = encoder.encode([TEXTS[0], TEXTS[3]])
    assert again.shape == (2, TEXT)
    assert len(encoder._known) == 2


def test_it_stops_between_batches(encoder: ClipText, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(clip_text, "BATCH", 1)
    cancellation, batches = Cancellation(), []
    computed = clip_text._vectors

    def one(*arguments):
        vectors = computed(*arguments)
        batches.append(vectors)
        cancellation.cancel()
        return vectors

    monkeypatch.setattr(clip_text, "_vectors", one)
    with cancelled_by(cancellation), pytest.raises(CancelledError):
        encoder.encode(TEXTS)
    assert len(batches) == 1


def test_another_model_is_refused(folder: Path, tmp_path: Path) -> None:
    (tmp_path / "config.json").write_bytes((folder / "config.json").read_bytes())
    state = torch.load(folder / "pytorch_model.bin", weights_only=True)
    for name in ("text_projection.weight", "text_model.final_layer_norm.bias"):
        torch.save({k: v for k, v in state.items() if k != name}, tmp_path / "pytorch_model.bin")
        with pytest.raises(BadFileError, match="is not the CLIP"):
            read_text_encoder(tmp_path)
