"""The filter and its parts beside sums over all pairs of pixels."""

from __future__ import annotations

import numpy as np
import pytest

import napari_zeroseg.core.bilateral
import napari_zeroseg.core.palette
from napari_zeroseg.core.bilateral import BilateralFilter
from napari_zeroseg.core.blur import blurred
from napari_zeroseg.core.palette import Palette


def _line(length: int, sigma: float) -> np.ndarray:
    places = np.arange(length)
    return np.exp(-((places - places[:, None]) ** 2) / (2 * sigma**2))


@pytest.mark.parametrize("sigma", [0.8, 2.5, 30.0])
def test_blur_sums_with_a_gaussian_that_is_1_in_its_middle(sigma: float) -> None:
    planes = np.random.default_rng(0).random((70, 37, 2), np.float32)
    expected = np.einsum("ya,xb,abc->yxc", _line(70, sigma), _line(37, sigma), planes)
    assert np.allclose(blurred(planes, sigma, (0, 1)), expected, rtol=2e-3)
    first = np.ascontiguousarray(np.moveaxis(planes, 2, 0))
    assert np.allclose(blurred(first, sigma, (1, 2)), np.moveaxis(expected, 2, 0), rtol=2e-3)


def test_vectors_tell_how_alike_colours_are() -> None:
    plane = np.random.default_rng(0).random((20, 20, 3), np.float32)
    palette = Palette.of(plane, 0.2)
    vectors = palette.vectors[palette.index.ravel()]
    colors = plane.reshape(-1, 3)
    alike = np.exp(-((colors[:, None] - colors) ** 2).sum(-1) / (2 * 0.2**2))
    assert np.abs(vectors @ vectors.T - alike).max() < 0.04
    assert np.allclose(palette.likeness_to_self, 1, atol=0.04)


def test_a_grey_image_needs_few_vectors_and_a_large_one_gets_no_more_than_are_paid_for(monkeypatch) -> None:
    ramp = np.repeat(np.linspace(0, 1, 300, dtype=np.float32), 3).reshape(1, 300, 3)
    assert Palette.of(ramp, 0.1).vectors.shape[1] < 40
    monkeypatch.setattr(napari_zeroseg.core.palette, "AT_WILL", 0)
    noise = np.random.default_rng(0).random((40, 40, 3), np.float32)
    assert Palette.of(noise, 0.05).vectors.shape[1] == napari_zeroseg.core.palette.MOST


@pytest.mark.parametrize("sigma", [1.0, 4.0, 9.0])
def test_the_filter_sums_over_near_and_alike_pixels(sigma: float) -> None:
    rng = np.random.default_rng(0)
    plane, values = rng.random((30, 25, 3), np.float32), rng.random((2, 30, 25), np.float32)
    colors = plane.reshape(-1, 3)
    alike = np.exp(-((colors[:, None] - colors) ** 2).sum(-1) / (2 * 0.2**2))
    near = np.kron(_line(30, sigma), _line(25, sigma))
    bilateral = BilateralFilter(Palette.of(plane, 0.2), sigma)
    found = bilateral(values) / bilateral(np.ones_like(values))
    weights = near * alike
    expected = (weights @ values.reshape(2, -1).T).T / weights.sum(1)
    assert np.abs(found.reshape(2, -1) - expected).max() < 0.03


def test_self_weight_is_what_a_pixel_gets_from_itself() -> None:
    plane = np.random.default_rng(0).random((23, 19, 3), np.float32)
    bilateral = BilateralFilter(Palette.of(plane, 0.1), 6.0)
    for y, x in ((0, 0), (11, 7), (22, 18)):
        one = np.zeros((1, 23, 19), np.float32)
        one[0, y, x] = 1
        assert bilateral(one)[0, y, x] == pytest.approx(bilateral.self_weight[y, x], rel=1e-4)


def test_little_memory_changes_nothing(monkeypatch) -> None:
    rng = np.random.default_rng(0)
    plane, values = rng.random((40, 30, 3), np.float32), rng.random((3, 40, 30), np.float32)
    bilateral = BilateralFilter(Palette.of(plane, 0.2), 5.0)
    at_once = bilateral(values)
    monkeypatch.setattr(napari_zeroseg.core.bilateral, "PIXELS_AT_ONCE", 1)
    monkeypatch.setattr(napari_zeroseg.core.bilateral, "NODE_VALUES_AT_ONCE", 1)
    assert np.allclose(bilateral(values), at_once, rtol=1e-4)
