"""Outlines that move to the edges of the image: who changes, who does not, and steps back."""

from __future__ import annotations

from concurrent.futures import Executor, Future
from dataclasses import replace

import numpy as np
import pytest

from napari_zeroseg.core.compose import Erasure
from napari_zeroseg.core.errors import NotNowError, ZeroSegError
from napari_zeroseg.core.instance import Instance, InstanceState
from napari_zeroseg.core.mask import Mask
from napari_zeroseg.core.vocabulary import Vocabulary
from napari_zeroseg.session.edging import with_outlines
from napari_zeroseg.session.readiness import Action
from napari_zeroseg.session.runner import Runner
from napari_zeroseg.session.session import Session
from napari_zeroseg.session.state import State
from tests.fakes import FakeBackend, fake_backends, source


def _square(y: int, x: int, side: int) -> Mask:
    return Mask((y, x), np.ones((side, side), bool))


GREY = _square(40, 8, 12)  # as it is in the image
SLOPPY = _square(42, 10, 12)
ROUGH = (
    Instance(1, "grey", SLOPPY, 0.9),
    Instance(1, "bright", _square(4, 7, 10), 0.8, InstanceState.ACCEPTED),
)


def _session(*instances: Instance, runner: Runner | None = None) -> Session:
    session = Session(runner, backends=lambda recipe: fake_backends(recipe, FakeBackend()))
    session.problem_raised.connect(_raise)
    session.open(source())
    session.add_classes("bright, grey")
    session._push("Put", _state(*instances))
    return session


def _state(*instances: Instance) -> State:
    return State(Vocabulary.parse("bright, grey"), instances=instances, layered=("bright", "grey"))


def _raise(problem: ZeroSegError) -> None:
    raise problem


def test_outlines_move_to_the_edges_and_states_tell_who_answers() -> None:
    session = _session(*ROUGH)
    session.refine_edges(*(i.key for i in ROUGH))
    grey, bright = session.state.instances
    assert grey.mask.iou(GREY) > 0.9 > SLOPPY.iou(GREY)
    assert grey.state is InstanceState.PROPOSED
    assert bright.mask.iou(_square(5, 5, 10)) > 0.9
    assert bright.state is InstanceState.EDITED
    assert bright.provenance.author == "person"
    assert not session.activity.running


def test_it_is_one_step_that_can_be_taken_back() -> None:
    session = _session(*ROUGH)
    before = session.state
    session.refine_edges(*(i.key for i in ROUGH))
    assert session.undo_text == "Refine edges"
    session.undo()
    assert session.state is before
    session.redo()
    assert session.state.instances[0].mask is not ROUGH[0].mask


def test_a_class_means_its_proposals() -> None:
    session = _session(*ROUGH)
    session.refine_edges_of("grey")
    assert session.state.instances[0].mask is not ROUGH[0].mask
    assert session.state.instances[1] is ROUGH[1]
    session.undo()
    session.refine_edges_of("bright")
    assert session.state.instances == ROUGH


def test_pixels_of_instances_that_are_not_named_stay_theirs() -> None:
    left = Instance(2, "bright", Mask((40, 8), np.ones((12, 2), bool)), 0.9, InstanceState.EDITED)
    session = _session(Instance(1, "grey", SLOPPY, 0.9), left)
    session.refine_edges(("grey", 1))
    grey, other = session.state.instances
    assert other is left
    assert grey.mask.area
    assert not grey.mask.overlap(left.mask)


def test_what_was_erased_does_not_come_back() -> None:
    gone = Mask((40, 8), np.ones((12, 1), bool))
    state = State(
        Vocabulary.parse("grey"), instances=(ROUGH[0],), erased=(Erasure("grey", gone),), layered=("grey",)
    )
    after = with_outlines(state, [(ROUGH[0], GREY)])
    assert after.instances[0].mask.same_as(_wide(40, 9, 12, 11))


def _wide(y: int, x: int, height: int, width: int) -> Mask:
    return Mask((y, x), np.ones((height, width), bool))


def test_what_changed_meanwhile_or_would_vanish_stays() -> None:
    repainted = ROUGH[0].edited(_square(42, 11, 12))
    state = _state(repainted)
    assert with_outlines(state, [(ROUGH[0], GREY)]) is state
    state = _state(ROUGH[0])
    assert with_outlines(state, [(ROUGH[0], Mask.from_plane(np.zeros((4, 4), bool)))]) is state
    assert with_outlines(state, [(ROUGH[0], SLOPPY)]) is state


def test_classes_that_may_overlap_do_not_take_from_each_other() -> None:
    bright, grey = Vocabulary.parse("bright, grey")
    vocabulary = Vocabulary((replace(bright, may_overlap=("grey",)), grey))
    other = Instance(1, "bright", _square(40, 8, 4), 0.9)
    state = replace(_state(ROUGH[0], other), vocabulary=vocabulary)
    assert with_outlines(state, [(ROUGH[0], GREY)]).instances[0].mask.same_as(GREY)


class _Later(Executor):
    """Keeps calls until they are asked for."""

    def __init__(self) -> None:
        self.calls = []

    def submit(self, fn, /, *args, **kwargs):
        self.calls.append(fn)
        return Future()


def test_cancel_leaves_all_as_it_was() -> None:
    later = _Later()
    session = _session(*ROUGH, runner=Runner(later))
    later.calls.clear()
    before = session.state
    session.refine_edges(*(i.key for i in ROUGH))
    assert session.readiness[Action.REFINE_EDGES]
    session.cancel()
    for call in later.calls:
        call()
    assert session.state is before
    assert not session.activity.running


def test_progress_is_told() -> None:
    session = _session(*ROUGH)
    told = []
    session.activity_changed.connect(lambda a: told.append((a.done, a.total)))
    session.refine_edges(*(i.key for i in ROUGH))
    assert (1, 2) in told


def test_without_instances_there_is_nothing_to_refine() -> None:
    session = _session()
    with pytest.raises(NotNowError, match="no instances"):
        session.refine_edges()
