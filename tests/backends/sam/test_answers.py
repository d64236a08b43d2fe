from __future__ import annotations

import numpy as np
import pytest
from scipy import ndimage

from napari_zeroseg.backends.sam.answers import MARGIN, windowed
from napari_zeroseg.backends.sam.frame import Frame

torch = pytest.importorskip("torch")

SHAPES = [(40, 72), (72, 40), (64, 64), (300, 200), (9, 31), (128, 128)]


def _coarse(seed, threshold=0.0):
    noise = np.random.default_rng(seed).standard_normal((64, 64))
    smooth = ndimage.gaussian_filter(noise, 4)
    return (smooth / smooth.std() - threshold).astype(np.float32)


def _whole(coarse, frame):
    """Interpolate the whole square, cell by cell, with torch."""
    rows, cols = frame.cells(len(coarse))
    y = (torch.arange(frame.shape[0]) + 0.5) * rows / len(coarse) * 2 - 1
    x = (torch.arange(frame.shape[1]) + 0.5) * cols / len(coarse) * 2 - 1
    grid = torch.stack(torch.meshgrid(y, x, indexing="ij")[::-1], -1).float()[None]
    values = torch.nn.functional.grid_sample(
        torch.from_numpy(coarse)[None, None], grid, padding_mode="border", align_corners=False
    )
    return values[0, 0].numpy()


@pytest.mark.parametrize("make", [Frame.padded, Frame.stretched])
@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize("threshold", [-1.0, 0.5, 1.0])
def test_a_window_holds_what_the_whole_plane_would(make, shape, threshold):
    frame = make(shape, 256)
    coarse = _coarse(round(threshold) + 5, threshold)
    whole = _whole(coarse, frame)
    answer = windowed(coarse, frame, 0.5)
    (y, x), (h, w) = answer.origin, answer.values.shape
    assert np.abs(answer.values - whole[y : y + h, x : x + w]).max(initial=0) <= 1e-4
    sure = whole > 1e-4
    assert sure.any() == (h * w > 0)
    sure[y : y + h, x : x + w] = False
    assert not sure.any()


def test_a_window_is_no_larger_than_it_must_be():
    coarse = np.full((64, 64), -3, np.float32)
    coarse[20:24, 30:33] = 3
    answer = windowed(coarse, Frame.padded((256, 256), 256), 0.5)
    mask = answer.mask()
    assert answer.values.shape == tuple(side + 2 * MARGIN for side in mask.pixels.shape)
    assert mask.box == (120, 80, 132, 96)


def test_padding_is_not_part_of_the_plane():
    coarse = np.full((64, 64), -3, np.float32)
    coarse[50:, :] = 3  # below a plane that fills the upper half
    assert windowed(coarse, Frame.padded((32, 64), 256), 0.5).values.shape == (0, 0)


@pytest.mark.parametrize(("predicted", "told"), [(1.3, 1.0), (-0.2, 0.0), (0.4, 0.4)])
def test_scores_lie_between_0_and_1(predicted, told):
    assert windowed(_coarse(0), Frame.padded((64, 64), 256), predicted).score == told


def test_nothing_above_zero_is_no_object():
    answer = windowed(np.full((64, 64), -1, np.float32), Frame.padded((64, 64), 256), 0.9)
    assert (answer.values.shape, answer.score) == ((0, 0), 0.0)
