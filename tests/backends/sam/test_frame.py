from __future__ import annotations

import numpy as np
import pytest

from napari_zeroseg.backends.sam.frame import Frame, averaging, interpolation
from napari_zeroseg.core.prompt import Point


@pytest.mark.parametrize(
    ("shape", "filled"),
    [((480, 640), (768, 1024)), ((2000, 500), (1024, 256)), ((64, 64), (1024, 1024)), ((3, 9000), (1, 1024))],
)
def test_the_longer_side_fills_the_square(shape, filled):
    assert Frame.padded(shape, 1024).filled == filled
    assert Frame.stretched(shape, 1024).filled == (1024, 1024)


@pytest.mark.parametrize("make", [Frame.padded, Frame.stretched])
def test_corners_of_the_plane_lie_in_corners_of_what_it_fills(make):
    frame = make((30, 50), 1024)
    rows, cols = frame.filled
    x, y = frame.point(Point(-0.5, -0.5))
    assert (x, y) == (-0.5, -0.5)
    x, y = frame.point(Point(49.5, 29.5))
    assert (x, y) == pytest.approx((cols - 0.5, rows - 0.5))
    assert frame.box((0, 0, 50, 30)) == pytest.approx((0, 0, cols - 1, rows - 1))


def test_at_full_size_places_stay_as_they_are():
    frame = Frame.padded((1024, 700), 1024)
    assert frame.point(Point(13, 500)) == (13, 500)
    assert frame.box((10, 20, 31, 41)) == (10, 20, 30, 40)  # first and last pixel


@pytest.mark.parametrize("per_pixel", [0.1, 0.5, 1.0, 3.7])
def test_interpolation_of_a_ramp_is_the_ramp(per_pixel):
    cells = range(20, 60)
    pixels = range(int(25 / per_pixel), int(55 / per_pixel))
    weights = interpolation(pixels, cells, per_pixel)
    assert weights.sum(1) == pytest.approx(np.ones(len(pixels)), abs=1e-5)
    ramp = np.arange(cells.start, cells.stop) + 0.5
    assert weights @ ramp == pytest.approx((np.array(pixels) + 0.5) * per_pixel, rel=1e-4)


@pytest.mark.parametrize("per_pixel", [0.1, 0.37, 1.0, 4.0])
def test_averaging_keeps_lengths(per_pixel):
    pixels = range(3, 9)
    shares = averaging(64, pixels, per_pixel)
    assert shares.sum(0) == pytest.approx(np.full(6, per_pixel), abs=1e-5)
    assert 0 <= shares.min() <= shares.max() <= 1 + 1e-6
    covered = np.flatnonzero(shares.sum(1))
    assert covered[0] == int(3 * per_pixel)
    assert covered[-1] <= 9 * per_pixel
