from __future__ import annotations

import numpy as np
import pytest

from napari_zeroseg.backends.embedded.appearance import Look, Samples
from napari_zeroseg.backends.embedded.motion import find_move
from napari_zeroseg.backends.embedded.stains import lab
from napari_zeroseg.backends.embedded.tracker import EmbeddedTracker
from napari_zeroseg.core.mask import Mask
from napari_zeroseg.core.sequence import Kind
from tests.made_stacks import balls, film


def _rgb(plane: np.ndarray) -> np.ndarray:
    return np.repeat(plane[..., None], 3, axis=2)


def test_a_section_is_found_on_the_next_plane() -> None:
    volume, labels = balls()
    track = EmbeddedTracker().track(Kind.DEPTH)
    track.look(_rgb(volume[14]))
    track.settle({0: Mask.from_plane(labels[14] == 3)}, {0})
    answer = track.look(_rgb(volume[15]))[0]
    assert answer.mask().iou(Mask.from_plane(labels[15] == 3)) > 0.85
    assert answer.score > 0.8


def test_where_a_body_is_not_the_score_is_low() -> None:
    volume, labels = balls()
    track = EmbeddedTracker().track(Kind.DEPTH)
    track.look(_rgb(volume[14]))
    track.settle({0: Mask.from_plane(labels[14] == 3)}, {0})
    assert track.look(_rgb(volume[28]))[0].score < 0.2


def test_a_thing_is_found_where_it_moved() -> None:
    planes, masks = film()
    track = EmbeddedTracker().track(Kind.TIME)
    track.look(planes[0])
    track.settle({0: Mask.from_plane(masks[0])}, {0})
    answer = track.look(planes[2])[0]
    assert answer.mask().iou(Mask.from_plane(masks[2])) > 0.8
    assert answer.score > 0.8


def test_what_is_forgotten_is_not_looked_for() -> None:
    planes, masks = film()
    track = EmbeddedTracker().track(Kind.TIME)
    track.look(planes[0])
    track.settle({0: Mask.from_plane(masks[0]), 1: Mask.from_plane(masks[0])}, {0, 1})
    track.forget([1])
    assert list(track.look(planes[1])) == [0]


@pytest.mark.parametrize("scale", [1.0, 1.2])
def test_shift_and_scale_of_a_thing(scale: float) -> None:
    rng = np.random.default_rng(0)
    texture = rng.uniform(0, 1, (6, 6))

    def scene(middle: tuple[int, int], side: int) -> np.ndarray:
        plane = np.full((80, 80), 0.3)
        cells = (np.arange(side) * 6) // side
        top, left = middle[0] - side // 2, middle[1] - side // 2
        plane[top : top + side, left : left + side] = texture[np.ix_(cells, cells)]
        return lab(_rgb(plane))[..., :1]

    mask = Mask((22, 22), np.ones((24, 24), bool))
    move = find_move(scene((34, 34), 24), scene((40, 30), round(24 * scale)), mask)
    assert move.shift == pytest.approx((6.25, -3.75), abs=1.1)
    assert move.scale == pytest.approx(scale, abs=0.1)
    assert move.likeness > 0.8


def test_nothing_moves_without_a_reason() -> None:
    flat = np.full((60, 60, 1), 50.0, np.float32)
    move = find_move(flat, flat, Mask((20, 20), np.ones((10, 10), bool)))
    assert (move.shift, move.scale) == ((0.0, 0.0), 1.0)


def test_what_looks_like_its_surround_has_no_look() -> None:
    same = np.ones((50, 2), np.float32)
    look = Look.of(Samples(same, same))
    assert look.presence(same) == 0.0
    assert Look.of(Samples(same[:0], same)).distance == 0.0
