"""Features of colour and texture: what they measure, on which grid, in which units."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import ndimage
from skimage.color import rgb2lab

from napari_zeroseg.backends.embedded.texture import (
    CHROMA,
    MAX_SIDE,
    SHARES,
    SIGMAS,
    UNIT,
    WIDTH,
    TextureExtractor,
)


@pytest.fixture
def rng() -> np.random.Generator:
    return np.random.default_rng(7)


@pytest.fixture
def image(rng: np.random.Generator) -> np.ndarray:
    dark = ndimage.gaussian_filter(rng.random((40, 50, 3)), (2, 2, 0)) * 0.4
    return dark.astype(np.float32)  # no lit ground, so that no light is taken for white


def test_each_pixel_of_a_small_image_is_described(image: np.ndarray) -> None:
    found = TextureExtractor().features(image)
    assert found.shape == (40, 50, WIDTH)
    assert found.dtype == np.float32
    assert np.isfinite(found).all()


def test_values_are_those_of_the_definition(image: np.ndarray) -> None:
    found = TextureExtractor().features(image).reshape(40, 50, 3, len(SIGMAS), 4)
    colors = (rgb2lab(image) - (50, 0, 0)) / UNIT * (1, CHROMA, CHROMA)
    for channel in range(3):
        smooth = ndimage.gaussian_filter(colors[..., channel], SIGMAS[1], mode="nearest")
        assert np.allclose(found[..., channel, 1, 0], smooth, atol=2e-2)
        bends = found[..., channel, 1, 2:].sum(axis=-1)
        twice = [np.gradient(np.gradient(smooth, axis=axis), axis=axis) for axis in (0, 1)]
        assert np.allclose(bends, SHARES[2] * SIGMAS[1] ** 2 * sum(twice), atol=2e-2)


def test_gradients_of_all_scales_are_comparable() -> None:
    ramp = np.linspace(0, 1, 200, dtype=np.float32)[:, None, None] * np.ones((1, 200, 3), np.float32)
    found = TextureExtractor().features(ramp * 0.4).reshape(200, 200, 3, len(SIGMAS), 4)
    slope = found[100, 100, 0, :, 1] / SIGMAS
    assert np.allclose(slope, slope[0], rtol=0.02)


def test_a_large_image_is_described_on_a_coarser_grid(rng: np.random.Generator) -> None:
    found = TextureExtractor().features(rng.random((100, 2 * MAX_SIDE, 3), np.float32))
    assert found.shape == (50, MAX_SIDE, WIDTH)
