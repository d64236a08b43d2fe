"""Maps on finer and coarser grids."""

from __future__ import annotations

import numpy as np
import pytest

from napari_zeroseg.core.grid import grid_shape, on_grid

MAP = np.random.default_rng(0).random((6, 8, 3)).astype(np.float32)


def test_a_grid_keeps_the_proportions() -> None:
    assert grid_shape((360, 480), 120) == (90, 120)
    assert grid_shape((30, 40), 120) == (30, 40)
    assert grid_shape((1, 1000), 100) == (1, 100)


def test_coarser_places_are_means() -> None:
    expected = MAP.reshape(3, 2, 4, 2, 3).mean(axis=(1, 3))
    assert np.allclose(on_grid(MAP, (3, 4)), expected, atol=1e-6)


def test_places_that_cut_others_share_them() -> None:
    found = on_grid(np.array([[[0.0]], [[3.0]], [[6.0]]], np.float32), (2, 1))
    assert found[:, 0, 0] == pytest.approx([1.0, 5.0])


def test_finer_places_lie_between() -> None:
    found = on_grid(np.array([[[0.0]], [[4.0]]], np.float32), (4, 1))
    assert found[:, 0, 0] == pytest.approx([0.0, 1.0, 3.0, 4.0])


@pytest.mark.parametrize("shape", [(6, 8), (3, 16), (13, 4)])
def test_what_is_even_stays_even(shape: tuple[int, int]) -> None:
    found = on_grid(np.full((6, 8, 2), 0.7, np.float32), shape)
    assert found.shape == (*shape, 2)
    assert np.allclose(found, 0.7, atol=1e-6)
