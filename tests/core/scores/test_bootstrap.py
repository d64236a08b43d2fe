from __future__ import annotations

import numpy as np
import pytest

from napari_zeroseg.core.scores.bootstrap import Bootstrap

VALUES = np.random.default_rng(0).normal(0.5, 0.1, 200)


def mean(weights: np.ndarray) -> dict[str, float]:
    return {"mean": float(weights @ VALUES / weights.sum())}


def test_the_interval_of_a_mean_is_the_known_one() -> None:
    found = Bootstrap(200, resamples=4000).intervals(mean)["mean"]
    half = 1.96 * VALUES.std() / np.sqrt(200)
    assert found == pytest.approx((VALUES.mean() - half, VALUES.mean() + half), abs=0.001)


def test_the_same_seed_gives_the_same_interval_and_another_seed_another() -> None:
    assert Bootstrap(200).intervals(mean) == Bootstrap(200).intervals(mean)
    assert Bootstrap(200).intervals(mean) != Bootstrap(200, seed=1).intervals(mean)


def test_one_image_says_nothing_of_others() -> None:
    assert Bootstrap(1).intervals(lambda _: {"a": 0.5}) == {}
    assert Bootstrap(5).intervals(lambda _: {"a": float("nan")}) == {}


def test_draws_without_a_score_are_left_out() -> None:
    found = Bootstrap(3).intervals(lambda w: {"a": 0.25 if w[0] else float("nan"), "b": 1.0})
    assert found == {"a": (0.25, 0.25), "b": (1.0, 1.0)}
