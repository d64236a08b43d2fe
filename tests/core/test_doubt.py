"""What makes a mask doubtful, and how doubts add up."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from napari_zeroseg.core.doubt import Doubt, doubts_of, reasons, risk, usual_areas
from napari_zeroseg.core.instance import Instance, Provenance
from napari_zeroseg.core.mask import Logits, Mask

SHAPE = (100, 100)


def square(side: int = 10, at: tuple[int, int] = (20, 20), score: float = 1.0, **made: float) -> Instance:
    return Instance(1, "cell", Mask(at, np.ones((side, side), bool)), score, provenance=Provenance(**made))


def said(instance: Instance, usual: float = 100.0) -> tuple[str, ...]:
    return reasons(doubts_of(instance, SHAPE, usual))


def test_a_sure_mask_of_usual_size_inside_the_image_is_not_doubted() -> None:
    assert doubts_of(square(quality=1.0, stability=1.0, agreement=1.0), SHAPE, 100.0) == ()
    assert risk(()) == 0


@pytest.mark.parametrize(
    ("instance", "word"),
    [
        (square(score=0.2), "low score"),
        (square(quality=0.3), "unsure of the outline"),
        (square(agreement=0.6), "two passes disagree: 60% in common"),
        (square(stability=0.3), "unsteady"),
        (square(at=(0, 40)), "touches the border"),
        (square(at=(40, 90)), "touches the border"),
        (square(side=40), "much larger"),
        (square(side=3), "much smaller"),
    ],
)
def test_every_sign_is_said_in_words(instance: Instance, word: str) -> None:
    (reason,) = said(instance)
    assert word in reason


def test_the_strongest_reason_comes_first_and_small_doubts_are_not_said() -> None:
    instance = square(at=(0, 40), score=0.9, quality=0.2)
    assert [r.split(":")[0] for r in said(instance)] == [
        "the model is unsure of the outline",
        "touches the border of the image",
    ]


def test_doubts_add_up_and_never_pass_one() -> None:
    one, more = risk([Doubt(0.5, "")]), risk([Doubt(0.5, ""), Doubt(0.9, "")])
    assert one == pytest.approx(0.5)
    assert one < more <= 1


def test_the_usual_area_is_the_median_of_the_class() -> None:
    cells = [square(side=side) for side in (2, 10, 50)]
    other = replace(square(side=30), name="nucleus")
    assert usual_areas([*cells, other]) == {"cell": 100.0, "nucleus": 900.0}


def test_a_mask_is_stable_when_thresholds_beside_zero_give_the_same() -> None:
    steep = Logits((0, 0), np.array([[-5, 5, 5, -5]], np.float32), 1.0)
    shallow = Logits((0, 0), np.array([[-0.5, 0.5, 5, -5]], np.float32), 1.0)
    assert steep.stability == 1.0
    assert shallow.stability == pytest.approx(1 / 3)
    assert Logits((0, 0), np.zeros((0, 0), np.float32), 0.0).stability == 0.0
