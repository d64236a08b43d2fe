"""The sheet of keys, and changing them on it."""

from __future__ import annotations

import pytest
from qtpy.QtCore import Qt
from qtpy.QtWidgets import QLabel, QWidget

from napari_zeroseg._qt.refine_panel import RefinePanel
from napari_zeroseg._qt.shortcut_sheet import ShortcutSheet
from napari_zeroseg.session.hand import Tool
from napari_zeroseg.session.keyboard import Keyboard
from napari_zeroseg.session.shortcuts import BOX, COMMIT, FIXED, NEXT_MASK, SHORTCUTS, UNDO

LEFT = Qt.MouseButton.LeftButton


@pytest.fixture
def keyboard():
    return Keyboard()


@pytest.fixture
def sheet(qtbot, keyboard):
    parent = QWidget()
    qtbot.addWidget(parent)
    sheet = ShortcutSheet(keyboard, lambda key: "auto contrast once" if key == "K" else "", parent)
    sheet.show()
    qtbot.waitExposed(sheet)
    yield sheet
    sheet.close()
    assert parent is not None  # it owns the sheet until here


def test_every_key_is_on_the_sheet(sheet):
    texts = {label.text() for label in sheet.findChildren(QLabel)}
    assert {s.text for s in SHORTCUTS} | {text for _, text, _ in FIXED} <= texts
    assert sheet.edits["undo"].keySequence().toString() == "Ctrl+Z"


@pytest.mark.parametrize(
    ("shortcut", "key", "modifier", "named"),
    [
        (COMMIT, Qt.Key.Key_J, Qt.KeyboardModifier.ShiftModifier, "Shift-J"),
        (UNDO, Qt.Key.Key_PageUp, Qt.KeyboardModifier.ControlModifier, "Control-PageUp"),
        (NEXT_MASK, Qt.Key.Key_F5, Qt.KeyboardModifier.NoModifier, "F5"),
        (BOX, Qt.Key.Key_Return, Qt.KeyboardModifier.NoModifier, "Enter"),
    ],
)
def test_a_key_is_changed_by_pressing_it(qtbot, sheet, keyboard, shortcut, key, modifier, named):
    qtbot.keyClick(sheet.edits[shortcut.name], key, modifier)
    assert keyboard.key_of(shortcut) == named
    assert sheet.message.text() == ""
    qtbot.mouseClick(sheet.reset, LEFT)
    assert keyboard.key_of(shortcut) == shortcut.key
    assert not sheet.reset.isEnabled()


def test_what_the_key_means_in_napari_is_told(qtbot, sheet, keyboard):
    qtbot.keyClick(sheet.edits["box"], Qt.Key.Key_K)
    assert keyboard.key_of(BOX) == "K"
    assert "'auto contrast once'" in sheet.message.text()


def test_a_key_that_is_taken_is_refused_and_the_old_one_stays(qtbot, sheet, keyboard):
    qtbot.keyClick(sheet.edits["box"], Qt.Key.Key_C)
    assert "'Commit the object'" in sheet.message.text()
    assert sheet.edits["box"].keySequence().toString() == "B"
    qtbot.keyClick(sheet.edits["box"], Qt.Key.Key_Question)
    assert "no name" in sheet.message.text()
    assert keyboard.chosen == {}


def test_buttons_show_the_key_in_force(qtbot, session, keyboard):
    panel = RefinePanel(session, keyboard)
    qtbot.addWidget(panel)
    assert panel.commit.text() == "Commit (C)"
    assert panel.tools.tools[Tool.BOX].text() == "Box (B)"
    keyboard.change(COMMIT, "K")
    keyboard.change(BOX, "Shift-B")
    assert panel.commit.text() == "Commit (K)"
    assert panel.tools.tools[Tool.BOX].text() == "Box (Shift+B)"
    panel.release()
