"""Outlines that move to the edges of the image."""

from __future__ import annotations

import numpy as np
import pytest

from napari_zeroseg.core.edges import Outline, find_outline, settled, window_around
from napari_zeroseg.core.mask import Mask


def _disc(radius: float, center: tuple[float, float] = (30, 30)) -> np.ndarray:
    y, x = np.indices((60, 60))
    return (y - center[0]) ** 2 + (x - center[1]) ** 2 <= radius**2


def _picture(truth: np.ndarray) -> np.ndarray:
    noise = np.random.default_rng(0).normal(0, 0.03, (60, 60, 3))
    return (np.where(truth[..., None], [0.7, 0.2, 0.5], 0.2) + noise).clip(0, 1).astype(np.float32)


def _refined(mask: Mask, plane: np.ndarray) -> Mask:
    window = window_around(mask, (60, 60))
    return settled([find_outline(mask, window, plane[window])], lambda a, b: True)[0]


@pytest.mark.parametrize("rough", [_disc(10), _disc(15), _disc(12, (32, 31))])
def test_an_outline_moves_to_the_edge(rough: np.ndarray) -> None:
    truth = Mask.from_plane(_disc(12))
    mask = Mask.from_plane(rough)
    assert mask.iou(truth) < 0.9
    assert _refined(mask, _picture(_disc(12))).iou(truth) > 0.95


def test_where_the_image_has_no_edge_the_outline_moves_by_two_pixels_at_most() -> None:
    mask = Mask.from_plane(_disc(12))
    refined = _refined(mask, np.full((60, 60, 3), 0.5, np.float32)).to_plane((60, 60))
    assert not (refined & ~_disc(12)).any()
    assert not (_disc(10) & ~refined).any()


def test_far_from_the_outline_nothing_changes() -> None:
    truth = _disc(25) & ~_disc(4)
    refined = _refined(Mask.from_plane(_disc(10)), _picture(truth))
    assert refined.to_plane((60, 60))[30, 30]
    assert not (refined.to_plane((60, 60)) & ~_disc(20)).any()


def test_a_mask_that_fills_the_plane_stays() -> None:
    mask = Mask.from_plane(np.ones((60, 60), bool))
    assert _refined(mask, _picture(_disc(12))).same_as(mask)


def test_masks_share_no_pixel_unless_they_may() -> None:
    left = Outline((0, 0), np.array([[0.9, 0.8, 0.6, 0.1]], np.float32))
    right = Outline((0, 2), np.array([[0.7, 0.9, 0.4]], np.float32))
    far = Outline((5, 0), np.array([[0.9]], np.float32))
    first, second, third = settled([left, right, far], lambda a, b: True)
    assert first.same_as(Mask((0, 0), np.ones((1, 2), bool)))
    assert second.same_as(Mask((0, 2), np.ones((1, 2), bool)))
    assert third.same_as(Mask((5, 0), np.ones((1, 1), bool)))
    shared = settled([left, right, far], lambda a, b: False)
    assert [m.area for m in shared] == [3, 2, 1]


def test_nothing_to_settle() -> None:
    assert settled([], lambda a, b: True) == []
