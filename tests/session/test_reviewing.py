"""The review queue: order, decisions, undo, several images and planes."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from napari_zeroseg.core.errors import NotNowError
from napari_zeroseg.core.instance import InstanceKey, InstanceState
from napari_zeroseg.session.queue import Selection, Standing
from napari_zeroseg.session.readiness import Action
from napari_zeroseg.session.session import Session
from tests.fakes import fake_backends, source, squares

IMAGES = {"first": source(key="first"), "second": source(squares()[:, ::-1].copy(), "second")}


@pytest.fixture
def session() -> Session:
    """Two images with three proposals each; whoever shows images follows the review."""
    made = Session(backends=fake_backends)
    made.visited.connect(lambda s: made.open(replace(IMAGES[s.image], plane=s.plane)))
    for image in IMAGES.values():
        made.open(image)
        if not made.state.vocabulary.names:
            made.add_classes("bright; grey")
        made.suggest()
        made.accept("bright", "grey")
        made.run()
    return made


def keys(session: Session) -> set[InstanceKey]:
    return {i.key for i in session.state.instances}


def place(session: Session) -> tuple[int, int]:
    assert session.review is not None
    return session.review.position, len(session.review.decided)


def test_the_queue_holds_all_images_and_shows_the_worst_first(session: Session) -> None:
    session.start_review()
    subjects = session.review.subjects
    assert {s.image for s in subjects} == {"first", "second"}
    assert len(subjects) == 6
    # the fake is surer of larger objects
    assert [s.key.name for s in subjects] == ["bright"] * 4 + ["grey"] * 2
    assert "low score" in subjects[0].reasons[0]
    assert session.source.key == subjects[0].image


def test_accept_and_reject_go_on_to_the_next_across_images(session: Session) -> None:
    session.start_review()
    for accept in (True, False) * 3:
        subject = session.review.present
        (session.accept_reviewed if accept else session.reject_reviewed)()
        history = session._histories[subject.image].present  # the image may have been left
        there = {i.key: i for i in history.instances}
        assert there[subject.key].state is InstanceState.ACCEPTED if accept else subject.key not in there
    assert session.review.finished
    assert len(session.review.gone) == 3
    assert session.readiness[Action.JUDGE]


def test_the_end_is_said(session: Session) -> None:
    said: list[str] = []
    session.noticed.connect(said.append)
    session.start_review(Selection("grey"))
    session.accept_reviewed()
    session.reject_reviewed()
    assert said == ["The review is done: 2 masks, 1 of them rejected."]


def test_undo_goes_back_to_the_mask_also_on_another_image(session: Session) -> None:
    session.start_review()
    images = []
    for _ in range(6):
        images.append(session.review.present.image)
        session.reject_reviewed()
    assert len(set(images)) == 2
    for position in reversed(range(6)):
        session.undo()
        assert place(session) == (position, position)
        assert session.source.key == images[position]
        assert session.review.present.key in keys(session)


def test_redo_decides_again_and_goes_on(session: Session) -> None:
    session.start_review()
    session.accept_reviewed()
    session.undo()
    assert place(session) == (0, 0)
    session.redo()
    assert place(session) == (1, 1)


def test_arrows_leave_masks_undecided_and_the_end_leads_back_to_them(session: Session) -> None:
    session.start_review(Selection("grey"))
    session.next_reviewed()
    assert place(session) == (1, 0)
    session.accept_reviewed()
    assert place(session) == (0, 1)
    session.next_reviewed()
    session.next_reviewed()
    assert place(session) == (0, 1)
    session.previous_reviewed()
    assert place(session) == (0, 1)


def test_what_was_rejected_is_no_stop_on_the_way_back(session: Session) -> None:
    session.start_review(Selection("bright"))
    session.reject_reviewed()
    session.next_reviewed()
    session.previous_reviewed()
    session.previous_reviewed()
    assert place(session) == (1, 1)


def test_an_edit_goes_on_with_its_commit_and_stays_with_its_discard(session: Session) -> None:
    session.start_review(Selection("grey"))
    subject = session.review.present
    session.edit_reviewed()
    assert session.state.draft.key == subject.key
    assert "Commit or discard" in session.readiness[Action.JUDGE]
    with pytest.raises(NotNowError):
        session.accept_reviewed()
    session.discard()
    assert place(session) == (0, 0)
    session.edit_reviewed()
    x0, y0, x1, y1 = session.state.draft.base.box
    session.click((x0 + x1) / 2, (y0 + y1) / 2)
    session.commit()
    assert place(session) == (1, 1)
    assert session._histories[subject.image].present.instance(*subject.key).state is InstanceState.EDITED


def test_what_a_person_does_elsewhere_counts(session: Session) -> None:
    session.start_review()
    first = session.review.present
    here = [s.key for s in session.review.subjects if s.image == first.image]
    session.delete_instances(first.key)
    assert place(session) == (1, 1)
    session.accept_instances(*here[1:])
    assert len(session.review.decided) == 3


def test_only_what_is_seen_is_decided_on(session: Session) -> None:
    session.start_review()
    image = session.review.present.image
    session.open(next(i for key, i in IMAGES.items() if key != image))
    with pytest.raises(NotNowError, match="looking elsewhere"):
        session.accept_reviewed()
    assert session.source.key == image
    session.accept_reviewed()
    assert place(session) == (1, 1)


def test_an_image_that_nobody_shows_is_named(session: Session) -> None:
    deaf = Session(backends=fake_backends)
    deaf.open(IMAGES["first"])
    deaf.add_classes("grey")
    deaf.suggest()
    deaf.accept("grey")
    deaf.run()
    deaf.open(IMAGES["second"])
    deaf.start_review()
    with pytest.raises(NotNowError, match="'first' is not shown"):
        deaf.accept_reviewed()


def test_filters_by_class_and_state(session: Session) -> None:
    session.accept_all_instances("grey")
    assert session.count_to_review(Selection()) == 5
    assert session.count_to_review(Selection(standing=Standing.LOCKED)) == 1
    assert session.count_to_review(Selection("grey", Standing.ALL)) == 2
    session.start_review(Selection("grey", Standing.LOCKED))
    (subject,) = session.review.subjects
    assert subject.key.name == "grey"
    assert subject.locked
    session.accept_reviewed()  # locked already: looked at once more
    assert session.review.finished
    with pytest.raises(NotNowError, match="no mask of grey that is accepted"):
        session.delete_instances(*keys(session))
        session.start_review(Selection("grey", Standing.LOCKED))


def test_the_queue_follows_a_new_name(session: Session) -> None:
    session.open(IMAGES["first"])
    session.start_review(Selection("grey"))
    target = session.state.vocabulary["grey"]
    session.change_class("grey", replace(target, name="dim"))
    assert [s.key.name for s in session.review.subjects] == ["dim", "grey"]
    assert place(session) == (0, 0)
    session.accept_reviewed()
    assert len(session.review.decided) == 1


def test_a_run_makes_the_queue_anew(session: Session) -> None:
    session.start_review()
    session.accept_reviewed()
    session.run()
    assert len(session.review.subjects) == 5
    assert all(not s.locked for s in session.review.subjects)


def test_an_image_that_leaves_takes_its_masks_along(session: Session) -> None:
    session.start_review()
    session.forget("second")
    assert {s.image for s in session.review.subjects} == {"first"}
    session.forget("first")
    assert session.review is None


def test_without_masks_it_says_what_to_do() -> None:
    session = Session(backends=fake_backends)
    session.open(source())
    assert "run, or draw" in session.readiness[Action.START_REVIEW]
    assert session.readiness[Action.STEP] == session.readiness[Action.JUDGE] == "Start the review first."


def test_planes_are_visited() -> None:
    data = np.stack([squares(), squares()])
    stack = replace(source(), depth=(2,), read=lambda plane, _: _plane(data[plane]), plane=(0,))
    session = Session(backends=fake_backends)
    session.visited.connect(lambda s: session.open(stack.on(s.plane)))
    session.open(stack)
    session.add_classes("grey")
    session.suggest()
    session.accept("grey")
    session.run()
    session.open(stack.on((1,)))
    session.run()
    session.start_review()
    assert session.source.plane == (0,)
    session.accept_reviewed()
    assert session.source.plane == (1,)


def _plane(data: np.ndarray) -> np.ndarray:
    from napari_zeroseg.core.image import plane_from_array

    return plane_from_array(data)
