"""Cropped masks against plain boolean planes."""

from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from napari_zeroseg.core.mask import Logits, Mask

SHAPE = (9, 7)
planes = hnp.arrays(bool, SHAPE)


@given(planes)
def test_a_mask_holds_the_plane_it_was_made_from(plane: np.ndarray) -> None:
    mask = Mask.from_plane(plane)
    assert np.array_equal(mask.to_plane(SHAPE), plane)
    assert mask.area == plane.sum()


@given(planes, planes)
def test_set_operations_agree_with_planes(a: np.ndarray, b: np.ndarray) -> None:
    one, other = Mask.from_plane(a), Mask.from_plane(b)
    assert one.overlap(other) == (a & b).sum()
    assert np.array_equal(one.minus(other).to_plane(SHAPE), a & ~b)
    union = (a | b).sum()
    assert one.iou(other) == ((a & b).sum() / union if union else 0)
    assert one.same_as(other) == np.array_equal(a, b)


@given(st.integers(0, 8), st.integers(0, 8), st.integers(1, 4), st.integers(1, 4))
def test_rectangles_overlap_in_the_pixels_they_share(y: int, x: int, h: int, w: int) -> None:
    one, other = Mask((4, 4), np.ones((2, 3), bool)), Mask((y, x), np.ones((h, w), bool))
    rows, cols = min(6, y + h) - max(4, y), min(7, x + w) - max(4, x)
    assert one.overlap(other) == other.overlap(one) == max(rows, 0) * max(cols, 0)


@given(planes, st.integers(0, 8), st.integers(0, 6), st.integers(1, 9), st.integers(1, 9))
def test_a_window_is_a_crop(plane: np.ndarray, y: int, x: int, h: int, w: int) -> None:
    window = Mask.from_plane(plane).within((slice(y, y + h), slice(x, x + w)))
    expected = np.pad(plane, ((0, 9), (0, 9)))[y : y + h, x : x + w]
    assert np.array_equal(window, expected)


@given(planes, st.lists(st.tuples(st.integers(-2, 10), st.integers(-2, 8)), max_size=5))
def test_pixels_are_held_as_on_a_plane(plane: np.ndarray, places: list[tuple[int, int]]) -> None:
    rows, cols = np.array(places, int).reshape(-1, 2).T
    expected = np.pad(plane, 3)[rows + 3, cols + 3]
    assert np.array_equal(Mask.from_plane(plane).holds(rows, cols), expected)


def test_bounds_are_x_before_y_and_exclusive_at_the_end() -> None:
    plane = np.zeros(SHAPE, bool)
    plane[2:5, 1:4] = True
    assert Mask.from_plane(plane).box == (1, 2, 4, 5)


def test_logits_are_object_above_zero_only() -> None:
    mask = Logits((3, 2), np.array([[-1.0, 0.0, 0.5]], np.float32), 1.0).mask()
    assert mask.origin == (3, 4)
    assert mask.area == 1
