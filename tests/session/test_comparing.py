"""A run that removes proposals shows the difference; the old is one step away."""

from __future__ import annotations

import numpy as np
import pytest

from napari_zeroseg.core.errors import NotNowError
from napari_zeroseg.core.instance import Instance
from napari_zeroseg.core.mask import Mask
from napari_zeroseg.core.recipe import Parameters
from napari_zeroseg.session.rerun import compare
from napari_zeroseg.session.session import Session
from tests.fakes import fake_backends, source, squares


def square(left: int, name: str = "cell", side: int = 10, plane: tuple[int, ...] = ()) -> Instance:
    return Instance(left + 1, name, Mask((0, left), np.ones((side, side), bool)), 0.5, plane=plane)


@pytest.fixture
def session() -> Session:
    """After a first run: two bright squares and a grey one."""
    made = Session(backends=fake_backends)
    made.open(source())
    made.add_classes("bright; grey")
    made.suggest()
    made.accept("bright", "grey")
    made.run()
    return made


def rerun_without_small(session: Session) -> None:
    """Run again with a threshold that the squares of 100 px no longer pass."""
    session.refining.set_parameters(Parameters(box_threshold=0.62))
    session.run()


def test_proposals_are_matched_by_overlap_class_and_plane() -> None:
    old = [square(0), square(30), square(60, "nucleus"), square(0, plane=(1,))]
    new = [square(3), square(60), square(90)]
    difference = compare(old, new)
    assert [i.id for i in difference.again] == [4]
    assert [i.id for i in difference.gone] == [31, 61, 1]
    assert [i.id for i in difference.new] == [61, 91]
    assert difference.text == "cell: 2 new, 2 gone, 1 as before\nnucleus: 0 new, 1 gone, 0 as before"


def test_each_is_matched_once_with_what_overlaps_it_most() -> None:
    difference = compare([square(0), square(1)], [square(0)])
    assert (len(difference.again), len(difference.gone), len(difference.new)) == (1, 1, 0)


def test_a_run_that_removes_proposals_waits_for_a_decision(session: Session) -> None:
    before = session.state
    rerun_without_small(session)
    assert session.difference.text == "grey: 0 new, 0 gone, 1 as before\nbright: 0 new, 2 gone, 0 as before"
    after = session.state
    session.keep_old()
    assert session.state is before
    assert session.difference is None
    session.redo()
    assert session.state is after
    with pytest.raises(NotNowError):
        session.keep_old()


def test_to_take_the_new_changes_nothing_more(session: Session) -> None:
    rerun_without_small(session)
    after = session.state
    session.take_new()
    assert session.state is after
    assert session.difference is None
    assert session.undo_text == "Run"


def test_who_goes_on_working_has_taken_the_new(session: Session) -> None:
    rerun_without_small(session)
    session.accept_all_instances("grey")
    assert session.difference is None
    rerun_without_small(session)
    assert session.difference is None  # only a locked mask was there


def test_another_image_has_no_difference(session: Session) -> None:
    rerun_without_small(session)
    session.open(source(squares(), "other"))
    assert session.difference is None


def test_nothing_is_asked_when_all_is_found_again_or_after_a_cancel(session: Session) -> None:
    session.run()
    assert session.difference is None


def test_the_question_can_be_switched_off(session: Session) -> None:
    session.set_asks(False)
    rerun_without_small(session)
    assert session.difference is None
    session.undo()
    assert len(session.state.instances) == 3
