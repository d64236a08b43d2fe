"""Keys in the real window, whatever has the focus."""

from __future__ import annotations

import os
import sys

import pytest
from napari import current_viewer
from qtpy.QtCore import Qt

from napari_zeroseg._qt.shortcut_sheet import ShortcutSheet
from napari_zeroseg._widget import ZeroSegWidget
from napari_zeroseg.session.session import Session
from tests.fakes import fake_backends, squares

pytestmark = pytest.mark.skipif(
    sys.platform == "linux" and not os.environ.get("DISPLAY"), reason="needs a display"
)


@pytest.fixture
def window(qtbot, make_napari_viewer):
    viewer = make_napari_viewer(show=True)
    viewer.add_image(squares(), name="squares")
    widget = ZeroSegWidget(viewer, Session(backends=fake_backends))
    viewer.window.add_dock_widget(widget, name="ZeroSeg")
    widget.session.add_classes("bright; grey")
    viewer.window._qt_window.activateWindow()
    qtbot.waitUntil(viewer.window._qt_window.isActiveWindow)
    return widget


def canvas(viewer):
    return viewer.window._qt_viewer.canvas.native


@pytest.mark.parametrize("focus", ["canvas", "dock"])
def test_the_sheet_opens_by_its_key(qtbot, window, focus):
    target = canvas(current_viewer()) if focus == "canvas" else window.dock.refine.new
    target.setFocus()
    qtbot.keyClick(target, Qt.Key.Key_Question, Qt.KeyboardModifier.ShiftModifier)
    (sheet,) = window.findChildren(ShortcutSheet)
    assert sheet.isVisible()
    sheet.close()


def test_keys_work_while_the_dock_has_the_focus_but_not_while_text_is_written(qtbot, window):
    session, button, entry = window.session, window.dock.refine.new, window.dock.vocabulary.entry
    button.setFocus()
    qtbot.keyClick(button, Qt.Key.Key_N)
    assert session.state.draft.name == "bright"
    qtbot.keyClick(button, Qt.Key.Key_S)
    assert not session.hand.positive
    entry.setFocus()
    qtbot.keyClicks(entry, "nsc?")
    assert entry.text() == "nsc?"
    assert not window.findChildren(ShortcutSheet)
    button.setFocus()
    qtbot.keyClick(button, Qt.Key.Key_Escape)
    assert session.state.draft is None
