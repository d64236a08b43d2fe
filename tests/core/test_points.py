from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from napari_zeroseg.core.mask import Logits
from napari_zeroseg.core.points import choose_points


def hill(side: int = 41, origin: tuple[int, int] = (7, 3)) -> Logits:
    rows, cols = np.mgrid[:side, :side] - side // 2
    return Logits(origin, (side / 3 - np.hypot(rows, cols)).astype(np.float32), 0.9)


BOX = (3.0, 7.0, 44.0, 48.0)


def test_first_point_is_the_surest_pixel() -> None:
    points = choose_points(hill(), BOX, 5)
    assert (points[0].x, points[0].y) == (23, 27)
    assert all(p.positive for p in points)


def test_spread_points_keep_apart_where_the_highest_values_bunch() -> None:
    def nearest(spread: bool) -> float:
        places = np.array([(p.x, p.y) for p in choose_points(hill(), BOX, 12, spread=spread)])
        gaps = np.hypot(*(places[:, None] - places[None]).transpose(2, 0, 1))
        return float(gaps[~np.eye(12, dtype=bool)].min())

    assert nearest(spread=True) > 3 * nearest(spread=False)


def test_spread_points_stay_in_the_surer_half_of_the_object() -> None:
    logits = hill()
    chosen = [logits.values[int(p.y) - 7, int(p.x) - 3] for p in choose_points(logits, BOX, 20)]
    assert min(chosen) >= np.median(logits.values[logits.values > 0])


def test_plain_choice_takes_the_highest_values() -> None:
    logits = hill()
    chosen = [logits.values[int(p.y) - 7, int(p.x) - 3] for p in choose_points(logits, BOX, 9, spread=False)]
    assert chosen == sorted(logits.values.ravel(), reverse=True)[:9]


def test_points_lie_inside_the_box() -> None:
    points = choose_points(hill(), (20.0, 20.0, 24.0, 30.0), 100)
    assert points
    assert all(20 <= p.x < 24 and 20 <= p.y < 30 for p in points)


def test_no_object_gives_no_point() -> None:
    nothing = Logits((0, 0), np.full((5, 5), -1, np.float32), 0.0)
    assert choose_points(nothing, (0, 0, 5, 5), 3) == ()
    assert choose_points(Logits((0, 0), np.zeros((0, 0), np.float32), 0.0), (0, 0, 5, 5), 3) == ()


@given(count=st.integers(1, 30), pixels=st.integers(1, 20), spread=st.booleans())
def test_points_are_different_and_no_more_than_pixels(count: int, pixels: int, spread: bool) -> None:
    values = np.full((4, 5), -1, np.float32)
    values.flat[:pixels] = 1
    points = choose_points(Logits((0, 0), values, 1.0), (0, 0, 5, 4), count, spread=spread)
    assert len(set(points)) == len(points) == min(count, pixels)


def test_large_objects_are_sampled_all_over() -> None:
    logits = Logits((0, 0), np.ones((300, 300), np.float32), 1.0)
    places = np.array([(p.x, p.y) for p in choose_points(logits, (0, 0, 300, 300), 20)])
    # half of the pixels qualify, in ties the first
    assert np.ptp(places[:, 0]) > 250
    assert np.ptp(places[:, 1]) > 120
