from __future__ import annotations

import numpy as np
import pytest

from napari_zeroseg.core.mask import Mask
from napari_zeroseg.core.prompt import Point, Prompt
from napari_zeroseg.evaluation.clicks import NOTHING, next_click, simulate


def rectangle(y0: int, x0: int, y1: int, x1: int) -> Mask:
    return Mask((y0, x0), np.ones((y1 - y0, x1 - x0), bool))


def test_first_click_is_in_the_middle_of_the_object() -> None:
    assert next_click(rectangle(10, 20, 15, 25), NOTHING) == Point(22, 12, positive=True)


def test_missing_part_gets_a_positive_click_in_its_middle() -> None:
    assert next_click(rectangle(0, 0, 9, 20), rectangle(0, 0, 9, 11)) == Point(15, 4, positive=True)


def test_surplus_part_gets_a_negative_click_in_its_middle() -> None:
    click = next_click(rectangle(0, 0, 9, 11), rectangle(0, 0, 9, 20))
    assert not click.positive
    assert (click.x, click.y) == (15, 4)


def test_the_larger_error_is_clicked_first() -> None:
    # 2 columns are missing at the left, 5 are surplus at the right
    click = next_click(rectangle(0, 0, 9, 20), rectangle(0, 2, 9, 25))
    assert (click.x, click.positive) == (22, False)


def test_an_answer_elsewhere_is_compared_in_one_window() -> None:
    assert next_click(rectangle(0, 0, 3, 3), rectangle(50, 50, 61, 61)) == Point(55, 55, positive=False)


def test_a_place_is_not_clicked_twice() -> None:
    truth = rectangle(0, 0, 5, 5)
    assert next_click(truth, NOTHING, (Point(2, 2),)) != next_click(truth, NOTHING)


def test_a_right_answer_leaves_nothing_to_click() -> None:
    truth = rectangle(0, 0, 5, 5)
    with pytest.raises(ValueError, match="no error"):
        next_click(truth, truth)


def test_trial_ends_when_the_target_is_met() -> None:
    truth = rectangle(5, 5, 25, 25)
    answers = [rectangle(5, 5, 15, 25), rectangle(5, 5, 24, 25)]
    trial = simulate(lambda prompt: answers[len(prompt.points) - 1], truth, target=0.9)
    assert trial.reached
    assert trial.clicks == 2
    assert trial.ious == (0.5, 0.95)


def test_trial_hands_on_all_clicks_and_the_last_answer() -> None:
    asked: list[Prompt] = []

    def answer(prompt: Prompt) -> Mask:
        asked.append(prompt)
        return rectangle(0, 0, 2, 2)

    trial = simulate(answer, rectangle(0, 0, 20, 20), limit=3)
    assert not trial.reached
    assert [len(p.points) for p in asked] == [1, 2, 3]
    assert [p.mask is None for p in asked] == [True, False, False]
    assert trial.clicks == 3
