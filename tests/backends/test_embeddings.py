"""The same pixels are embedded once."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from napari_zeroseg.backends.embeddings import KEPT, Latest, RememberingDetector, RememberingSegmenter
from napari_zeroseg.core.prompt import Point, Prompt
from napari_zeroseg.core.vocabulary import TargetClass
from tests.fakes import FakeBackend, source


def _image(value: float) -> np.ndarray:
    return np.full((8, 8, 3), value, np.float32)


def test_equal_pixels_are_embedded_once_and_other_pixels_anew() -> None:
    fake = FakeBackend()
    segmenter = RememberingSegmenter(fake)
    segmenter.embed(_image(0.5))
    segmenter.embed(_image(0.5))
    assert fake.calls["embed"] == 1
    segmenter.embed(_image(0.6))
    assert fake.calls["embed"] == 2


def test_the_same_bytes_in_another_shape_are_another_image() -> None:
    fake = FakeBackend()
    segmenter = RememberingSegmenter(fake)
    segmenter.embed(np.zeros((4, 8, 3), np.float32))
    segmenter.embed(np.zeros((8, 4, 3), np.float32))
    assert fake.calls["embed"] == 2


def test_the_oldest_is_forgotten_first() -> None:
    fake = FakeBackend()
    segmenter = RememberingSegmenter(fake, Latest())
    for value in range(KEPT):
        segmenter.embed(_image(value))
    segmenter.embed(_image(0))  # used again: no longer the oldest
    segmenter.embed(_image(KEPT))
    segmenter.embed(_image(0))
    assert fake.calls["embed"] == KEPT + 1
    segmenter.embed(_image(1))
    assert fake.calls["embed"] == KEPT + 2


def test_answers_are_the_segmenters_own() -> None:
    segmenter = RememberingSegmenter(FakeBackend())
    embedding = segmenter.embed(source().pixels)
    answer = segmenter.segment(embedding, [Prompt((Point(10, 10),))])[0]
    assert answer.mask().area == 100


def test_a_detector_is_asked_once_for_the_same_words_on_the_same_pixels() -> None:
    fake = FakeBackend()
    detector, image = RememberingDetector(fake), source().pixels
    classes = [TargetClass("bright"), TargetClass("grey", synonyms=("dull",))]
    first = detector.detect(image, classes)
    first.clear()  # an answer is the asker's own
    recolored = [replace(c, color="#123456") for c in classes]
    assert detector.detect(image, recolored) == fake.detect(image, classes)
    assert fake.calls["detect"] == 2  # the one just above included
    detector.detect(image, classes[:1])
    detector.detect(image, [classes[0], TargetClass("grey")])
    detector.detect(image[::-1], classes)
    assert fake.calls["detect"] == 5
