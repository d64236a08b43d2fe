"""The whole story on a session without a window, and what no run may change."""

from __future__ import annotations

from dataclasses import replace
from itertools import pairwise

import numpy as np
import pytest

from napari_zeroseg.core.errors import BadVocabularyError, NotNowError, ZeroSegError
from napari_zeroseg.core.instance import InstanceKey, InstanceState
from napari_zeroseg.core.prompt import Point
from napari_zeroseg.core.suggestion import Decision
from napari_zeroseg.core.vocabulary import TargetClass, Vocabulary
from napari_zeroseg.session.readiness import Action, Activity
from napari_zeroseg.session.session import Session
from napari_zeroseg.session.state import State
from tests.fakes import FakeBackend, fake_backends, source, squares


@pytest.fixture
def fake() -> FakeBackend:
    return FakeBackend()


@pytest.fixture
def session(fake: FakeBackend) -> Session:
    made = Session(backends=lambda recipe: fake_backends(recipe, fake))
    made.problem_raised.connect(_raise)
    made.open(source())
    return made


def _raise(problem: ZeroSegError) -> None:
    raise problem


def _run(session: Session, classes: str = "bright, grey") -> None:
    session.add_classes(classes)
    session.suggest()
    session.accept(*session.state.vocabulary.names)
    session.run()


def _plane(session: Session, name: str) -> np.ndarray:
    drawn = np.zeros((64, 64), int)
    for instance in session.state.instances:
        if instance.name == name:
            drawn[instance.mask.slices][instance.mask.pixels] = instance.id
    return drawn


def test_name_suggest_accept_run(session: Session) -> None:
    _run(session)
    assert session.state.caption == "squares on a dark ground"
    assert session.state.layered == ("bright", "grey")
    assert np.array_equal((_plane(session, "bright") + _plane(session, "grey")) > 0, squares() > 0)
    assert {i.state for i in session.state.instances} == {InstanceState.PROPOSED}
    assert not session.activity.running


def test_a_rejected_class_is_not_drawn(session: Session) -> None:
    session.add_classes("bright, grey")
    session.suggest()
    session.accept("bright")
    session.reject("grey")
    session.run()
    assert session.state.layered == ("bright",)
    assert [s.decision for s in session.state.suggestions] == [Decision.ACCEPTED, Decision.REJECTED]


def test_accept_above_leaves_the_unlikely_undecided(session: Session) -> None:
    session.add_classes("bright, absent")
    session.suggest()
    session.accept_above(0.5)
    assert session.state.accepted_names == ("bright",)


def test_decisions_survive_a_new_look(session: Session) -> None:
    session.add_classes("bright, grey")
    session.suggest()
    session.reject("grey")
    session.suggest()
    assert session.state.suggestions[1].decision is Decision.REJECTED


def test_undo_goes_back_to_the_start_and_redo_to_the_end(session: Session) -> None:
    start = session.state
    _run(session)
    session.begin("bright")
    session.click(10, 45)
    session.commit()
    end = session.state
    steps = 0
    while session.undo_text:
        session.undo()
        steps += 1
    assert session.state is start
    assert steps == 7  # add, suggest, accept, run, new, point, commit
    while session.redo_text:
        session.redo()
    assert session.state is end


def test_a_second_run_replaces_proposals_and_keeps_what_a_person_accepted(session: Session) -> None:
    _run(session)
    kept = session.state.instance("bright", 1)
    session.accept_instances(kept.key)
    session.run()
    assert len(session.state.instances) == 3
    assert session.state.instance("bright", 1).mask is kept.mask
    assert session.state.instance("bright", 1).state is InstanceState.ACCEPTED


def test_what_was_deleted_does_not_come_back(session: Session) -> None:
    _run(session)
    session.delete_instances(("bright", 1))
    session.run()
    assert np.array_equal(np.unique(_plane(session, "bright")), [0, 2]) or (
        len([i for i in session.state.instances if i.name == "bright"]) == 1
    )


def test_what_was_erased_with_the_brush_does_not_come_back(session: Session) -> None:
    _run(session)
    before = _plane(session, "grey")
    session.paint("grey", (40, 8), np.zeros((12, 3), int))
    session.run()
    after = _plane(session, "grey")
    assert not after[40:52, 8:11].any()
    assert np.array_equal(after[:, 11:] > 0, before[:, 11:] > 0)


