"""Methods side by side on a plane: the layers stay, a person's masks are the measure, one can be taken."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pytest

from napari_zeroseg.backends import outside
from napari_zeroseg.backends.outside import OutsideTool
from napari_zeroseg.backends.registry import Backends
from napari_zeroseg.core.errors import BadFileError, NotNowError
from napari_zeroseg.core.recipe import Recipe
from napari_zeroseg.session.contest import Contestant, contestants
from napari_zeroseg.session.readiness import Action
from napari_zeroseg.session.session import Session
from tests.fakes import fake_backends, source


@pytest.fixture
def session() -> Iterator[Session]:
    session = Session(backends=_backends)
    session.open(source())
    session.add_classes("bright, grey")
    session.suggest()
    session.accept("bright", "grey")
    yield session
    session.close()


def _backends(recipe: Recipe) -> Backends:
    if recipe.profile == "laptop":
        raise BadFileError("The weights are damaged.")
    return fake_backends(recipe)


GOOD = Contestant("good", Recipe())
BROKEN = Contestant("broken", Recipe(profile="laptop"))


def test_layers_stay_and_one_that_fails_does_not_stop_the_others(session: Session) -> None:
    before = session.state
    session.compare_methods([BROKEN, GOOD])
    assert session.state is before
    broken, good = session.outcomes
    assert "damaged" in broken.problem
    assert not broken.instances
    assert len(good.instances) == 3
    assert good.problem == ""
    assert good.ious == {}


def test_masks_are_measured_by_what_a_person_answers_for_as_if_nothing_were_drawn(session: Session) -> None:
    session.run()
    session.accept_all_instances("bright")
    session.compare_methods([GOOD])
    (outcome,) = session.outcomes
    assert outcome.ious == {"bright": 1.0}
    assert outcome.mean_iou == 1.0


def test_masks_are_taken_as_one_step_beside_what_a_person_answers_for(session: Session) -> None:
    session.run()
    session.accept_all_instances("bright")
    kept = [i for i in session.state.instances if i.name == "bright"]
    session.compare_methods([GOOD])
    before = session.state
    session.take_outcome(session.outcomes[0])
    assert [i for i in session.state.instances if i.name == "bright"] == kept
    assert len(session.state.instances) == 3
    assert session.undo_text == "Take the masks of good"
    session.undo()
    assert session.state is before


def test_masks_of_another_image_cannot_be_taken(session: Session) -> None:
    assert "Compare methods first" in session.readiness[Action.TAKE]
    session.compare_methods([GOOD])
    assert session.readiness[Action.TAKE] == ""
    session.open(source(key="another"))
    with pytest.raises(NotNowError, match="another plane"):
        session.take_outcome(session.outcomes[0])


def test_nothing_chosen_is_said(session: Session) -> None:
    with pytest.raises(NotNowError, match="Tick"):
        session.compare_methods([])


def test_a_tool_of_another_project_counts_for_the_first_class(session: Session) -> None:
    def label(plane: np.ndarray) -> np.ndarray:
        labels = np.zeros(plane.shape[:2], np.uint16)
        labels[3:6, 4:9], labels[20:24, 1:3] = 7, 2
        return labels

    session.compare_methods([Contestant("other", Recipe(), OutsideTool("other", "numpy", label))])
    found = session.outcomes[0].instances
    assert [(i.name, i.mask.origin, i.mask.area) for i in found] == [
        ("bright", (20, 1), 8),
        ("bright", (3, 4), 15),
    ]


def test_every_profile_is_offered_and_what_is_missing_said(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(outside, "TOOLS", (OutsideTool("absent", "no_such_package", lambda plane: plane),))
    there = {one.name: one for one in contestants(Recipe())}
    assert there["grounded, embedded"].obstacle == ""
    assert "paper" in " ".join(there)
    assert "sam-hq" in there["grounded, paper"].obstacle
    assert "absent" not in there
    changed = contestants(Recipe(backends={"segmenter": "sam:vit-b"}))
    assert changed[0].name == "grounded, embedded, changed"
    assert len({one.name for one in changed}) == len(changed)
