"""Average precision, against COCO's own evaluation."""

from __future__ import annotations

import contextlib
import io

import numpy as np
import pytest
from pycocotools import mask as rle
from pycocotools.coco import COCO
from pycocotools.cocoeval import COCOeval

from napari_zeroseg.core.scores.precision import Ranking, match_detections

SHAPE = (60, 80)


def masks(rng: np.random.Generator, count: int) -> list[np.ndarray]:
    found = []
    for _ in range(count):
        y, x = rng.integers(0, 45), rng.integers(0, 60)
        mask = np.zeros(SHAPE, bool)
        mask[y : y + rng.integers(4, 15), x : x + rng.integers(4, 20)] = True
        found.append(mask)
    return found


def disjoint(found: list[np.ndarray]) -> list[np.ndarray]:
    taken, kept = np.zeros(SHAPE, bool), []
    for mask in found:
        kept.append(mask & ~taken)
        taken |= mask
    return [mask for mask in kept if mask.sum() > 5]


def shaken(rng: np.random.Generator, truth: list[np.ndarray]) -> list[np.ndarray]:
    """Detections: most are true ones moved a little, one is there twice, some are anywhere."""
    moved = [np.roll(m, tuple(rng.integers(-2, 3, 2)), (0, 1)) for m in truth if rng.random() < 0.9]
    return moved + moved[:1] + masks(rng, int(rng.integers(0, 4)))


def overlaps(found: list[np.ndarray], truth: list[np.ndarray]) -> np.ndarray:
    table = np.zeros((len(found), len(truth)))
    for i, a in enumerate(found):
        for j, b in enumerate(truth):
            table[i, j] = (a & b).sum() / (a | b).sum()
    return table


def coco(images: list, crowds: list, limit: int) -> np.ndarray:
    """Return COCO's precision, shape (10, 101), for one class."""
    annotations, results = [], []
    for number, ((truth, found, scores), crowd) in enumerate(zip(images, crowds, strict=True), 1):
        regions = [(mask, 0) for mask in truth] + ([(crowd, 1)] if crowd.any() else [])
        for mask, is_crowd in regions:
            annotations.append(
                {
                    "id": len(annotations) + 1,
                    "image_id": number,
                    "category_id": 1,
                    "iscrowd": is_crowd,
                    "area": int(mask.sum()),
                    "segmentation": rle.encode(np.asfortranarray(mask.astype(np.uint8))),
                }
            )
        for mask, score in zip(found, scores, strict=True):
            code = rle.encode(np.asfortranarray(mask.astype(np.uint8)))
            results.append(
                {"image_id": number, "category_id": 1, "segmentation": code, "score": float(score)}
            )
    truth_set = COCO()
    truth_set.dataset = {
        "images": [{"id": n, "height": SHAPE[0], "width": SHAPE[1]} for n in range(1, len(images) + 1)],
        "categories": [{"id": 1, "name": "a"}],
        "annotations": annotations,
    }
    with contextlib.redirect_stdout(io.StringIO()):
        truth_set.createIndex()
        evaluation = COCOeval(truth_set, truth_set.loadRes(results), "segm")
        evaluation.params.maxDets = [1, 2, limit]
        evaluation.evaluate()
        evaluation.accumulate()
    return evaluation.eval["precision"][:, :, 0, 0, 2]


@pytest.mark.parametrize("crowded", [False, True])
@pytest.mark.parametrize("limit", [100, 4])
@pytest.mark.parametrize("seed", range(3))
def test_it_is_that_of_coco(seed, crowded, limit):
    rng = np.random.default_rng(seed)
    images, crowds, detections = [], [], []
    for _ in range(6):
        truth = disjoint(masks(rng, int(rng.integers(0, 7))))
        crowd = np.zeros(SHAPE, bool)
        if crowded:
            crowd[40:, 50:] = True
            truth = [mask & ~crowd for mask in truth if (mask & ~crowd).any()]
        found = shaken(rng, truth)
        scores = rng.permutation(len(found)) / 100 + rng.random() / 1000
        part = np.array([(mask & crowd).sum() / mask.sum() for mask in found])
        images.append((truth, found, scores))
        crowds.append(crowd)
        detections.append(match_detections(overlaps(found, truth), part, scores, limit))
    expected = coco(images, crowds, limit).mean(axis=1)
    assert 0.05 < expected[0] < 1
    np.testing.assert_allclose(Ranking.of(detections).average_precision(), expected, atol=1e-6)


def test_an_image_that_counts_twice_is_as_if_it_were_there_twice():
    rng = np.random.default_rng(5)
    detections = []
    for _ in range(3):
        truth = disjoint(masks(rng, 5))
        found = shaken(rng, truth)
        detections.append(
            match_detections(overlaps(found, truth), np.zeros(len(found)), rng.random(len(found)))
        )
    weighted = Ranking.of(detections).average_precision(np.array([2.0, 0.0, 1.0]))
    a, _, c = detections
    np.testing.assert_allclose(weighted, Ranking.of([a, a, c]).average_precision(), atol=1e-9)


def test_without_anything_to_find_there_is_no_score_and_without_detections_none_is_right():
    nothing = match_detections(np.zeros((0, 0)), np.zeros(0), np.zeros(0))
    assert np.isnan(Ranking.of([nothing]).average_precision()).all()
    missed = match_detections(np.zeros((0, 3)), np.zeros(0), np.zeros(0))
    assert (Ranking.of([nothing, missed]).average_precision() == 0).all()
