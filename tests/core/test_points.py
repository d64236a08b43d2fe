from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from napari_zeroseg.core.mask import Logits
from napari_zeroseg.core.points import GAP, MAX_OF_STROKE, choose_points, points_along


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


def _gaps(places: np.ndarray) -> np.ndarray:
    return np.hypot(*(places[:, None] - places[None]).transpose(2, 0, 1))


strokes = st.lists(st.tuples(st.integers(0, 500), st.integers(0, 500)), min_size=1, max_size=30)


@given(strokes, st.booleans())
def test_points_of_a_stroke_are_few_apart_and_on_it(path: list[tuple[int, int]], positive: bool) -> None:
    points = points_along(path, positive=positive)
    assert 1 <= len(points) <= MAX_OF_STROKE
    assert all(p.positive == positive for p in points)
    places = np.array([(p.x, p.y) for p in points])
    assert (_gaps(places) + 1e9 * np.eye(len(points))).min() >= GAP
    assert max(_off_path(place, path) for place in places) < 1e-6 * 500


def _off_path(place: np.ndarray, path: list[tuple[int, int]]) -> float:
    nearest = float(np.hypot(*(place - path[0])))
    for a, b in zip(np.array(path, float), np.array(path[1:], float), strict=False):
        span = b - a
        part = np.clip((place - a) @ span / max(span @ span, 1e-12), 0, 1)
        nearest = min(nearest, float(np.hypot(*(place - a - part * span))))
    return nearest


def test_a_long_stroke_is_covered_to_its_ends() -> None:
    points = points_along([(0, 5), (100, 5)])
    assert len(points) == MAX_OF_STROKE
    assert {p.x for p in points[:3]} == {0.0, 50.0, 100.0}


def test_a_click_with_a_stroke_is_one_point() -> None:
    assert [(p.x, p.y) for p in points_along([(7, 9)])] == [(7, 9)]
    assert points_along([]) == ()