def test_painting_takes_pixels_from_other_classes_and_locks(session: Session) -> None:
    _run(session)
    session.paint("bright", (40, 8), np.full((12, 6), 9))
    assert session.state.instance("bright", 9).state is InstanceState.EDITED
    assert session.state.instance("bright", 9).mask.area == 72
    assert _plane(session, "grey")[40:52, 8:20].sum() == 72


def test_painting_on_keeps_the_pixels_outside_the_stroke(session: Session) -> None:
    _run(session)
    number = int(_plane(session, "grey").max())
    session.paint("grey", (50, 18), np.full((4, 4), number))
    assert session.state.instance("grey", number).mask.area == 144 + 12


def test_a_stroke_that_changes_nothing_is_no_step(session: Session) -> None:
    _run(session)
    before = session.undo_text
    session.paint("grey", (0, 0), np.zeros((3, 3), int))
    assert session.undo_text == before


def test_clicks_draw_an_object_and_commit_locks_it(session: Session) -> None:
    session.add_classes("bright")
    session.begin("bright")
    session.click(45, 35)
    draft = session.state.draft
    assert draft is not None
    assert draft.mask is not None
    assert draft.mask.area == 100
    session.click(45, 32, positive=False)
    assert session.state.draft.mask.area == 90
    session.commit()
    assert session.state.draft is None
    instance = session.state.instance("bright", 1)
    assert (instance.mask.area, instance.state) == (90, InstanceState.EDITED)
    assert [p.positive for p in instance.provenance.points] == [True, False]


def test_a_correction_keeps_its_id_and_discard_leaves_it_alone(session: Session) -> None:
    _run(session)
    session.begin("grey", 1)
    session.click(10, 45, positive=False)
    session.discard()
    assert session.state.instance("grey", 1).mask.area == 144
    session.begin("grey", 1)
    session.click(10, 45)
    session.click(10, 41, positive=False)
    session.commit()
    assert session.state.instance("grey", 1).mask.area == 132


def test_a_draft_takes_from_proposals_but_not_from_the_locked(session: Session) -> None:
    _run(session, "bright, grey, other")
    session.accept_all_instances("grey")
    session.begin("other")
    session.click(10, 45)
    session.commit()
    assert not [i for i in session.state.instances if i.name == "other"]
    session.begin("other")
    session.click(10, 10)
    session.commit()
    assert session.state.instance("other", 1).mask.area == 100
    assert len([i for i in session.state.instances if i.name == "bright"]) == 1


def test_removing_all_points_shows_the_mask_from_before(session: Session) -> None:
    _run(session)
    session.begin("grey", 1)
    session.click(10, 41, positive=False)
    session.set_points([Point(10, 45)], "Delete point")
    session.set_points([], "Delete points")
    assert session.state.draft is not None
    assert session.state.draft.mask is session.state.instance("grey", 1).mask


def test_a_further_point_corrects_the_latest_answer_and_a_moved_one_begins_anew(
    session: Session, fake: FakeBackend
) -> None:
    session.add_classes("bright")
    session.begin("bright")
    session.click(45, 35)
    first = session.state.draft
    assert first is not None
    assert first.prompt.mask is None
    session.click(45, 32, positive=False)
    assert session.state.draft is not None
    assert session.state.draft.prompt.mask is first.mask
    session.set_points([Point(10, 10)])
    assert session.state.draft.prompt.mask is None


def test_a_renamed_class_takes_everything_along(session: Session) -> None:
    _run(session)
    session.accept_instances(("bright", 1))
    session.change_class("bright", replace(session.state.vocabulary["bright"], name="light"))
    assert session.state.layered == ("light", "grey")
    assert session.state.instance("light", 1).locked
    assert session.state.suggestions[0].name == "light"


def test_a_removed_class_takes_everything_with_it(session: Session) -> None:
    _run(session)
    session.remove_class("bright")
    assert session.state.layered == ("grey",)
    assert {i.name for i in session.state.instances} == {"grey"}


def test_a_refused_class_changes_nothing(session: Session) -> None:
    before = session.state
    with pytest.raises(BadVocabularyError):
        session.add_classes("bright, background")
    assert session.state is before


