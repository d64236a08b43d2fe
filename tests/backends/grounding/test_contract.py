"""What every detector with weights does, on tiny random weights of its real architecture."""

from __future__ import annotations

import numpy as np
import pytest

from napari_zeroseg.backends.catalog import ENTRIES
from napari_zeroseg.backends.entry import Role
from napari_zeroseg.backends.registry import create
from napari_zeroseg.backends.weights.places import VARIABLE
from napari_zeroseg.core.errors import MissingBackendError, ZeroSegError
from napari_zeroseg.core.vocabulary import TargetClass
from tests.backends.grounding.tiny_models import WRITERS

pytest.importorskip("transformers")

DETECTORS = [e for e in ENTRIES if e.role is Role.DETECTOR and e.weights is not None]
CLASSES = (TargetClass("cat"), TargetClass("Red Blood-Cell", synonyms=("cell",)), TargetClass("fishy"))


@pytest.fixture(scope="module")
def models(tmp_path_factory):
    """A folder of models that is filled as they are asked for."""
    return tmp_path_factory.mktemp("models")


@pytest.fixture(params=DETECTORS, ids=lambda entry: entry.name)
def entry(request, models, monkeypatch):
    folder = models / request.param.weights.repository.replace("/", "--")
    if not all((folder / file.name).is_file() for file in request.param.weights.files):
        WRITERS[request.param.target](folder, request.param.name)
    monkeypatch.setenv(VARIABLE, str(models))
    return request.param


@pytest.fixture
def detector(entry):
    return create(Role.DETECTOR, entry.name)


def test_the_files_of_the_entry_are_all_that_is_needed(entry, models, tmp_path, monkeypatch, image):
    folder = tmp_path / entry.weights.repository.replace("/", "--")
    folder.mkdir()
    for file in entry.weights.files:
        (folder / file.name).symlink_to(models / folder.name / file.name)
    monkeypatch.setenv(VARIABLE, str(tmp_path))
    assert create.__wrapped__(Role.DETECTOR, entry.name).detect(image, CLASSES)


def test_boxes_lie_in_the_image_and_each_is_of_one_class(detector, image):
    found = detector.detect(image, CLASSES)
    assert found
    height, width = image.shape[:2]
    for d in found:
        x0, y0, x1, y1 = d.box
        assert 0 <= x0 < x1 <= width
        assert 0 <= y0 < y1 <= height
        assert 0 <= d.score <= 1
        assert 0 <= d.text_score <= 1
        assert d.name in {c.name for c in CLASSES}
    assert [d.score for d in found] == sorted((d.score for d in found), reverse=True)
    assert max(d.box[2] for d in found) > height  # on the whole width, not a square of it


def test_a_tall_image_is_seen_as_such(detector, image):
    found = detector.detect(np.ascontiguousarray(image.swapaxes(0, 1)), CLASSES)
    assert found
    assert all(d.box[2] <= image.shape[0] and d.box[3] <= image.shape[1] for d in found)


def test_the_same_question_has_the_same_answer(detector, image):
    assert detector.detect(image, CLASSES) == detector.detect(image, CLASSES)


def test_the_pixels_and_the_words_decide(detector, image):
    here = detector.detect(image, CLASSES)
    assert detector.detect(1 - image, CLASSES) != here
    assert detector.detect(image, CLASSES[2:]) != here


def test_no_class_no_box(detector, image):
    assert detector.detect(image, []) == []


def test_a_name_that_cannot_be_read_is_told(detector, image):
    with pytest.raises(ZeroSegError, match="cannot read"):
        detector.detect(image, [*CLASSES, TargetClass("??")])


def test_weights_that_are_not_there_are_told(entry, tmp_path, monkeypatch, image):
    monkeypatch.setenv(VARIABLE, str(tmp_path))
    missing = create.__wrapped__(Role.DETECTOR, entry.name)
    with pytest.raises(MissingBackendError, match="models download"):
        missing.detect(image, CLASSES)


def test_the_size_is_that_of_the_weights(entry):
    assert entry.weights.size == pytest.approx(entry.memory, rel=0.05)
