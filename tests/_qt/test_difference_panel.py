"""The choice between the new and the old after a run."""

from __future__ import annotations

import pytest
from qtpy.QtCore import Qt

from napari_zeroseg._qt.difference_panel import DifferencePanel
from napari_zeroseg.core.recipe import Parameters


@pytest.fixture
def panel(qtbot, segmented):
    panel = DifferencePanel(segmented)
    qtbot.addWidget(panel)
    panel.show()
    yield panel
    panel.release()


def rerun(session):
    session.refining.set_parameters(Parameters(box_threshold=0.62))
    session.run()


def test_the_old_can_be_kept(qtbot, panel, segmented):
    before = segmented.state
    assert not panel.keep.isVisible()
    rerun(segmented)
    assert "bright: 0 new, 2 gone" in panel.text.text()
    qtbot.mouseClick(panel.keep, Qt.MouseButton.LeftButton)
    assert segmented.state is before
    assert not panel.keep.isVisible()


def test_the_new_can_be_taken_and_the_question_left_out(qtbot, panel, segmented):
    rerun(segmented)
    qtbot.mouseClick(panel.take, Qt.MouseButton.LeftButton)
    assert not panel.take.isVisible()
    segmented.undo()
    panel.ask.click()
    rerun(segmented)
    assert not panel.take.isVisible()
    assert not segmented.asks
