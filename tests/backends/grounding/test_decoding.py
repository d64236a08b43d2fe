"""From scores to detections of exactly one class."""

from __future__ import annotations

import numpy as np
import pytest

from napari_zeroseg.backends.grounding.decoding import (
    LEAST,
    corners,
    detections_of_phrases,
    detections_of_spans,
    pixel_boxes,
)
from napari_zeroseg.backends.grounding.phrases import Phrase
from napari_zeroseg.backends.grounding.spans import Span

GLASS, WINE_GLASS = Phrase("glass", "glass"), Phrase("wine glass", "wine glass")
SPANS = [Span(GLASS, 1, 2), Span(WINE_GLASS, 3, 5)]
BOXES = np.array([[0, 0, 10, 10], [5, 5, 20, 30]], np.float32)


def test_a_shared_word_does_not_decide_the_class():
    #                   CLS  glass .    wine glass .
    scores = np.array([[0.9, 0.50, 0.9, 0.05, 0.52, 0.9], [0.9, 0.40, 0.9, 0.60, 0.45, 0.9]], np.float32)
    of_wine, of_glass = detections_of_spans(scores, BOXES, SPANS)
    assert (of_glass.name, of_glass.phrase, of_glass.box) == ("glass", "glass", (0, 0, 10, 10))
    assert of_wine.name == "wine glass"


def test_the_score_is_the_best_token_and_the_text_score_the_mean_of_the_own_ones():
    (found,) = detections_of_spans(np.array([[0.9, 0.1, 0.9, 0.6, 0.2, 0.9]], np.float32), BOXES[:1], SPANS)
    assert found.score == pytest.approx(0.6)
    assert found.text_score == pytest.approx(0.4)


def test_noise_and_empty_boxes_are_left_out():
    boxes = np.array([[0, 0, 10, 10], [5, 5, 5, 30]], np.float32)
    scores = np.array([[LEAST / 2, 0.01], [0.9, 0.1]], np.float32)
    assert detections_of_phrases(scores, boxes, [GLASS, WINE_GLASS]) == []


def test_the_best_phrase_gets_the_box():
    scores = np.array([[0.2, 0.3], [0.6, 0.5]], np.float32)
    found = detections_of_phrases(scores, BOXES, [GLASS, WINE_GLASS])
    assert [(d.name, d.text_score) for d in found] == [("glass", 1), ("wine glass", 1)]
    assert [d.score for d in found] == pytest.approx([0.6, 0.3])


def test_boxes_come_in_pixels_and_end_at_the_border():
    centred = np.array([[0.5, 0.5, 0.2, 0.4], [1.0, 0.0, 0.5, 0.5]], np.float32)
    found = pixel_boxes(corners(centred), 200, 100, (100, 200))
    assert found == pytest.approx(np.array([[80, 30, 120, 70], [150, 0, 200, 25]]), abs=1e-4)
    in_square = pixel_boxes(corners(centred), 200, 200, (100, 200))
    assert in_square[0] == pytest.approx([80, 60, 120, 100], abs=1e-4)
