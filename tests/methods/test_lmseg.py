"""Places are compared with words, by the formula or by a learned head."""

from __future__ import annotations

import numpy as np
import pytest

from napari_zeroseg.backends.lmseg.head import UnfitHeadError, hold
from napari_zeroseg.core.compose import Claims, semantic_labels
from napari_zeroseg.core.events import Described, Detected, Event, Found
from napari_zeroseg.core.image import plane_from_array
from napari_zeroseg.core.instance import Instance, Provenance
from napari_zeroseg.core.lmseg import HeadReference, LmsegParameters
from napari_zeroseg.core.method import Method
from napari_zeroseg.core.recipe import Recipe
from napari_zeroseg.core.vocabulary import Vocabulary
from napari_zeroseg.methods import lmseg
from napari_zeroseg.methods.job import Job
from napari_zeroseg.methods.lmseg import pieces
from tests.backends.lmseg.made import head
from tests.fakes import fake_backends, squares

VOCABULARY = Vocabulary.parse("grey; bright")


def _job(*accepted: str, **numbers: object) -> Job:
    recipe = Recipe(method=Method.LMSEG, lmseg=LmsegParameters(**numbers))
    return Job(VOCABULARY, accepted or VOCABULARY.names, fake_backends(), recipe, Provenance(method="lmseg"))


def _events(job: Job) -> list[Event]:
    return list(lmseg.segment(plane_from_array(squares()), job, Claims(VOCABULARY)))


def _found(events: list[Event]) -> list[Instance]:
    return [event.instance for event in events if isinstance(event, Found)]


def test_each_connected_piece_of_a_class_is_proposed() -> None:
    events = _events(_job(weight=1))
    found = _found(events)
    assert sorted(i.name for i in found) == ["bright", "bright", "grey"]
    image = squares()
    truth = np.where(image > 200, 2, np.where(image > 100, 1, 0))
    assert np.array_equal(semantic_labels(found, VOCABULARY, (64, 64)), truth)
    assert all(i.score > 0.9 and i.provenance.phrase == i.name for i in found)
    detected = next(event for event in events if isinstance(event, Detected))
    assert [d.name for d in detected.detections] == [i.name for i in found]
    assert any(isinstance(event, Described) for event in events)


def test_only_accepted_classes_are_looked_for() -> None:
    assert {i.name for i in _found(_events(_job("bright", weight=1)))} == {"bright"}


def test_small_pieces_and_doubtful_ones_are_left_out() -> None:
    assert [i.name for i in _found(_events(_job(weight=1, least_area=120)))] == ["grey"]
    assert not _found(_events(_job(weight=1, threshold=1.0)))


def test_a_coarse_grid_gives_masks_of_the_images_size() -> None:
    found = _found(_events(_job(weight=1, grid=32)))
    image = squares()
    labels = semantic_labels(found, VOCABULARY, (64, 64))
    assert ((labels == 2) == (image > 200)).mean() > 0.98


def test_a_head_takes_the_place_of_the_formula() -> None:
    one = head()
    hold(one)
    with pytest.raises(UnfitHeadError, match="tells 'cell', 'rim' apart"):
        _events(_job(head=one.reference("blood")))
    with pytest.raises(UnfitHeadError, match="on a grid of 256"):
        _events(_job(head=one.reference("blood"), grid=64))
    with pytest.raises(Exception, match="'lost', which is not loaded"):
        _events(_job(head=HeadReference(name="lost", sha256="0" * 64)))


def test_pieces_that_touch_at_a_corner_are_one() -> None:
    probable = np.zeros((2, 4, 4), np.float32)
    probable[0] = 0.4
    probable[1, :2, :2] = probable[1, 2:, 2:] = 0.6
    (piece,) = pieces(probable, (4, 4), 0.5, 1)
    assert piece.mask.area == 8
    assert piece.score == pytest.approx(0.6)
