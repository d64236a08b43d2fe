from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from qtpy.QtCore import Qt

from napari_zeroseg._qt.propagate_panel import ALL, OF_CLASS, SELECTED, PropagatePanel
from napari_zeroseg.core.sequence import Kind
from napari_zeroseg.session.session import Session
from tests.fakes import fake_backends, source
from tests.session.test_propagating import _stack

LEFT = Qt.MouseButton.LeftButton


@pytest.fixture
def session() -> Session:
    session = Session(backends=fake_backends)
    session.open(replace(_stack(), axes="TZYX"))
    session.add_classes("bright; grey")
    session.paint("bright", (5, 5), np.ones((10, 10), int))
    session.paint("grey", (40, 8), np.ones((12, 12), int))
    return session


@pytest.fixture
def panel(qtbot, session):
    panel = PropagatePanel(session)
    qtbot.addWidget(panel)
    panel.show()
    yield panel
    panel.release()


def _choose(panel: PropagatePanel, which: str) -> None:
    panel.what.setCurrentIndex(panel.what.findData(which))
    panel.what.activated.emit(panel.what.currentIndex())


def test_single_planes_have_no_panel(qtbot) -> None:
    session = Session(backends=fake_backends)
    panel = PropagatePanel(session)
    qtbot.addWidget(panel)
    assert panel.isHidden()
    session.open(source())
    assert panel.isHidden()
    session.open(_stack())
    assert not panel.isHidden()
    panel.release()


def test_axes_are_named_and_those_of_one_plane_left_out(panel, session) -> None:
    assert [panel.axis.itemText(i) for i in range(panel.axis.count())] == ["depth"]
    assert panel.kind.currentData() == Kind.DEPTH
    assert (panel.first.value(), panel.last.value()) == (0, 5)
    session.open(replace(_stack((1, 0)), key="film", depth=(4, 1), axes="TZYX"))
    assert panel.axis.currentText() == "time"
    assert panel.kind.currentData() == Kind.TIME
    assert panel.last.value() == 3


def test_carry_all_accepted_objects(qtbot, panel, session) -> None:
    _choose(panel, ALL)
    qtbot.mouseClick(panel.carry, LEFT)
    assert {i.plane[1] for i in session.state.sections("bright", 1)} == {1, 2, 3, 4}
    assert {i.plane[1] for i in session.state.sections("grey", 1)} == {1, 2, 3, 4}


def test_carry_one_class_in_a_range(qtbot, panel, session) -> None:
    session.hand.choose("grey")
    _choose(panel, OF_CLASS)
    panel.last.setValue(3)
    panel.ways.setCurrentText("forward")
    qtbot.mouseClick(panel.carry, LEFT)
    assert {i.plane[1] for i in session.state.sections("grey", 1)} == {2, 3}
    assert len(session.state.sections("bright", 1)) == 1


def test_reasons_are_said(panel, session) -> None:
    _choose(panel, SELECTED)
    assert not panel.carry.isEnabled()
    assert "Select an object first" in panel.reason.text()
    session.hand.choose("bright", 1)
    assert panel.carry.isEnabled()
    assert "bright 1" in panel.what.currentText()
    panel.first.setValue(3)
    assert "Nothing of that is accepted" in panel.reason.text()
    panel.first.setValue(5)
    assert "at least two planes" in panel.reason.text()


def test_going_to_doubtful_planes(qtbot, panel, session) -> None:
    session.hand.choose("bright", 1)
    assert not panel.after.isEnabled()
    qtbot.mouseClick(panel.carry, LEFT)
    visited = []
    session.visited.connect(lambda subject: visited.append(subject.plane[1]))
    assert "proposed on 3 planes" in panel.state.text()
    qtbot.mouseClick(panel.after, LEFT)
    scores = {i.plane[1]: i.score for i in session.state.sections("bright", 1) if not i.locked}
    assert scores[visited[0]] == min(scores.values())
