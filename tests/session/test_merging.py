"""Two into one: no pixel that a person answers for is lost, and undo parts them again."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from napari_zeroseg.core.errors import NotNowError
from napari_zeroseg.core.instance import InstanceState
from napari_zeroseg.core.suggestion import Decision
from napari_zeroseg.core.vocabulary import TargetClass
from napari_zeroseg.session.runner import Runner
from napari_zeroseg.session.session import Session
from tests.fakes import fake_backends, source


@pytest.fixture
def session() -> Session:
    made = Session(backends=fake_backends)
    made.open(source())
    made.add_classes("bright, grey")
    made.suggest()
    made.accept("bright", "grey")
    made.run()
    return made


def pixels(session, locked=False):
    plane = np.zeros((64, 64), bool)
    for instance in session.state.instances:
        if instance.locked or not locked:
            plane |= instance.mask.to_plane((64, 64))
    return plane


def test_a_merged_class_keeps_name_and_ids_and_takes_the_masks_of_the_other(session):
    session.accept_instances(("grey", 1))
    before, grey = pixels(session), session.state.instance("grey", 1).mask
    session.merge_classes("grey", "bright")
    state = session.state
    assert state.vocabulary.names == state.layered == ("bright",)
    assert state.vocabulary["bright"].synonyms == ("grey",)
    assert sorted(i.key[:2] for i in state.instances) == [("bright", 1), ("bright", 2), ("bright", 3)]
    assert state.instance("bright", 3).mask is grey
    assert state.instance("bright", 3).locked
    assert np.array_equal(pixels(session), before)
    assert [s.name for s in state.suggestions] == ["bright"]


def test_one_undo_parts_them_again(session):
    before = session.state
    session.merge_classes("grey", "bright")
    session.undo()
    assert session.state is before


def test_what_a_person_locked_survives_the_merge_and_a_run_after_it(session):
    session.accept_instances(("grey", 1))
    locked = pixels(session, locked=True)
    session.merge_classes("grey", "bright")
    session.suggest()
    session.accept("bright")
    session.run()
    assert np.array_equal(pixels(session, locked=True), locked)


def test_where_merged_classes_overlap_each_pixel_has_one_object(session):
    overlapping = TargetClass("grey", may_overlap=("bright",))
    session.change_class("grey", replace(overlapping, color=session.state.vocabulary["grey"].color))
    session.paint("grey", (5, 5), np.full((10, 5), 7))  # over half of bright 1, which is proposed
    session.merge_classes("grey", "bright")
    painted = next(i for i in session.state.instances if i.state is InstanceState.EDITED)
    assert painted.mask.area == 50
    assert sum(i.mask.area for i in session.state.instances) == pixels(session).sum()
    assert session.state.vocabulary["bright"].may_overlap == ()


def test_decisions_of_both_are_kept(session):
    session.reopen("bright")
    session.merge_classes("grey", "bright")
    assert session.state.suggestions[0].decision is Decision.ACCEPTED


def test_what_was_erased_in_one_may_be_there_in_the_other(session):
    session.paint("grey", (5, 5), np.full((10, 10), 5))
    session.paint("grey", (5, 5), np.zeros((10, 10)))
    assert session.state.erased
    session.undo()
    session.undo()
    session.delete_instances(("grey", 1))
    session.merge_classes("grey", "bright")
    assert [e.name for e in session.state.erased] == ["bright"]
    there = pixels(session)
    assert not any((e.mask.to_plane((64, 64)) & there).any() for e in session.state.erased)


def test_the_object_that_is_drawn_comes_along(session):
    session.begin("grey", 1)
    session.merge_classes("grey", "bright")
    draft = session.state.draft
    assert session.state.instance(draft.name, draft.instance_id).mask is draft.base


def test_merged_objects_are_one_that_a_person_answers_for(session):
    before = pixels(session)
    session.merge_instances(("bright", 2), ("bright", 1))
    merged = session.state.instance("bright", 1)
    assert merged.state is InstanceState.EDITED
    assert merged.mask.area == 200
    assert np.array_equal(pixels(session), before)
    session.run()
    assert session.state.instance("bright", 1).mask is merged.mask


def on_plane(session, *plane):
    session.open(replace(source(), plane=plane, depth=(3,)))


def test_objects_are_merged_on_all_planes():
    session = Session(backends=fake_backends)
    on_plane(session, 0)
    session.add_classes("bright")
    session.paint("bright", (0, 0), np.full((4, 4), 1))
    on_plane(session, 1)
    session.paint("bright", (0, 0), np.full((4, 4), 1))
    session.paint("bright", (8, 8), np.full((4, 4), 2))
    on_plane(session, 2)
    session.paint("bright", (8, 8), np.full((4, 4), 2))
    keys = [i.key for i in session.state.on_plane((1,))]
    alone = session.state.instance("bright", 2, (2,)).mask
    session.merge_instances(*keys)
    assert [i.mask.area for i in session.state.sections("bright", 1)] == [16, 32, 16]
    assert session.state.instance("bright", 1, (2,)).mask is alone


def test_masks_of_two_classes_are_not_merged(session):
    with pytest.raises(NotNowError, match="several classes"):
        session.merge_instances(("bright", 1), ("grey", 1))


def test_an_object_that_is_drawn_is_not_merged(session):
    session.begin("bright", 1)
    with pytest.raises(NotNowError, match="being drawn"):
        session.merge_instances(("bright", 1), ("bright", 2))


@pytest.mark.parametrize("change", ["rename", "remove", "merge"])
def test_a_run_adds_nothing_to_a_class_that_is_gone_by_its_end(change):
    waiting = []
    session = Session(Runner(deliver=waiting.append), backends=fake_backends)

    def deliver():
        while waiting:
            waiting.pop(0)()

    session.open(source())
    session.add_classes("bright, grey")
    session.suggest()
    deliver()
    session.accept("bright", "grey")
    session.run()
    match change:
        case "rename":
            session.change_class("grey", replace(session.state.vocabulary["grey"], name="pale"))
        case "remove":
            session.remove_class("grey")
        case "merge":
            session.merge_classes("grey", "bright")
    deliver()
    assert {i.name for i in session.state.instances} == {"bright"}
    assert "grey" not in session.state.layered
