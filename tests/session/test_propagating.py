from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from napari_zeroseg.core.errors import NotNowError
from napari_zeroseg.core.instance import InstanceKey, InstanceState
from napari_zeroseg.core.sequence import Kind
from napari_zeroseg.session.readiness import Action
from napari_zeroseg.session.runner import Runner
from napari_zeroseg.session.session import Session
from napari_zeroseg.session.source import ImageSource
from tests.fakes import fake_backends, squares

DEPTH = (1, 6)
"""One moment, six sections: a singleton axis beside the one that objects go along."""


def _stack(plane: tuple[int, ...] = (0, 2)) -> ImageSource:
    """The squares on sections 1 to 4, nothing on the outer ones."""

    def read(index, window):
        shown = squares() if 1 <= index[1] <= 4 else np.zeros((64, 64), np.uint8)
        pixels = np.repeat(shown[..., None] / np.float32(255), 3, axis=2)
        return pixels if window is None else pixels[window]

    return ImageSource("stack", "stack", (64, 64), read, plane, DEPTH)


@pytest.fixture
def session() -> Session:
    session = Session(backends=fake_backends)
    session.open(_stack())
    session.add_classes("bright; grey")
    session.suggest()
    session.accept("bright", "grey")
    session.run()
    session.accept_all_instances("bright")
    return session


def _planes(session: Session, name: str, number: int) -> list[int]:
    return [i.plane[1] for i in session.state.sections(name, number)]


def test_accepted_objects_are_carried_to_where_they_end(session: Session) -> None:
    before = session.state
    session.propagate(axis=1)
    assert _planes(session, "bright", 1) == _planes(session, "bright", 2) == [1, 2, 3, 4]
    for key in (InstanceKey("bright", n, (0, 2)) for n in (1, 2)):
        assert session.state.find(key) is before.find(key)
    carried = [i for i in session.state.instances if i.plane != (0, 2)]
    assert all(i.state is InstanceState.PROPOSED and i.provenance.from_plane == (0, 2) for i in carried)
    assert all(i.mask.area == 100 for i in carried)
    assert session.undo_text == "Carry"
    session.undo()
    assert session.state is before


def test_one_object_and_a_range(session: Session) -> None:
    session.propagate(("bright", 1), axis=1, first=2, last=3)
    assert _planes(session, "bright", 1) == [2, 3]
    assert _planes(session, "bright", 2) == [2]


def test_carrying_again_replaces_what_nobody_accepted(session: Session) -> None:
    session.propagate(("bright", 1), axis=1)
    session.accept_instances(InstanceKey("bright", 1, (0, 3)))
    session.propagate(("bright", 1), axis=1, first=2, last=3)
    assert _planes(session, "bright", 1) == [1, 2, 3, 4]
    kept = session.state.instance("bright", 1, (0, 3))
    assert kept.state is InstanceState.ACCEPTED


def test_erased_masks_are_not_brought_back(session: Session) -> None:
    session.propagate(("bright", 1), axis=1)
    session.delete_instances(InstanceKey("bright", 1, (0, 3)))
    session.propagate(("bright", 1), axis=1)
    assert 3 not in _planes(session, "bright", 1)


def test_carried_masks_take_pixels_from_proposals_alone(session: Session) -> None:
    session.open(_stack((0, 3)))
    session.run()
    proposed = [i for i in session.state.on_plane((0, 3)) if i.name == "bright"]
    session.accept_instances(proposed[0].key)
    session.propagate(axis=1, kind=Kind.DEPTH, directions=(1,))
    bright = [i for i in session.state.on_plane((0, 3)) if i.name == "bright"]
    count = np.zeros((64, 64), int)
    for instance in bright:
        count[instance.mask.slices] += instance.mask.pixels
    assert count.max() == 1
    assert session.state.find(proposed[0].key).mask is proposed[0].mask
    assert session.state.find(proposed[1].key) is None


def test_reasons_why_nothing_can_be_carried(session: Session) -> None:
    empty = Session(backends=fake_backends)
    assert empty.readiness[Action.CARRY]
    empty.open(replace(_stack(), plane=(), depth=()))
    assert "one plane" in empty.readiness[Action.CARRY]
    empty.open(replace(_stack(), key="other"))
    assert "Accept or draw" in empty.readiness[Action.CARRY]
    with pytest.raises(NotNowError, match="'grey 1' is not accepted"):
        session.propagate(("grey", 1), axis=1)
    with pytest.raises(NotNowError, match="from 3 to 4"):
        session.propagate(axis=1, first=3, last=4)


def test_cancel_leaves_everything_as_it_was(session: Session) -> None:
    waiting: list = []

    class Later:
        def submit(self, work) -> None:
            waiting.append(work)

    session._runner = Runner(Later())
    before = session.state
    session.propagate(axis=1)
    assert session.activity.running
    session.cancel()
    waiting[0]()
    assert session.state is before
    assert not session.activity.running


def test_an_object_deleted_meanwhile_stays_away(session: Session) -> None:
    waiting: list = []

    class Later:
        def submit(self, work) -> None:
            waiting.append(work)

    session._runner = Runner(Later())
    session.propagate(axis=1)
    session.delete_instances(InstanceKey("bright", 1, (0, 2)))
    waiting[0]()
    assert _planes(session, "bright", 1) == []
    assert _planes(session, "bright", 2) == [1, 2, 3, 4]


def test_doubtful_planes_in_the_order_of_doubt(session: Session) -> None:
    session.propagate(("bright", 1), axis=1)
    scores = {1: 0.3, 3: 0.9, 4: 0.6}
    changed = (
        replace(i, score=scores[i.plane[1]]) if not i.locked and i.name == "bright" else i
        for i in session.state.instances
    )
    session._amend(replace(session.state, instances=tuple(changed)))
    visited: list[int] = []

    def go(subject) -> None:
        visited.append(subject.plane[1])
        session.open(_stack(subject.plane))

    session.visited.connect(go)
    for step in (1, 1, 1, 1, -1):
        session.visit_doubtful("bright", 1, step)
    assert visited == [1, 4, 3, 1, 3]
    session.accept_instances(*(i.key for i in session.state.sections("bright", 1)))
    with pytest.raises(NotNowError, match="decided"):
        session.visit_doubtful("bright", 1)