def test_cancel_takes_back_what_the_run_had_found(session: Session) -> None:
    _run(session)
    session.undo()
    before, said = session.state, []
    session.noticed.connect(said.append)

    def stop(activity: Activity) -> None:
        if activity.total:
            session.activity_changed.disconnect(stop)
            session.cancel()

    session.activity_changed.connect(stop)
    session.run()
    assert session.state is before
    assert not session.activity.running
    assert said == ["Cancelled. Everything is as it was before the run."]
    session.run()
    assert len(session.state.instances) == 3


@pytest.mark.parametrize("stage", range(6))
def test_cancel_at_every_stage_leaves_the_state_as_it_was(session: Session, stage: int) -> None:
    session.add_classes("bright, grey")
    session.suggest()
    session.accept("bright", "grey")
    before, stages = session.state, []

    def stop(activity: Activity) -> None:
        if activity.running:
            stages.append(activity.text)
            if len(stages) == stage + 2:  # the first is not a stage of the method
                session.cancel()

    session.activity_changed.connect(stop)
    session.run()
    assert len(stages) >= stage + 2
    # what the refiner knows of the looks of classes is no result of the run
    assert replace(session.state, looks=()).instances == before.instances
    assert session.state.layered == before.layered
    assert session.undo_text == "Accept bright, grey"


def test_a_failing_model_is_a_message_and_nothing_changes() -> None:
    class Broken(FakeBackend):
        def segment(self, embedding: object, prompts: object) -> list[object]:
            raise RuntimeError("no more tensors")

    session = Session(backends=lambda recipe: fake_backends(recipe, Broken()))
    problems: list[ZeroSegError] = []
    session.problem_raised.connect(problems.append)
    session.open(source())
    _run(session)
    assert "no more tensors" in problems[0].happened
    assert not session.state.instances
    assert not session.state.layered
    assert not session.activity.running
    assert session.undo_text == "Accept bright, grey"


def test_a_bad_image_is_a_message_and_nothing_changes(fake: FakeBackend) -> None:
    session = Session(backends=lambda recipe: fake_backends(recipe, fake))
    problems: list[ZeroSegError] = []
    session.problem_raised.connect(problems.append)
    session.open(source(np.zeros((64, 64), np.uint8), "blank"))
    session.add_classes("bright")
    before = session.state
    session.suggest()
    assert "Every pixel" in problems[0].happened
    assert session.state is before


def test_nothing_that_makes_no_sense_now_is_done(session: Session) -> None:
    for action in (session.suggest, session.run, session.commit, session.discard, session.undo):
        with pytest.raises(NotNowError):
            action()
    assert session.readiness[Action.SUGGEST] == "Add at least one class."
    session.add_classes("bright")
    assert session.readiness[Action.RUN] == "Ask for suggestions first."
    session.suggest()
    assert session.readiness[Action.RUN] == "Accept at least one suggestion."
    session.open(None)
    assert session.readiness[Action.SUGGEST] == "Open an image and select its layer."


def test_each_image_keeps_its_own_masks_and_the_classes_come_along(session: Session) -> None:
    _run(session)
    first = session.state.instances
    session.open(source(np.flipud(squares()).copy(), "flipped"))
    assert session.state.vocabulary.names == ("bright", "grey")
    assert not session.state.instances
    session.add_classes("other")
    session.open(source())
    assert session.state.instances == first
    assert session.state.vocabulary.names == ("bright", "grey", "other")


def test_planes_of_one_stack_share_the_state_and_ids_are_unique(session: Session) -> None:
    flipped = np.flipud(squares()).copy()
    _run(session)
    upper = source(flipped)
    session.open(upper.on((1,)))
    session.run()
    keys = [i.thing for i in session.state.instances]
    assert len(keys) == len(set(keys)) == 6
    assert len(session.state.on_plane((1,))) == 3


def test_classes_can_be_named_before_an_image_is_open() -> None:
    session = Session(backends=fake_backends)
    session.add_classes("bright")
    session.open(source())
    assert session.state.vocabulary.names == ("bright",)


def test_an_image_that_goes_away_takes_its_masks_along(session: Session) -> None:
    _run(session)
    session.forget("squares")
    assert session.source is None
    assert not session.state.instances
    assert session.state.vocabulary.names == ("bright", "grey")


def test_the_model_sees_the_image_once_per_click(session: Session, fake: FakeBackend) -> None:
    session.add_classes("bright")
    session.begin("bright")
    session.click(10, 10)
    session.click(11, 11)
    assert fake.calls["segment"] == 2


