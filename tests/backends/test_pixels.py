"""Preprocessing against Pillow, with which the published models were trained."""

import numpy as np
import pytest
from PIL import Image

from napari_zeroseg.backends.pixels import CLIP, IMAGENET, squeezed

RESAMPLING = {"bilinear": Image.Resampling.BILINEAR, "bicubic": Image.Resampling.BICUBIC}


@pytest.mark.parametrize("mode", RESAMPLING)
@pytest.mark.parametrize("shape", [(90, 130), (20, 64), (33, 17)])
@pytest.mark.parametrize("statistics", [IMAGENET, CLIP], ids=["imagenet", "clip"])
def test_squares_are_those_of_pillow_to_its_rounding(mode, shape, statistics) -> None:
    colors = np.random.default_rng(0).integers(60, 200, (*shape, 3), np.uint8)
    pillow = np.asarray(Image.fromarray(colors).resize((48, 48), RESAMPLING[mode])) / 255
    mean, deviation = statistics
    ours = squeezed(colors.astype(np.float32) / 255, 48, statistics, mode)
    difference = ours.numpy().transpose(1, 2, 0) * deviation + mean - pillow
    assert ours.shape == (3, 48, 48)
    assert np.abs(difference).max() < 1.6 / 255  # Pillow rounds after rows and after columns


def test_arrays_that_cannot_be_written_are_read() -> None:
    image = np.full((4, 4, 3), 0.5, np.float32)
    image.flags.writeable = False
    assert squeezed(image[:, ::-1], 8, IMAGENET, "bicubic").shape == (3, 8, 8)
