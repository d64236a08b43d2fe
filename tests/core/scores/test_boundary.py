"""Outlines, against scikit-image's and against distances by brute force."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.ndimage import distance_transform_edt
from skimage.segmentation import find_boundaries

from napari_zeroseg.core.scores.boundary import TOLERANCE, boundary_f, class_boundary_f, edges


def blobs(seed: int) -> np.ndarray:
    rng = np.random.default_rng(seed)
    labels = np.zeros((40, 60), int)
    for value in range(1, 5):
        y, x = rng.integers(0, 30), rng.integers(0, 45)
        labels[y : y + rng.integers(4, 15), x : x + rng.integers(4, 15)] = value
    return labels


@pytest.mark.parametrize("seed", range(3))
def test_inner_outlines_are_those_of_scikit_image(seed):
    labels = blobs(seed)
    np.testing.assert_array_equal(edges(labels) & (labels > 0), find_boundaries(labels, mode="inner"))


@pytest.mark.parametrize("tolerance", [0.0, 1.0, 1.5, 3.0])
def test_the_score_is_that_of_distances_to_all_pixels(tolerance):
    a, b = (edges(labels) & (labels > 0) for labels in (blobs(0), blobs(1)))
    precision = np.mean(distance_transform_edt(~a)[b] <= tolerance)
    recall = np.mean(distance_transform_edt(~b)[a] <= tolerance)
    expected = 2 * precision * recall / (precision + recall)
    assert boundary_f(a, b, tolerance) == pytest.approx(expected, abs=1e-12)


def test_nothing_is_right_where_nothing_is_and_wrong_elsewhere():
    empty, full = np.zeros((4, 4), bool), np.eye(4, dtype=bool)
    assert boundary_f(empty, empty, 1.0) == 1.0
    assert boundary_f(full, empty, 1.0) == 0.0
    assert boundary_f(empty, full, 1.0) == 0.0


def test_classes_are_scored_one_by_one():
    truth = np.zeros((40, 40), int)
    truth[10:30, 10:30] = 1
    found = truth.copy()
    found[found == 1] = 2
    assert dict(class_boundary_f(truth, found, ignored=-1)) == {0: 1.0, 1: 0.0, 2: 0.0}


def test_outlines_within_the_tolerance_are_the_same_and_others_not():
    side = 400  # the tolerance is a part of the diagonal: 4.24 px
    truth = np.zeros((side, side), int)
    truth[100:300, 100:300] = 1
    near, far = (np.roll(truth, shift, axis=1) for shift in (4, 5))
    assert TOLERANCE * np.hypot(side, side) == pytest.approx(4.24, abs=0.01)
    assert dict(class_boundary_f(truth, near, -1))[1] == 1.0
    assert dict(class_boundary_f(truth, far, -1))[1] < 0.6


def test_outlines_where_nothing_is_known_are_not_judged():
    truth = np.zeros((100, 100), int)
    truth[40:60, 40:60] = 1
    found = truth.copy()
    found[5:30, 5:30] = 1
    judged = truth.copy()
    judged[0:35, 0:35] = -1
    assert dict(class_boundary_f(truth, found, -1))[1] < 0.8
    assert dict(class_boundary_f(judged, found, -1))[1] == 1.0
