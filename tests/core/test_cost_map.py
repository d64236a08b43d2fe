"""The cost map against its formula, and the fusion of features."""

from __future__ import annotations

import math

import numpy as np
import pytest

from napari_zeroseg.core.cost_map import Aligned, cost_map, fused, shares, translated

RNG = np.random.default_rng(0)
FEATURES = RNG.normal(size=(5, 4, 6)).astype(np.float32)
TEXTS = RNG.normal(size=(3, 6)).astype(np.float32)


def _cosine(a: np.ndarray, b: np.ndarray) -> float:
    """Return x·y / (|x| |y|), number by number."""
    dot = sum(float(x) * float(y) for x, y in zip(a, b, strict=True))
    lengths = [math.sqrt(sum(float(x) ** 2 for x in v)) for v in (a, b)]
    return dot / (lengths[0] * lengths[1])


def test_the_cost_map_is_its_formula() -> None:
    found = cost_map(FEATURES, TEXTS)
    assert found.shape == (3, 5, 4)
    for n, i, j in np.ndindex(found.shape):
        assert found[n, i, j] == pytest.approx(_cosine(FEATURES[i, j], TEXTS[n]), abs=1e-6)


def test_a_place_without_direction_agrees_with_nothing() -> None:
    assert not cost_map(np.zeros((2, 2, 6), np.float32), TEXTS).any()


def test_fusion_is_its_formula() -> None:
    detail = RNG.normal(size=(5, 4, 2)).astype(np.float32)
    own = translated(detail, FEATURES)
    for weight in (0.0, 0.3, 1.0):
        expected = weight * FEATURES + (1 - weight) * own
        assert np.allclose(fused(FEATURES, detail, weight), expected, atol=1e-6)


def test_detail_brings_the_meaning_of_places_that_look_alike() -> None:
    detail = RNG.normal(size=(16, 16, 4)).astype(np.float32)
    meaning = (detail @ RNG.normal(size=(4, 3))).astype(np.float32) + 2
    noisy = meaning + RNG.normal(size=meaning.shape).astype(np.float32)
    found = translated(detail, noisy)
    assert np.abs(found - meaning).mean() < 0.2 * np.abs(noisy - meaning).mean()


def test_detail_that_never_changes_says_the_mean() -> None:
    found = translated(np.ones((5, 4, 2), np.float32), FEATURES)
    assert np.allclose(found, FEATURES.mean(axis=(0, 1)), atol=1e-5)


def test_shares_are_a_soft_max_over_classes_and_the_nearest_ground() -> None:
    ground = RNG.normal(size=(2, 6)).astype(np.float32)
    found = shares(FEATURES, Aligned(FEATURES, TEXTS, ground, 7.0))
    assert found.shape == (4, 5, 4)
    for i, j in np.ndindex(5, 4):
        place = FEATURES[i, j]
        agreement = [max(_cosine(place, g) for g in ground), *(_cosine(place, t) for t in TEXTS)]
        weights = [math.exp(7.0 * a) for a in agreement]
        assert np.allclose(found[:, i, j], [w / sum(weights) for w in weights], atol=1e-5)
