"""In the real window: a person mends what the method LMSeg found, and lets it learn from that."""

from __future__ import annotations

import numpy as np
import pytest

from napari_zeroseg._qt.suggestion_model import ACCEPT
from napari_zeroseg.backends.lmseg import training
from napari_zeroseg.core.method import Method
from napari_zeroseg.methods.choice import CHOICES
from napari_zeroseg.session.session import Session
from tests.fakes import squares
from tests.test_widget import viewer, work_in  # noqa: F401


@pytest.fixture(autouse=True)
def _short(monkeypatch: pytest.MonkeyPatch) -> None:
    for name, number in (("EPOCHS", 2), ("STEPS", 2), ("FIRST_STEPS", 40), ("FIRST_PLACES", 500)):
        monkeypatch.setattr(training, name, number)


def test_corrections_are_learned_from_and_used(qtbot, viewer) -> None:  # noqa: F811
    viewer.add_image(squares(), name="squares")
    person = work_in(qtbot, viewer, Session())
    dock, session = person.dock, person.session
    assert dock.learn.isHidden()
    place = tuple(CHOICES).index(Method.LMSEG)
    dock.method.method.setCurrentIndex(place)
    dock.method.method.activated.emit(place)
    assert not dock.learn.isHidden()
    person.name_classes("bright: white")
    person.press(dock.suggestions.suggest)
    person.wait()
    person.decide("bright", ACCEPT)
    person.press(dock.run.run)
    person.wait()
    assert not dock.learn.learn.isEnabled()  # proposals are no corrections
    labels = viewer.layers["bright"]
    labels.data_setitem(np.nonzero(squares() > 200), 1)
    person.press(dock.learn.learn)
    person.wait()
    assert dock.learn.known.text().startswith("Learned bright from 1 image.")
    assert session.recipe.lmseg.head is not None
    drawn = [i for i in session.state.instances if i.locked]
    person.press(dock.run.run)
    person.wait()
    assert drawn
    assert all(i in session.state.instances for i in drawn)
    person.press(dock.learn.back)
    assert dock.learn.known.text().startswith("Nothing is learned yet")
    assert session.recipe.lmseg.head is None
    person.widget.release()
