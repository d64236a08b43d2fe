"""What holds for every tagger and captioner with weights, on tiny models in the published layouts."""

from __future__ import annotations

import unicodedata
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pytest

from napari_zeroseg.backends import florence2
from napari_zeroseg.backends.catalog import ENTRIES
from napari_zeroseg.backends.checkpoint import Checkpoint
from napari_zeroseg.backends.entry import Entry, Role
from napari_zeroseg.backends.registry import create
from napari_zeroseg.backends.weights.places import VARIABLE, folder_of
from napari_zeroseg.core.cancellation import Cancellation, CancelledError, cancelled_by
from napari_zeroseg.core.errors import BadFileError, MissingBackendError
from napari_zeroseg.core.suggestion import Tag
from tests.backends.ram.published import write_published
from tests.backends.tiny_captioners import write_blip2, write_florence2

WRITERS: dict[str, Callable[[Path], object]] = {
    "ram:plus-swin-l": write_published,
    "blip2:opt-2.7b": write_blip2,
    "florence2:base": write_florence2,
}
LOADED = [e for e in ENTRIES if e.role in (Role.TAGGER, Role.CAPTIONER) and e.weights is not None]
NOISE = np.random.default_rng(0).random((40, 56, 3), np.float32)
IMAGES = [NOISE * np.float32([0.2, 0.1, 0.3]), 1 - NOISE * np.float32([0.1, 0.9, 0.2])]
LARGE = np.random.default_rng(2).random((700, 60, 3), np.float32)

every_entry = pytest.mark.parametrize("entry", LOADED, ids=lambda e: f"{e.role}-{e.name}")
every_tagger = pytest.mark.parametrize(
    "entry", [e for e in LOADED if e.role is Role.TAGGER], ids=lambda e: e.name
)


@pytest.fixture(scope="module")
def models(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    root = tmp_path_factory.mktemp("models")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv(VARIABLE, str(root))
        patch.setattr(florence2, "MAX_OBJECT_TOKENS", 60)  # random weights write on and on
        for entry in LOADED:
            if not folder_of(entry.weights).exists():
                WRITERS[entry.name](folder_of(entry.weights))
        yield root


def _ask(entry: Entry, image: np.ndarray) -> list[Tag] | str:
    backend = create(entry.role, entry.name)
    return backend.tag(image) if entry.role is Role.TAGGER else backend.caption(image)


@every_entry
def test_the_published_files_are_those_of_the_catalog(models: Path, entry: Entry) -> None:
    folder = folder_of(entry.weights)
    assert all((folder / file.name).is_file() for file in entry.weights.files)
    shards = {path.name for path in folder.glob("*.safetensors")}
    assert shards <= {file.name for file in entry.weights.files}


@every_entry
def test_an_answer_is_plain_words_and_the_same_each_time(models: Path, entry: Entry) -> None:
    image = IMAGES[0].copy()
    image.flags.writeable = False
    answer = _ask(entry, image)
    assert _ask(entry, image) == answer
    texts = [answer] if isinstance(answer, str) else [tag.text for tag in answer]
    for text in texts:
        assert text == " ".join(text.split())
        assert len(text) <= 300
        assert all(unicodedata.category(c)[0] != "C" for c in text)


@every_entry
def test_the_answer_depends_on_the_image(models: Path, entry: Entry) -> None:
    assert _ask(entry, IMAGES[0]) != _ask(entry, IMAGES[1])


@every_tagger
def test_tags_are_scored_best_first_and_none_comes_twice(models: Path, entry: Entry) -> None:
    tags = _ask(entry, LARGE)
    assert tags
    scores = [tag.score for tag in tags]
    assert scores == sorted(scores, reverse=True)
    assert all(0 < score <= 1 for score in scores)
    assert len({tag.text.casefold() for tag in tags}) == len(tags)
    assert all(type(tag.score) is float for tag in tags)


@every_tagger
def test_a_large_image_has_the_best_scores_of_its_patches(models: Path, entry: Entry) -> None:
    whole = {tag.text: tag.score for tag in _ask(entry, LARGE)}
    best: dict[str, float] = {}
    for rows in np.s_[:350, 350:]:
        for columns in np.s_[:30, 30:]:
            for tag in _ask(entry, LARGE[rows, columns]):
                best[tag.text] = max(tag.score, best.get(tag.text, 0.0))
    assert whole == pytest.approx(best, abs=1e-4)


@every_entry
def test_work_that_is_called_off_stops(models: Path, entry: Entry) -> None:
    cancellation = Cancellation()
    cancellation.cancel()
    with cancelled_by(cancellation), pytest.raises(CancelledError):
        _ask(entry, IMAGES[0])


@every_entry
def test_without_weights_it_is_made_and_says_how_to_get_them(
    entry: Entry, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv(VARIABLE, str(tmp_path))
    with pytest.raises(MissingBackendError, match=f"models download {entry.name}"):
        _ask(entry, IMAGES[0])


@every_entry
@pytest.mark.parametrize("damage", ["cut off", "replaced", "emptied", "of another model"])
def test_damaged_weights_are_refused(
    entry: Entry, damage: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv(VARIABLE, str(tmp_path))
    folder = folder_of(entry.weights)
    WRITERS[entry.name](folder)
    large = max((f for f in entry.weights.files if f.size > 1e8), key=lambda f: f.size)
    _damage(folder / large.name, damage)
    made = _made_apart(entry, damage)
    with pytest.raises(BadFileError, match=r"was loaded"):
        made.tag(IMAGES[0]) if entry.role is Role.TAGGER else made.caption(IMAGES[0])


def _made_apart(entry: Entry, name: str) -> object:
    """Make a backend whose model is not in memory yet."""
    import importlib

    module, _, attribute = entry.target.partition(":")
    checkpoint = Checkpoint(f"{entry.name} {name}", entry.weights)
    return getattr(importlib.import_module(module), attribute)(checkpoint)


def _damage(path: Path, damage: str) -> None:
    import torch
    from safetensors.torch import save_file

    content = path.read_bytes()
    match damage:
        case "cut off":
            path.write_bytes(content[: len(content) // 2])
        case "replaced":
            path.write_bytes(b"<html>Not found</html>")
        case "emptied":
            path.write_bytes(b"")
        case _ if path.suffix == ".safetensors":
            save_file({"conv.weight": torch.zeros(2)}, path, metadata={"format": "pt"})
        case _:
            torch.save({"conv.weight": torch.zeros(2)}, path)
