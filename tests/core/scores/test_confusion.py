"""Classes of pixels, against counts by hand and against scikit-learn."""

from __future__ import annotations

import numpy as np
import pytest
from sklearn.metrics import accuracy_score, jaccard_score, recall_score

from napari_zeroseg.core.scores.confusion import Confusion, foreground_iou


def test_confusion_sums_over_images_before_dividing():
    a = Confusion.of(np.array([[0, 1, 1, 1]]), np.array([[0, 1, 0, 0]]), 2)
    b = Confusion.of(np.array([[0, 0, 0, 1]]), np.array([[0, 0, 0, 1]]), 2)
    total = a + b
    assert total.iou[1] == pytest.approx(2 / 4)
    assert total.iou[0] == pytest.approx(4 / 6)
    assert total.miou == pytest.approx((2 / 4 + 4 / 6) / 2)
    assert total.accuracy == pytest.approx(6 / 8)


def test_classes_that_occur_nowhere_do_not_count_and_ignored_pixels_are_left_out():
    found = Confusion.of(np.array([[0, 1, 9]]), np.array([[0, 1, 1]]), 3, ignore=(9,))
    assert np.isnan(found.iou[2])
    assert found.miou == 1.0


@pytest.mark.parametrize(("truth", "found"), [([[0, 3]], [[0, 0]]), ([[0, 0]], [[0]]), ([[0]], [[-1]])])
def test_ids_out_of_range_and_unequal_shapes_are_refused(truth, found):
    with pytest.raises(ValueError, match=r"class ids|shapes"):
        Confusion.of(np.array(truth), np.array(found), 3)


def test_foreground_iou():
    assert foreground_iou(np.array([1, 2, 0, 0]), np.array([5, 0, 5, 0])) == pytest.approx(1 / 3)
    assert foreground_iou(np.zeros(3), np.zeros(3)) == 1.0


def test_scores_are_those_of_scikit_learn():
    rng = np.random.default_rng(0)
    truth, found = rng.integers(0, 7, (2, 5, 40, 30))
    found = np.where(rng.random(truth.shape) < 0.4, truth, found)
    truth[truth == 6] = 255
    kept = truth != 255
    total = sum(
        (Confusion.of(t, f, 7, ignore=(255,)) for t, f in zip(truth, found, strict=True)),
        Confusion(np.zeros((7, 7), np.int64)),
    )
    of = {"labels": range(7), "average": None, "zero_division": 0}
    there = slice(0, 6)  # the last class is found, and nowhere true
    np.testing.assert_allclose(total.iou, jaccard_score(truth[kept], found[kept], **of), atol=1e-12)
    expected = recall_score(truth[kept], found[kept], **of)
    np.testing.assert_allclose(total.recall[there], expected[there], atol=1e-12)
    assert np.isnan(total.recall[6])
    assert total.accuracy == pytest.approx(accuracy_score(truth[kept], found[kept]), abs=1e-12)


def test_pixels_without_a_class_are_missed_and_nobody_s():
    counts = Confusion.of(np.array([[0, 0, 1, 1]]), np.array([[0, 2, 1, 2]]), 2, nothing=True)
    assert counts.counts.tolist() == [[1, 0, 1], [0, 1, 1]]
    assert counts.iou.tolist() == [0.5, 0.5]
    assert counts.accuracy == 0.5
    with pytest.raises(ValueError, match="class ids"):
        Confusion.of(np.array([[2]]), np.array([[0]]), 2, nothing=True)
