"""Prompts of every kind, and what becomes of them."""

from __future__ import annotations

import numpy as np
import pytest

from napari_zeroseg.core.errors import NotNowError, OutsideError
from napari_zeroseg.core.instance import Combination, InstanceState
from napari_zeroseg.core.mask import Mask
from napari_zeroseg.core.record import instance_entry
from napari_zeroseg.session.runner import Runner
from napari_zeroseg.session.session import Session
from tests.fakes import fake_backends, source

UPPER, LOWER = (10, 10), (45, 35)  # x, y within the two bright squares of 100 px


@pytest.fixture
def session() -> Session:
    session = Session(backends=fake_backends)
    session.open(source())
    session.add_classes("bright; grey")
    return session


def draw(session: Session, place: tuple[int, int], name: str = "bright") -> None:
    session.begin(name)
    session.click(*place)
    session.commit()


# boxes


def test_a_box_draws_and_the_next_one_takes_its_place(session: Session) -> None:
    session.begin("bright")
    session.draw_box((4, 4, 16, 16))
    assert session.state.draft.mask.box == (5, 5, 15, 15)
    session.draw_box((39, 29, 51, 41))
    assert session.state.draft.prompt.box == (39, 29, 51, 41)
    assert session.state.draft.mask.box == (40, 30, 50, 40)
    session.undo()
    assert session.state.draft.prompt.box == (4, 4, 16, 16)
    assert session.state.draft.mask.box == (5, 5, 15, 15)


def test_a_deleted_box_leaves_the_points(session: Session) -> None:
    session.begin("bright")
    session.click(*UPPER)
    session.draw_box((4, 4, 16, 16))
    session.draw_box(None)
    assert session.undo_text == "Delete box"
    assert session.state.draft.prompt.box is None
    assert len(session.state.draft.prompt.points) == 1
    session.set_points(())
    assert session.state.draft.mask is None


def test_a_box_is_cut_at_the_border(session: Session) -> None:
    session.begin("bright")
    session.draw_box((-5, -3, 20, 900))
    assert session.state.draft.prompt.box == (0, 0, 20, 64)


@pytest.mark.parametrize("box", [(70, 5, 90, 20), (-9, 0, -2, 9), (5, 5, 5.2, 9)])
def test_a_box_outside_is_refused_and_the_prompts_stay(session: Session, box) -> None:
    session.begin("bright")
    session.click(*UPPER)
    before = session.state
    with pytest.raises(OutsideError, match="prompts are as they were"):
        session.draw_box(box)
    assert session.state is before


# strokes


def test_a_stroke_is_one_step_of_a_few_points_within_it(session: Session) -> None:
    session.begin("bright")
    session.scribble([(x, 10) for x in range(6, 15)])
    points = session.state.draft.prompt.points
    assert 2 <= len(points) <= 6
    assert all(p.positive and p.y == 10 and 6 <= p.x <= 14 for p in points)
    assert session.state.draft.mask.box == (5, 5, 15, 15)
    session.scribble([(7, 7), (12, 7)], positive=False)
    assert {p.positive for p in session.state.draft.prompt.points} == {True, False}
    assert session.undo_text == "Negative scribble"
    session.undo()
    assert session.state.draft.prompt.points == points
    session.undo()
    assert session.state.draft.prompt.points == ()


def test_what_of_a_stroke_lies_outside_is_left_out(session: Session) -> None:
    session.begin("bright")
    session.scribble([(-20, 10), (-10, 10), (6, 10), (9, 10)])
    assert all(p.within((64, 64)) for p in session.state.draft.prompt.points)
    before = session.state
    with pytest.raises(OutsideError, match="touch the image"):
        session.scribble([(-20, 10), (90, 10)])
    with pytest.raises(OutsideError, match="inside the image"):
        session.click(64, 10)
    assert session.state is before


# parts of an instance


def test_what_is_added_belongs_to_the_instance(session: Session) -> None:
    draw(session, UPPER)
    session.begin("bright", 1, Combination.ADDED)
    assert session.state.draft.mask is None
    assert session.undo_text == "Add to bright 1"
    session.click(*LOWER)
    assert session.state.draft.prompt.mask is None
    session.commit()
    (instance,) = session.state.instances
    assert (instance.id, instance.mask.area, instance.state) == (1, 200, InstanceState.EDITED)
    session.undo()
    assert session.state.draft.mask.area == 100
    assert session.state.instance("bright", 1).mask.area == 100


def test_what_is_taken_away_is_not_given_back_by_a_run(session: Session) -> None:
    session.suggest()
    session.accept("bright")
    session.run()
    one = next(i for i in session.state.instances if i.mask.box == (5, 5, 15, 15))
    session.begin("bright", one.id, Combination.SUBTRACTED)
    session.click(*UPPER)
    session.click(10, 7, positive=False)  # the fake cuts this row out of the answer
    session.commit()
    left = session.state.instance("bright", one.id)
    assert (left.mask.box, left.locked, left.score) == ((5, 7, 15, 8), True, one.score)
    session.run()
    covered = sum(i.mask.to_plane((64, 64))[5:15, 5:15] for i in session.state.instances)
    assert np.count_nonzero(covered) == 10


def test_an_instance_of_which_all_is_taken_away_is_gone(session: Session) -> None:
    draw(session, UPPER)
    session.begin("bright", 1, Combination.SUBTRACTED)
    session.click(*UPPER)
    session.commit()
    assert session.state.instances == ()
    session.undo()
    assert session.state.instance("bright", 1).mask.area == 100


