"""Arrays of any kind into the plane that models get."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from napari_zeroseg.core.errors import BadImageError
from napari_zeroseg.core.image import plane_from_array, shrunk

RAMP = np.arange(256, dtype=np.uint8).reshape(16, 16)


def _with(value: float) -> np.ndarray:
    image = np.ones((16, 16))
    image[3, 3] = value
    return image


@pytest.mark.parametrize(
    ("image", "says"),
    [
        (np.zeros((16, 16, 4), np.uint8), "alpha"),
        (_with(np.nan), "1 values that are NaN"),
        (_with(np.inf), "infinite"),
        (np.full((16, 16), 7), "Every pixel of the image is 7"),
        (np.zeros((1, 1), np.uint8), "1 × 1"),
        (np.zeros((1, 20000), np.uint8), "20000 × 1"),
        (np.zeros((10, 20000), np.uint8), "strip"),
        (np.zeros((16, 16), bool), "boolean"),
        (np.zeros((16, 16), complex), "complex"),
        (np.zeros((16, 16), "U3"), "not intensities"),
        (np.zeros((5, 16, 16), np.uint8), "shape"),
        (np.zeros((0, 16), np.uint8), "16 × 0"),
    ],
)
def test_bad_images_are_refused_with_a_reason(image: np.ndarray, says: str) -> None:
    with pytest.raises(BadImageError, match=says):
        plane_from_array(image)


@pytest.mark.parametrize("dtype", [np.uint8, np.int16, np.uint16, np.float32, np.float64, ">u2"])
def test_every_intensity_type_becomes_float_rgb(dtype: Any) -> None:
    plane = plane_from_array(RAMP.astype(dtype))
    assert plane.dtype == np.float32
    assert plane.shape == (16, 16, 3)
    assert plane.min() == 0
    assert plane.max() == 1


def test_the_colour_image_is_not_stretched() -> None:
    image = np.full((16, 16, 3), 51, np.uint8)
    image[0, 0] = 102
    plane = plane_from_array(image)
    assert plane[5, 5] == pytest.approx([0.2, 0.2, 0.2])


def test_one_hot_pixel_does_not_darken_a_deep_image() -> None:
    image = np.linspace(100, 1100, 512 * 512).reshape(512, 512).astype(np.uint16)
    image[7, 7] = 65535
    assert plane_from_array(image).mean() == pytest.approx(0.5, abs=0.01)


def test_limits_gamma_and_tint_are_those_the_user_sees() -> None:
    plane = plane_from_array(RAMP, limits=(0, 128), gamma=2.0, tint=(0, 1, 0))
    assert plane[4, 0] == pytest.approx([0, 0.25, 0])
    assert plane[15, 15] == pytest.approx([0, 1, 0])


def test_shrinking_keeps_the_mean() -> None:
    image = np.random.default_rng(0).random((64, 64, 3), np.float32)
    assert shrunk(image, 16).shape == (16, 16, 3)
    assert shrunk(image, 16).mean() == pytest.approx(image.mean(), abs=0.01)
    assert shrunk(image, 64) is image
