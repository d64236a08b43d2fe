"""The review in the dock: what to do, where it stands, why a mask is doubtful."""

from __future__ import annotations

import pytest
from qtpy.QtCore import Qt
from qtpy.QtGui import QShortcut

from napari_zeroseg._qt.review_panel import ReviewPanel
from napari_zeroseg.session.queue import Standing

LEFT = Qt.MouseButton.LeftButton


def shown(qtbot, session):
    panel = ReviewPanel(session)
    qtbot.addWidget(panel)
    panel.resize(380, 400)
    panel.show()
    qtbot.waitExposed(panel)
    return panel


def press(panel, key):
    """Press a key of the panel, whether the window is active or not."""
    shortcut = next(s for s in panel.findChildren(QShortcut) if s.key().toString() == key)
    shortcut.activated.emit()


@pytest.fixture
def panel(qtbot, segmented):
    panel = shown(qtbot, segmented)
    yield panel
    panel.release()


def test_without_masks_it_says_what_to_do(qtbot, session):
    panel = shown(qtbot, session)
    assert not panel.start.isEnabled()
    assert "run, or draw" in panel.reason.text()
    assert not panel.progress.isVisible()
    panel.release()


def test_from_the_first_mask_to_the_end(qtbot, panel, segmented):
    assert panel.start.text() == "Review 3 masks"
    qtbot.mouseClick(panel.start, LEFT)
    assert panel.place.text() == "1 of 3"
    assert "bright 1, score 0.60, proposed" in panel.present.text()
    assert "in squares" in panel.present.text()
    assert "• low score: 0.60" in panel.doubts.text()
    qtbot.mouseClick(panel.accept, LEFT)
    qtbot.mouseClick(panel.reject, LEFT)
    assert panel.place.text() == "3 of 3"
    assert panel.progress.text == "2 of 3 decided"
    press(panel, "Left")
    assert panel.place.text() == "1 of 3"
    assert "✓ accepted" in panel.present.text()
    press(panel, "Right")
    press(panel, "A")
    assert "all 3 masks are decided, 1 of them rejected" in panel.place.text()
    assert not panel.accept.isEnabled()
    segmented.undo()
    assert panel.place.text() == "3 of 3"
    assert panel.accept.isEnabled()
    qtbot.mouseClick(panel.stop, LEFT)
    assert segmented.review is None
    assert not panel.progress.isVisible()


def test_filters_by_class_and_state(panel, segmented):
    panel.classes.setCurrentText("grey")
    panel.classes.activated.emit(panel.classes.currentIndex())
    assert panel.start.text() == "Review 1 masks"
    panel.start.click()
    assert [s.key.name for s in segmented.review.subjects] == ["grey"]
    panel.standings.setCurrentIndex(panel.standings.findData(Standing.ALL))
    panel.classes.setCurrentIndex(0)
    panel.classes.activated.emit(0)
    assert len(segmented.review.subjects) == 3
    segmented.stop_review()
    panel.standings.setCurrentIndex(panel.standings.findData(Standing.LOCKED))
    panel.standings.activated.emit(1)
    assert not panel.start.isEnabled()
    assert "No mask is of this class and state" in panel.reason.text()


def test_edit_waits_for_the_commit(qtbot, panel, segmented):
    panel.start.click()
    qtbot.mouseClick(panel.edit, LEFT)
    assert segmented.state.draft is not None
    assert "Commit or discard" in panel.accept.toolTip()
    segmented.discard()
    assert panel.accept.isEnabled()
