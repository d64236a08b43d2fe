"""Tiles cover a plane once, and objects cut by them come out whole."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import pytest

from napari_zeroseg.core.instance import Instance, Provenance
from napari_zeroseg.core.mask import Mask
from napari_zeroseg.core.prompt import Point
from napari_zeroseg.core.tiles import (
    ALIGNMENT,
    DOUBT,
    Piece,
    Tile,
    covered,
    joined,
    placed,
    sample_windows,
    tiles,
    whole,
)


def _instance(
    y: int, x: int, height: int = 10, width: int = 10, score: float = 0.5, name: str = "a"
) -> Instance:
    return Instance(1, name, Mask((y, x), np.ones((height, width), bool)), score)


@pytest.mark.parametrize("shape", [(100, 100), (1000, 700), (513, 2049), (64, 4000)])
@pytest.mark.parametrize("side", [256, 512])
def test_cores_cover_every_pixel_once(shape: tuple[int, int], side: int) -> None:
    count = np.zeros(shape, int)
    for tile in tiles(shape, side, 64):
        count[tile.core] += 1
        assert all(
            w.start <= c.start and c.stop <= w.stop for c, w in zip(tile.core, tile.window, strict=True)
        )
    assert (count == 1).all()


def test_neighbours_overlap_and_windows_are_aligned() -> None:
    found = tiles((1000, 1000), 256, 100)
    assert all(s.start % ALIGNMENT == 0 for t in found for s in t.window)
    row = [t for t in found if t.core[0].start == 0]
    for left, right in pairwise(row):
        assert left.window[1].stop - right.window[1].start >= 100


def test_a_region_is_covered_and_no_more() -> None:
    region = (slice(130, 700), slice(301, 420))
    found = tiles((1000, 1000), 256, 64, region)
    assert covered(found) == region
    assert all(t.core[1] == region[1] for t in found)


def test_every_box_has_one_owner_and_next_to_a_seam_two_that_may_be() -> None:
    found = tiles((600, 600), 256, 64)
    seam = found[0].core[0].stop
    for box in ((100, 100, 120, 120), (90, seam - 10, 110, seam + 10)):
        assert len([t for t in found if t.owns(box)]) == 1
    assert len([t for t in found if t.owns((90, seam - 10, 110, seam + 10), DOUBT)]) == 2


def test_what_the_plane_cuts_off_is_whole() -> None:
    first = tiles((600, 600), 256, 64)[0]
    at_border = Mask((0, 0), np.ones((20, 20), bool))
    at_window = Mask((100, first.window[1].stop - 20), np.ones((20, 20), bool))
    assert not first.cuts(at_border, (600, 600))
    assert first.cuts(at_window, (600, 600))


def test_far_from_seams_nobody_else_looks() -> None:
    found = tiles((1200, 1200), 512, 64)
    middle = next(t for t in found if t.core[0].start > 0 and t.core[1].start > 0)
    inner = Mask((middle.core[0].start + 200, middle.core[1].start + 200), np.ones((20, 20), bool))
    assert not middle.near_seam(inner)
    others = [t for t in found if t is not middle]
    assert not any(t.owns(inner.box, DOUBT) or not _apart(t, inner) for t in others)


def _apart(tile: Tile, mask: Mask) -> bool:
    return any(s.stop <= w.start or s.start >= w.stop for s, w in zip(mask.slices, tile.window, strict=True))


def test_placing_moves_mask_box_and_points() -> None:
    found = Instance(
        1, "a", Mask((2, 3), np.ones((4, 5), bool)), 0.5,
        provenance=Provenance(box=(3, 2, 8, 6), points=(Point(4, 3),)),
    )  # fmt: skip
    moved = placed(found, (100, 200))
    assert moved.mask.origin == (102, 203)
    assert moved.provenance.box == (203, 102, 208, 106)
    assert moved.provenance.points == (Point(204, 103),)


def test_placing_from_a_coarser_level_enlarges() -> None:
    found = Instance(
        1, "a", Mask((2, 3), np.ones((4, 5), bool)), 0.5, provenance=Provenance(points=(Point(0, 0),))
    )
    large = placed(found, (10, 0), (2.0, 4.0))
    assert large.mask.origin == (24, 12)
    assert large.mask.pixels.shape == (8, 20)
    assert large.provenance.points == (Point(1.5, 20.5),)


def test_pieces_that_agree_are_one_object() -> None:
    left, right = tiles((256, 1024), 512, 64)
    middle = left.core[1].stop
    one = Piece(left, _instance(50, middle - 300, width=left.window[1].stop - middle + 300, score=0.9))
    two = Piece(right, _instance(50, right.window[1].start, width=300))
    (found,) = joined([one, two])
    assert found.mask.box == (middle - 300, 50, right.window[1].start + 300, 60)
    assert found.score == 0.9


def test_pieces_of_other_classes_or_places_stay_apart() -> None:
    left, right = tiles((256, 1024), 512, 64)
    start = right.window[1].start
    one = Piece(left, _instance(50, start - 200, width=left.window[1].stop - start + 200))
    other_class = Piece(right, _instance(50, start, width=300, name="b"))
    elsewhere = Piece(right, _instance(90, start, width=300))
    assert len(joined([one, other_class, elsewhere])) == 3


def test_a_piece_that_the_neighbour_saw_whole_is_left_to_it() -> None:
    left, _ = tiles((256, 1024), 512, 64)
    rim = _instance(50, left.window[1].stop - 12, width=12)
    assert joined([Piece(left, rim)]) == []


def test_samples_are_spread_and_do_not_overlap() -> None:
    windows = sample_windows(whole((1000, 500)), 200, 6)
    count = np.zeros((1000, 500), int)
    for window in windows:
        count[window] += 1
    assert count.max() == 1
    assert len(windows) == 5 * 2


def test_a_sample_of_a_small_plane_is_all_of_it_that_is_square() -> None:
    assert sample_windows(whole((100, 90)), 200, 3) == [(slice(0, 100), slice(0, 90))]
