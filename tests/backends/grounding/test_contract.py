"""What every detector with weights does, on tiny random weights of its real architecture."""

from __future__ import annotations

import numpy as np
import pytest

from napari_zeroseg.backends.catalog import ENTRIES
from napari_zeroseg.backends.entry import Role
from napari_zeroseg.backends.grounding.framing import SETTINGS
from napari_zeroseg.backends.registry import create
from napari_zeroseg.backends.weights.places import VARIABLE
from napari_zeroseg.core.cancellation import Cancellation, CancelledError, cancelled_by
from napari_zeroseg.core.errors import MissingBackendError, ZeroSegError
from napari_zeroseg.core.vocabulary import TargetClass
from tests.backends.grounding.tiny_models import WRITERS, write_settings

pytest.importorskip("transformers")

DETECTORS = [e for e in ENTRIES if e.role is Role.DETECTOR and e.weights is not None]
CLASSES = (TargetClass("cat"), TargetClass("Red Blood-Cell", synonyms=("cell",)), TargetClass("fishy"))


@pytest.fixture(scope="module")
def models(tmp_path_factory):
    """A folder of models with the files that the entries name."""
    store, scratch = tmp_path_factory.mktemp("models"), tmp_path_factory.mktemp("written")
    for entry in DETECTORS:
        written = scratch / entry.name.replace(":", "--")
        WRITERS[entry.target](written, entry.name)
        folder = store / entry.weights.repository.replace("/", "--")
        folder.mkdir(exist_ok=True)
        for file in entry.weights.files:
            (written / file.name).replace(folder / file.name)
        if not (folder / SETTINGS).exists():  # nothing needs it; small images are quicker
            write_settings(folder)
    return store


@pytest.fixture(params=DETECTORS, ids=lambda entry: entry.name)
def entry(request, models, monkeypatch):
    monkeypatch.setenv(VARIABLE, str(models))
    return request.param


@pytest.fixture
def detector(entry):
    return create(Role.DETECTOR, entry.name)


@pytest.fixture
def unused(entry):
    """The detector as it is before its first question."""
    return create.__wrapped__(Role.DETECTOR, entry.name)


def test_boxes_lie_in_the_image_and_each_is_of_one_class(detector, image):
    wide, tall = image, np.ascontiguousarray(image.swapaxes(0, 1))
    for plane in (wide, tall):
        found = detector.detect(plane, CLASSES)
        assert found
        assert {d.name for d in found} <= {c.name for c in CLASSES}
        assert all(0 <= score <= 1 for d in found for score in (d.score, d.text_score))
        assert [d.score for d in found] == sorted((d.score for d in found), reverse=True)
        height, width = plane.shape[:2]
        for x0, y0, x1, y1 in (d.box for d in found):
            assert 0 <= x0 < x1 <= width
            assert 0 <= y0 < y1 <= height
        ends = [max(d.box[side] for d in found) for side in (2, 3)]
        assert max(ends) > min(height, width)  # over the whole length, not a square of it


def test_the_pixels_and_the_words_decide_and_work_can_be_called_off(detector, unused, image):
    here = detector.detect(image, CLASSES)
    assert detector.detect(1 - image, CLASSES) != here
    assert detector.detect(image, CLASSES[2:]) != here
    assert detector.detect(image, []) == []
    assert unused.detect(image, CLASSES) == here
    cancellation = Cancellation()
    cancellation.cancel()
    with cancelled_by(cancellation), pytest.raises(CancelledError):
        detector.detect(image, CLASSES[1:])


def test_a_name_that_cannot_be_read_is_told(unused, image):
    with pytest.raises(ZeroSegError, match="cannot read"):
        unused.detect(image, [*CLASSES, TargetClass("??")])


def test_weights_that_are_not_there_are_told(unused, tmp_path, monkeypatch, image):
    monkeypatch.setenv(VARIABLE, str(tmp_path))
    with pytest.raises(MissingBackendError, match="models download"):
        unused.detect(image, CLASSES)


def test_the_size_is_that_of_the_weights(entry):
    assert entry.weights.size == pytest.approx(entry.memory, rel=0.05)
