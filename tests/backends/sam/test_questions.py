from __future__ import annotations

import numpy as np
import pytest

from napari_zeroseg.backends.sam.frame import Frame
from napari_zeroseg.backends.sam.questions import CERTAIN, grouped
from napari_zeroseg.core.mask import Mask
from napari_zeroseg.core.prompt import Point, Prompt

FRAME = Frame.padded((32, 64), 1024)
MASK = Mask((8, 16), np.ones((8, 16), bool))
BOX = (4.0, 8.0, 20.0, 30.0)


def test_prompts_of_one_layout_share_a_group_and_keep_their_places():
    a, b = Point(1, 1), Point(5, 9, positive=False)
    prompts = [Prompt(box=BOX), Prompt((a,)), Prompt(), Prompt((a, b)), Prompt(box=BOX), Prompt((b,))]
    groups = {g.places: g for g in grouped(prompts, FRAME, 256)}
    assert set(groups) == {(0, 4), (1, 5), (3,)}
    assert groups[(1, 5)].labels.tolist() == [[1], [0]]
    assert groups[(3,)].points.tolist() == [[[23.5, 23.5], [87.5, 151.5]]]
    assert groups[(0, 4)].boxes.tolist() == [[64, 128, 319, 479]] * 2
    assert groups[(0, 4)].points.shape == (2, 0, 2)


def test_only_a_single_point_is_ambiguous():
    point, other = Point(1, 1), Point(9, 9)
    prompts = [
        Prompt((point,)),
        Prompt((point, other)),
        Prompt((point,), BOX),
        Prompt(box=BOX),
        Prompt((point,), mask=MASK),
    ]
    assert [g.ambiguous for g in grouped(prompts, FRAME, 256)] == [True, False, False, False, False]


def test_a_mask_becomes_logits_by_what_it_covers():
    (group,) = grouped([Prompt((Point(1, 1),), mask=MASK)], FRAME, 256)
    logits = group.masks[0, 0]
    assert logits.shape == (256, 256)
    inside = np.zeros((256, 256), bool)
    inside[32:64, 64:128] = True  # four cells a pixel
    assert np.array_equal(logits > 0, inside)
    assert set(np.unique(logits)) == {-CERTAIN, CERTAIN}


def test_a_cell_that_is_half_covered_is_undecided():
    frame = Frame.padded((512, 512), 1024)  # two pixels a cell
    (group,) = grouped([Prompt(box=BOX, mask=Mask((3, 4), np.ones((4, 4), bool)))], frame, 256)
    column = group.masks[0, 0][:, 2]
    assert column[:5] == pytest.approx([-CERTAIN, 0, CERTAIN, 0, -CERTAIN])


def test_a_mask_alone_comes_with_its_box():
    (group,) = grouped([Prompt(mask=MASK)], FRAME, 256)
    assert group.boxes.tolist() == [list(FRAME.box(MASK.box))]


def test_a_mask_of_nothing_is_none():
    empty = Mask((3, 3), np.zeros((4, 4), bool))
    (group,) = grouped([Prompt(mask=empty), Prompt((Point(1, 1),), mask=empty)], FRAME, 256)
    assert group.places == (1,)
    assert group.masks is None


def test_parts_hold_all_in_order():
    prompts = [Prompt((Point(i, 1),), (0, 0, i + 1, 9), MASK) for i in range(7)]
    (group,) = grouped(prompts, FRAME, 64)
    parts = list(group.split(3))
    assert [p.places for p in parts] == [(0, 1, 2), (3, 4, 5), (6,)]
    for name in ("points", "labels", "boxes", "masks"):
        joined = np.concatenate([getattr(p, name) for p in parts])
        assert np.array_equal(joined, getattr(group, name))
