"""Panoptic quality, against torchmetrics and against the paper's words."""

from __future__ import annotations

import numpy as np
import pytest

from napari_zeroseg.core.scores.panoptic import Quality, Segments, panoptic_quality

CLASSES = 3  # two with objects, one without


def scene(rng: np.random.Generator) -> Segments:
    ids = np.zeros((50, 60), np.int32)
    ids[:, : int(rng.integers(10, 30))] = 1
    named = {1: 2}
    for number in range(2, int(rng.integers(4, 9))):
        y, x = rng.integers(0, 40), rng.integers(0, 50)
        ids[y : y + rng.integers(5, 15), x : x + rng.integers(5, 15)] = number
        named[number] = int(rng.integers(0, 2))
    return Segments(ids, {number: named[number] for number in np.unique(ids).tolist() if number})


def moved(segments: Segments, rng: np.random.Generator) -> Segments:
    ids = np.roll(segments.ids, tuple(rng.integers(-2, 3, 2)), (0, 1))
    named = {
        n: (place if rng.random() < 0.8 or place == 2 else 1 - place) for n, place in segments.classes.items()
    }
    return Segments(ids, named)


def by_the_paper(truth, found, void, crowd) -> dict[int, Quality]:
    """Pairs of one class with an IoU over 0.5 match; void pixels are no part of what was found."""
    counts = {place: Quality() for place in range(CLASSES)}
    partners = set()
    for a, place in truth.classes.items():
        hit = False
        for b, other in found.classes.items():
            own, theirs = truth.ids == a, (found.ids == b) & ~void
            union = (own | theirs).sum()
            iou = (own & theirs).sum() / union if union else 0
            if place == other and iou > 0.5:
                counts[place] += Quality(float(iou), hits=1)
                partners.add(b)
                hit = True
        if not hit:
            counts[place] += Quality(missed=1)
    for b, place in found.classes.items():
        mask = found.ids == b
        unjudged = (void | (crowd == place))[mask].mean() if mask.any() else 1
        if b not in partners and unjudged <= 0.5:
            counts[place] += Quality(false=1)
    return {place: quality for place, quality in counts.items() if quality != Quality()}


@pytest.mark.parametrize("seed", range(6))
def test_it_is_what_the_paper_says(seed):
    rng = np.random.default_rng(seed)
    truth = scene(rng)
    found = moved(truth, rng)
    void = np.zeros(truth.ids.shape, bool)
    void[: int(rng.integers(0, 12))] = True
    crowd = np.full(truth.ids.shape, -1)
    crowd[30:, 35:] = 0
    ids = np.where(void | (crowd >= 0), 0, truth.ids)
    truth = Segments(ids, {n: p for n, p in truth.classes.items() if (ids == n).any()})
    found = Segments(found.ids, {n: p for n, p in found.classes.items() if (found.ids == n).any()})
    assert panoptic_quality(truth, found, void, crowd) == by_the_paper(truth, found, void, crowd)


def test_void_pixels_of_a_segment_do_not_count():
    truth = Segments(np.array([[1, 1, 0, 0]], np.int32), {1: 0})
    found = Segments(np.array([[1, 1, 1, 1]], np.int32), {1: 0})
    nowhere = np.full((1, 4), -1)
    known = np.zeros((1, 4), bool)
    unknown = np.array([[False, False, True, True]])
    assert panoptic_quality(truth, found, unknown, nowhere) == {0: Quality(1.0, hits=1)}
    assert panoptic_quality(truth, found, known, nowhere) == {0: Quality(missed=1, false=1)}
