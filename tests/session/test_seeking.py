"""Find more like this, on a session without a window."""

from __future__ import annotations

import numpy as np
import pytest

from napari_zeroseg.core.errors import NotNowError
from napari_zeroseg.core.instance import InstanceState
from napari_zeroseg.session.readiness import Action
from napari_zeroseg.session.session import Session
from tests.fakes import fake_backends, source


@pytest.fixture
def session() -> Session:
    """One bright square of two is drawn by hand, as a class that no word describes."""
    made = Session(backends=fake_backends)
    made.open(source())
    made.add_classes("thing")
    made.begin("thing")
    made.click(10, 10)
    made.commit()
    return made


def test_the_rest_is_proposed_in_one_step(session: Session) -> None:
    before = session.state
    session.seek()
    example, other = session.state.instances
    assert (example.state, other.state) == (InstanceState.EDITED, InstanceState.PROPOSED)
    assert other.mask.box == (40, 30, 50, 40)
    assert other.provenance.method == "exemplar"
    assert session.undo_text == "Find more thing"
    session.undo()
    assert session.state is before


def test_what_was_rejected_does_not_come_back(session: Session) -> None:
    session.seek()
    session.delete_instances(session.state.instances[-1].key)
    session.seek()
    assert len(session.state.instances) == 1


def test_proposals_are_weighed_anew_and_other_classes_stay(session: Session) -> None:
    session.add_classes("grey")
    session.suggest()
    session.accept("grey")
    session.run()
    (grey,) = (i for i in session.state.instances if i.name == "grey")
    session.hand.choose("thing")
    session.seek()
    session.seek()
    assert [i.name for i in session.state.instances].count("thing") == 2
    assert session.state.instance(*grey.key).mask is grey.mask


def test_locked_pixels_of_others_are_not_taken(session: Session) -> None:
    session.add_classes("grey")
    session.paint("grey", (30, 40), np.ones((10, 5), int))
    session.hand.choose("thing")
    session.seek()
    assert session.state.instances[-1].mask.area == 50
    assert session.state.instance("grey", 1).mask.area == 50


def test_without_an_example_it_says_what_to_do(session: Session) -> None:
    session.add_classes("other")
    session.hand.choose("other")
    assert "Accept or draw at least one other" in session.readiness[Action.SEEK]
    with pytest.raises(NotNowError):
        session.seek()
    session.hand.choose("thing")
    assert not session.readiness[Action.SEEK]