def test_added_pixels_are_not_taken_from_what_is_locked(session: Session) -> None:
    draw(session, UPPER)
    draw(session, LOWER)
    session.begin("bright", 1, Combination.ADDED)
    session.click(*LOWER)
    session.commit()
    assert [i.mask.area for i in sorted(session.state.instances, key=lambda i: i.id)] == [100, 100]


def test_a_part_needs_an_object(session: Session) -> None:
    with pytest.raises(NotNowError, match="Choose the object"):
        session.begin("bright", None, Combination.ADDED)
    with pytest.raises(KeyError):
        session.begin("bright", 7, Combination.ADDED)


def test_nothing_can_be_taken_from_an_object_on_another_plane() -> None:
    deep = Session(backends=fake_backends)
    image = source()
    deep.open(image)
    deep.add_classes("bright")
    draw(deep, UPPER)
    deep.open(image.on((1,)))
    with pytest.raises(NotNowError, match="on this plane"):
        deep.begin("bright", 1, Combination.SUBTRACTED)
    deep.begin("bright", 1, Combination.ADDED)
    deep.click(*UPPER)
    deep.commit()
    assert [i.plane for i in deep.state.sections("bright", 1)] == [(), (1,)]


def test_a_proposal_under_correction_keeps_its_id_through_a_run(session: Session) -> None:
    session.suggest()
    session.accept("bright")
    session.run()
    one = session.state.instances[0]
    session.begin("bright", one.id)
    session.run()
    assert one.id not in {i.id for i in session.state.instances}
    session.commit()
    assert session.state.instance("bright", one.id).mask.same_as(one.mask)


# the class as a whole


def test_commits_to_a_class_as_a_whole_are_one_region(session: Session) -> None:
    session.hand.draw_whole_class(True)
    session.next_object()
    session.click(*UPPER)
    session.next_object()
    session.click(*LOWER)
    session.commit()
    (region,) = session.state.instances
    assert (region.mask.area, region.provenance.of_class) == (200, True)


def test_single_objects_stay_beside_the_region_of_their_class(session: Session) -> None:
    draw(session, LOWER)
    session.hand.draw_whole_class(True)
    session.begin_next()
    session.click(*UPPER)
    session.commit()
    assert [(i.id, i.mask.area) for i in session.state.instances] == [(1, 100), (2, 100)]
    session.begin("bright", 2, Combination.SUBTRACTED)
    session.click(*UPPER)
    session.click(10, 7, positive=False)
    session.commit()
    assert session.state.region_id("bright") == 2


# where it comes from


def test_every_step_of_an_instance_is_told(session: Session) -> None:
    session.begin("bright")
    session.draw_box((4, 4, 16, 16))
    session.click(*UPPER)
    session.commit()
    session.begin("bright", 1, Combination.ADDED)
    session.click(*LOWER)
    session.commit()
    session.begin("bright", 1, Combination.SUBTRACTED)
    session.scribble([(41, 32), (48, 32)])
    session.commit()
    told = instance_entry(session.state.instance("bright", 1))["provenance"]
    assert [step["combination"] for step in (*told["earlier"], told)] == ["whole", "added", "subtracted"]
    assert told["earlier"][0]["box"] == (4, 4, 16, 16)
    assert told["earlier"][0]["points"] == ({"x": 10, "y": 10, "positive": True},)
    assert told["earlier"][1]["segmenter"] == "embedded:regions"
    assert len(told["points"]) > 1


# answers that come late


class Later(Runner):
    """Keeps the questions until they are answered by hand."""

    def __init__(self) -> None:
        super().__init__()
        self.asked = []

    def ask(self, *question, **how) -> None:
        self.asked.append(lambda: super(Later, self).ask(*question, **how))


@pytest.fixture
def late() -> tuple[Session, Later]:
    runner = Later()
    session = Session(runner, backends=fake_backends)
    session.open(source())
    session.add_classes("bright")
    session.begin("bright")
    return session, runner


def test_a_mask_that_does_not_follow_the_prompts_yet_is_not_committed(late) -> None:
    session, runner = late
    session.click(*UPPER)
    runner.asked.pop()()
    session.click(10, 7, positive=False)
    with pytest.raises(NotNowError, match="does not follow"):
        session.commit()
    runner.asked.pop()()
    session.commit()
    assert session.state.instance("bright", 1).mask.area == 90


def test_undo_to_a_prompt_whose_answer_never_came_asks_again(late) -> None:
    session, runner = late
    session.click(*UPPER)
    runner.asked.pop()()
    session.click(10, 7, positive=False)
    session.click(10, 12, positive=False)
    runner.asked.pop()()
    assert session.state.draft.mask.area == 80
    runner.asked.clear()
    session.undo()
    assert not session.state.draft.answered
    runner.asked.pop()()
    assert session.state.draft.mask.area == 90


def test_a_union_of_masks_holds_the_pixels_of_both() -> None:
    empty = Mask((0, 0), np.zeros((0, 0), bool))
    one, two = Mask((2, 3), np.ones((2, 2), bool)), Mask((3, 4), np.ones((4, 2), bool))
    expected = one.to_plane((9, 9)) | two.to_plane((9, 9))
    assert np.array_equal(one.plus(two).to_plane((9, 9)), expected)
    assert one.plus(empty) is one
    assert empty.plus(one) is one
