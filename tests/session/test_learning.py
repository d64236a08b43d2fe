"""A person's corrections teach the method lmseg."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from napari_zeroseg.backends.lmseg import training
from napari_zeroseg.core.errors import NotNowError
from napari_zeroseg.core.events import HeadLearned
from napari_zeroseg.core.method import Method
from napari_zeroseg.core.recipe import Recipe
from napari_zeroseg.export.head import write_head
from napari_zeroseg.methods.learning import UNKNOWN
from napari_zeroseg.session.learning import KEPT, NOT_LMSEG, NOTHING_CORRECTED
from napari_zeroseg.session.lessons import labels_of
from napari_zeroseg.session.readiness import Action
from napari_zeroseg.session.session import Session
from tests.backends.lmseg.made import head
from tests.fakes import RANGES, source, squares


@pytest.fixture(autouse=True)
def _short(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(training, "EPOCHS", 3)
    monkeypatch.setattr(training, "STEPS", 2)
    monkeypatch.setattr(training, "FIRST_STEPS", 25)
    monkeypatch.setattr(training, "PLACES", 2000)
    monkeypatch.setattr(training, "FIRST_PLACES", 500)


@pytest.fixture
def corrected() -> Session:
    """Two images of which a person has drawn the bright squares and the grey one."""
    session = Session(recipe=Recipe(method=Method.LMSEG))
    session.add_classes("bright; grey: dim")
    for key in ("first", "second"):
        image = squares() + np.random.default_rng(0).integers(0, 5, (64, 64)).astype(np.uint8) // 5
        session.open(source(image, key))
        for name, (low, high) in RANGES.items():
            seen = image / 255
            session.paint(name, (0, 0), ((seen > low) & (seen <= high)).astype(np.int32))
    return session


def test_what_it_learned_is_used_by_the_next_run(corrected: Session) -> None:
    corrected.learn()
    assert corrected.head is not None
    card = corrected.head.card
    assert (card.classes, card.images) == (("bright", "grey"), 2)
    assert card.score > max(card.before, 0.7)
    corrected.open(source(key="third"))
    corrected.suggest()
    corrected.accept("bright", "grey")
    corrected.run()
    truth = squares() > 200
    found = np.zeros((64, 64), bool)
    for instance in corrected.state.instances:
        if instance.name == "bright":
            found |= instance.mask.to_plane((64, 64))
    assert (found & truth).sum() > 0.7 * (found | truth).sum()
    corrected.forget_learned()
    assert corrected.head is None
    assert corrected.recipe.lmseg.head is None


def test_why_nothing_can_be_learned() -> None:
    session = Session()
    assert session.readiness[Action.LEARN] == NOT_LMSEG
    session.refining.choose_method(Method.LMSEG)
    assert session.readiness[Action.LEARN] == NOTHING_CORRECTED
    with pytest.raises(NotNowError):
        session.learn()


def test_cancelled_learning_keeps_the_best_head(corrected: Session) -> None:
    said: list[str] = []
    corrected.noticed.connect(said.append)
    before = corrected.state

    def cancel_after_the_first(event: object) -> None:
        if corrected.head is not None and corrected.activity.running:
            corrected.cancel()

    corrected.activity_changed.connect(cancel_after_the_first)
    corrected.learn()
    assert said == [f"Cancelled. {KEPT}"]
    assert corrected.head is not None
    assert corrected.head.card.epochs == 0
    assert corrected.state is before


def test_cancelled_while_learning_from_all_the_judged_head_is_kept(corrected: Session) -> None:
    heads = []

    def cancel_in_the_second_part(_: object) -> None:
        if "held-out" in corrected.activity.text and corrected.activity.running:
            heads.append(corrected.head)
            corrected.cancel()

    corrected.activity_changed.connect(cancel_in_the_second_part)
    corrected.learn()
    assert len(heads) == 1
    assert corrected.head is heads[0] is not None
    assert corrected.head.card.score > 0.7


def test_the_last_head_has_learned_from_all(corrected: Session) -> None:
    heads = []
    corrected.refining.changed.connect(lambda: heads.append(corrected.head))
    corrected.learn()
    *_, judged, last = heads
    assert last is corrected.head
    assert last.card == judged.card
    assert last.sha256 != judged.sha256


def test_a_saved_head_can_be_loaded(corrected: Session, tmp_path: Path) -> None:
    path, problems = tmp_path / "other.safetensors", []
    corrected.problem_raised.connect(problems.append)
    corrected.load_head(path)
    assert corrected.head is None
    assert "could not be read" in str(problems.pop())
    write_head(head(), path)
    corrected.load_head(path)
    assert corrected.recipe.lmseg.head == head().reference("other")
    corrected.suggest()
    corrected.accept("bright", "grey")
    corrected.run()
    assert "tells 'cell', 'rim' apart" in str(problems.pop())


def test_images_that_are_gone_teach_nothing(corrected: Session) -> None:
    assert corrected.corrected_images == 2
    corrected.forget("first")
    assert corrected.corrected_images == 1


def test_proposals_are_not_decided_and_the_rest_is_background(corrected: Session) -> None:
    corrected.suggest()
    state, vocabulary = corrected.state, corrected.state.vocabulary
    labels = labels_of(state, (), vocabulary, (64, 64))
    assert set(np.unique(labels)) == {0, 1, 2}
    proposed = tuple(i if i.name == "bright" else _proposed(i) for i in state.instances)
    from dataclasses import replace

    undecided = labels_of(replace(state, instances=proposed), (), vocabulary, (64, 64))
    assert set(np.unique(undecided)) == {0, 1, UNKNOWN}
    assert ((undecided == UNKNOWN) == (labels == 2)).all()


def _proposed(instance):
    from dataclasses import replace

    from napari_zeroseg.core.instance import InstanceState

    return replace(instance, state=InstanceState.PROPOSED)


def test_learning_tells_of_heads_that_get_better(corrected: Session) -> None:
    heard: list[HeadLearned] = []
    on_run_event = corrected._on_run_event

    def listen(event: object) -> None:
        heard.extend([event] if isinstance(event, HeadLearned) else [])
        on_run_event(event)

    corrected._on_run_event = listen
    corrected.learn()
    scores = [event.after for event in heard]
    assert scores == sorted(scores)
    assert scores