def test_listeners_get_the_state_before_and_after(session: Session) -> None:
    seen: list[tuple[State, State]] = []
    session.changed.connect(lambda new, old: seen.append((new, old)))
    session.add_classes("bright")
    session.change_class("bright", TargetClass("bright", "#ff0000"))
    assert all(now is before for (now, _), (_, before) in pairwise(seen))
    assert seen[-1][0].vocabulary["bright"].color == "#ff0000"


def test_looks_are_known_as_soon_as_a_class_is_named(session: Session) -> None:
    session.add_classes("bright; grey: dull")
    assert [c.attributes.text() for c in session.state.looks] == ["bright", "dull"]
    assert session.undo_text == "Add bright, grey"


# one object on several planes


@pytest.fixture
def deep() -> Session:
    """Three equal planes; the object ``bright 1`` is painted on the first two."""
    session = Session(backends=fake_backends)
    session.set_vocabulary(Vocabulary.parse("bright"))
    for plane in ((0,), (1,)):
        session.open(replace(source(), plane=plane, depth=(3,)))
        session.paint("bright", (5, 5), np.ones((10, 10), int))
    return session


def test_a_label_painted_on_the_next_plane_is_the_same_object(deep: Session) -> None:
    assert [i.key for i in deep.state.instances] == [("bright", 1, (0,)), ("bright", 1, (1,))]
    assert [i.mask.area for i in deep.state.sections("bright", 1)] == [100, 100]
    assert deep.state.next_id("bright") == 2


def test_a_stroke_on_one_plane_leaves_the_others(deep: Session) -> None:
    deep.paint("bright", (5, 5), np.zeros((10, 5), int))
    assert [i.mask.area for i in deep.state.sections("bright", 1)] == [100, 50]


def test_deleting_a_section_leaves_the_others(deep: Session) -> None:
    deep.delete_instances(InstanceKey("bright", 1, (0,)))
    assert [i.plane for i in deep.state.sections("bright", 1)] == [(1,)]
    assert [e.plane for e in deep.state.erased] == [(0,)]


def test_accepting_a_section_leaves_the_others_proposed(deep: Session) -> None:
    proposed = tuple(replace(i, state=InstanceState.PROPOSED) for i in deep.state.instances)
    deep._amend(replace(deep.state, instances=proposed))
    deep.accept_instances(InstanceKey("bright", 1, (1,)))
    assert [i.locked for i in deep.state.sections("bright", 1)] == [False, True]


def test_a_correction_changes_the_plane_that_is_shown(deep: Session) -> None:
    deep.begin("bright", 1)
    assert deep.state.draft.key == ("bright", 1, (1,))
    deep.click(45, 35)
    deep.commit()
    first, second = deep.state.sections("bright", 1)
    assert first.mask.area == 100
    assert not second.mask.same_as(first.mask)


def test_an_object_is_drawn_on_a_further_plane_under_its_id(deep: Session) -> None:
    deep.open(replace(source(), plane=(2,), depth=(3,)))
    deep.begin("bright", 1)
    assert deep.state.draft.base is None
    deep.click(45, 35)
    deep.commit()
    assert [i.plane for i in deep.state.sections("bright", 1)] == [(0,), (1,), (2,)]
    with pytest.raises(KeyError):
        deep.begin("bright", 7)


def test_a_chosen_object_stays_chosen_along_its_planes(deep: Session) -> None:
    deep.hand.choose("bright", 1)
    assert deep.hand.instance_in(deep.state, (0,)).plane == (0,)
    assert deep.hand.instance_in(deep.state, (2,)) is None
    assert deep.hand.thing_in(deep.state) == ("bright", 1)


def test_a_run_yields_to_what_is_painted_and_erased_while_it_goes_on(session: Session) -> None:
    painted = []

    def paint(activity: Activity) -> None:
        if activity.text == "Drawing masks" and not painted:
            session.paint("bright", (5, 5), np.full((10, 4), 1))
            session.paint("grey", (30, 40), np.full((2, 10), 7))
            painted.extend(i.mask for i in session.state.instances)

    session.activity_changed.connect(paint)
    _run(session)
    assert [i.mask for i in session.state.instances if i.locked] == painted
    found = [i for i in session.state.instances if not i.locked]
    assert sorted(i.mask.area for i in found) == [60, 80, 144]
    assert len({i.key for i in session.state.instances}) == 5
    assert not any(i.mask.overlap(mask) for i in found for mask in painted)
