"""Matched instances, against counts by hand."""

from __future__ import annotations

import numpy as np
import pytest

from napari_zeroseg.core.scores.matching import Matched, instance_iou, match_instances


def test_instance_iou_allows_gaps_in_ids():
    iou = instance_iou(np.array([[7, 7, 0, 9]]), np.array([[3, 0, 0, 8]]))
    np.testing.assert_allclose(iou, [[0.5, 0], [0, 1]])


def test_matching_is_one_to_one():
    truth = np.array([[1, 1, 1, 1, 0, 2, 2, 0]])
    found = np.array([[4, 4, 4, 0, 0, 0, 5, 6]])
    matched = match_instances(truth, found, threshold=0.5)
    assert matched == Matched(hits=1, false=2, missed=1)
    assert matched.f1 == pytest.approx(2 / 5)
    assert (matched + matched).f1 == pytest.approx(2 / 5)


def test_nothing_in_nothing_is_perfect_and_an_empty_answer_misses_all():
    empty = np.zeros((4, 4), int)
    assert match_instances(empty, empty).f1 == 1.0
    assert match_instances(np.eye(4, dtype=int), empty) == Matched(0, 0, 1)


def test_matching_prefers_more_hits_over_larger_overlap():
    truth = np.array([[1] * 10 + [2] * 10])
    found = np.array([[1] * 4 + [2] * 6 + [2] * 4 + [3] * 6])
    assert match_instances(truth, found, threshold=0.2).hits == 2
