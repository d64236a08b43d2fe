"""Overlap of boxes and suppression of doubles."""

from __future__ import annotations

import numpy as np
import pytest

from napari_zeroseg.core.boxes import box_iou, suppress, suppress_rivals
from napari_zeroseg.core.detection import Detection


def test_iou_of_pairs() -> None:
    a = np.array([[0, 0, 2, 2], [5, 5, 5, 5]], float)
    b = np.array([[1, 0, 3, 2], [0, 0, 2, 2], [9, 9, 10, 10]], float)
    assert box_iou(a, b) == pytest.approx(np.array([[1 / 3, 1, 0], [0, 0, 0]]))


def test_the_better_of_two_doubles_stays_and_order_is_by_score() -> None:
    low = Detection((0, 0, 10, 10), 0.4, "cell")
    high = Detection((0, 0, 10, 9), 0.8, "cell")
    apart = Detection((20, 20, 30, 30), 0.6, "cell")
    assert suppress([low, high, apart], 0.8) == [high, apart]
    assert suppress([low, high, apart], 0.95) == [high, apart, low]
    assert suppress([], 0.5) == []


def test_a_better_box_of_another_class_wins_the_place_and_its_own_class_is_spared() -> None:
    box = (0.0, 0.0, 10.0, 10.0)
    detections = [
        Detection(box, 0.9, "cat", "cat"),
        Detection(box, 0.8, "cat", "cat"),
        Detection(box, 0.7, "dog", "dog"),
        Detection((0.0, 0.0, 10.0, 5.0), 0.6, "dog", "dog"),
    ]
    assert suppress_rivals(detections, 0.6) == [detections[0], detections[1], detections[3]]
    assert suppress_rivals(detections, 1.0) == detections
