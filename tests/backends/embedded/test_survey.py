"""What is usual in a whole holds in its parts."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray

from napari_zeroseg.backends.embedded.detector import EmbeddedDetector
from napari_zeroseg.backends.embedded.segmenter import EmbeddedSegmenter
from napari_zeroseg.backends.embedded.survey import OWN, being_made
from napari_zeroseg.core.boxes import box_iou
from napari_zeroseg.core.vocabulary import Vocabulary

CLASSES = list(Vocabulary.parse("nucleus: bright, round"))


def test_a_survey_keeps_what_is_measured_while_it_is_made() -> None:
    survey = being_made()
    assert survey.part("a", 1).usual("mean", lambda: 3) == 3
    closed = survey.closed()
    assert closed.part("a", 1).usual("mean", lambda: 4) == 3
    assert closed.part("b").usual("mean", lambda: 5) == 5
    assert closed.part("b").usual("mean", lambda: 6) == 6
    assert OWN.usual("mean", lambda: 7) == 7


def test_a_closed_survey_does_not_change() -> None:
    survey = being_made()
    closed = survey.closed()
    survey.note("x", 1)
    closed.note("x", 2)
    assert closed.known("x") is None
    assert closed.knowing("x", 3).known("x") == 3
    assert closed.known("x") is None


def _grey(values: NDArray[np.float64]) -> NDArray[np.float32]:
    shown = np.round(np.clip(values, 0, 255)).astype(np.float32) / np.float32(255)
    return np.repeat(shown[..., None], 3, axis=2)


@pytest.fixture(scope="module")
def image() -> NDArray[np.float32]:
    rng = np.random.default_rng(0)
    plane = rng.normal(16, 4, (384, 384))
    yy, xx = np.mgrid[:384, :384]
    for y in range(20, 384, 40):
        for x in range(20, 384, 40):
            radius = rng.uniform(7, 11)
            plane[np.hypot(yy - y, xx - x) < radius] += rng.uniform(100, 200)
    return _grey(plane)


def test_a_part_is_judged_like_the_whole(image: NDArray[np.float32]) -> None:
    detector = EmbeddedDetector().surveyed(image, CLASSES)
    everywhere = np.array([d.box for d in detector.detect(image, CLASSES)])
    part = np.array([d.box for d in detector.detect(image[128:320, 64:256], CLASSES)])
    inner = part[(part[:, :2] > 40).all(axis=1) & (part[:, 2:] < 152).all(axis=1)]
    assert len(inner) >= 4
    assert (box_iou(inner + np.array([64, 128, 64, 128]), everywhere).max(axis=1) > 0.95).all()


def test_objects_are_found_where_they_are_too_few_to_be_typical(image: NDArray[np.float32]) -> None:
    detector = EmbeddedDetector().surveyed(image, CLASSES)
    lonely = image[:80, :80]
    assert len(detector.detect(lonely, CLASSES)) >= 1


def test_a_class_that_a_sample_does_not_show_is_still_looked_for(image: NDArray[np.float32]) -> None:
    rng = np.random.default_rng(1)
    detector = EmbeddedDetector().surveyed(_grey(rng.normal(16, 4, (192, 192))), CLASSES)
    assert len(detector.detect(image, CLASSES)) > 10


def test_detector_and_segmenter_share_the_regions_of_a_part(
    image: NDArray[np.float32], monkeypatch: pytest.MonkeyPatch
) -> None:
    part = np.ascontiguousarray(image[:160, :160])
    EmbeddedDetector().surveyed(image, CLASSES).detect(part, CLASSES)
    monkeypatch.setattr("napari_zeroseg.backends.embedded.regions.propose", None)
    assert EmbeddedSegmenter().surveyed(image, CLASSES).embed(part).regions


def test_outlines_in_all_parts_are_drawn_through_the_same_noise(image: NDArray[np.float32]) -> None:
    segmenter = EmbeddedSegmenter().surveyed(image, CLASSES)
    noises = {segmenter.embed(image[:, start : start + 90]).pyramid.noise for start in (0, 100, 200)}
    assert len(noises) == 1
    assert EmbeddedSegmenter().embed(image[:, :90]).pyramid.noise not in noises
