"""Messages, history and the image line."""

from __future__ import annotations

import pytest
from qtpy.QtCore import Qt
from qtpy.QtWidgets import QLabel, QPushButton

from napari_zeroseg._qt.gui_thread import Background
from napari_zeroseg._qt.history_bar import HistoryBar
from napari_zeroseg._qt.image_panel import ImagePanel
from napari_zeroseg._qt.message_bar import MessageBar
from napari_zeroseg._qt.shortcut_sheet import ShortcutSheet
from napari_zeroseg.core.errors import ZeroSegError
from napari_zeroseg.session.keyboard import Keyboard
from napari_zeroseg.session.readiness import Activity
from napari_zeroseg.session.runner import InlineExecutor
from tests.fakes import source

LEFT = Qt.MouseButton.LeftButton


@pytest.fixture
def messages(qtbot, session):
    bar = MessageBar(session)
    qtbot.addWidget(bar)
    yield bar
    bar.release()


def test_a_problem_is_told_in_three_sentences_until_dismissed(qtbot, messages, session):
    session.problem_raised.emit(ZeroSegError("It broke.", kept="All is kept.", remedy="Try again."))
    assert messages.text == "It broke.\nAll is kept.\nTry again."
    qtbot.mouseClick(messages.findChild(QPushButton), LEFT)
    assert messages.text == ""


def test_a_new_run_makes_a_notice_old_but_not_a_problem(messages, session):
    session.noticed.emit("Nothing looks like 'grey'.")
    session.activity_changed.emit(Activity(running=True, text="Starting"))
    assert messages.text == ""
    session.noticed.emit("The image is large.")
    session.activity_changed.emit(Activity(running=True, text="Looking"))
    assert messages.text == "The image is large."
    session.activity_changed.emit(Activity())
    session.problem_raised.emit(ZeroSegError("It broke."))
    session.activity_changed.emit(Activity(running=True, text="Starting"))
    assert messages.text.startswith("It broke.")


def test_a_notice_replaces_what_was_said(messages, session):
    session.problem_raised.emit(ZeroSegError("It broke."))
    session.noticed.emit("All is well.")
    assert messages.text == "All is well."


def test_undo_and_redo_say_what_they_do(qtbot, session):
    bar = HistoryBar(session, Keyboard(), lambda key: "")
    qtbot.addWidget(bar)
    assert not bar.undo.isEnabled()
    session.add_classes("bright")
    assert bar.undo.text() == "Undo: Add bright"
    qtbot.mouseClick(bar.undo, LEFT)
    assert len(session.state.vocabulary) == 0
    assert bar.redo.text() == "Redo: Add bright"
    qtbot.mouseClick(bar.redo, LEFT)
    assert session.state.vocabulary.names == ("bright",)
    bar.release()


def test_the_empty_state_offers_samples_and_then_names_the_image(qtbot, empty):
    opened = []
    panel = ImagePanel(
        empty, Background(InlineExecutor(), lambda act: act()), {"Coins": lambda: opened.append("coins")}
    )
    qtbot.addWidget(panel)
    panel.show()
    button = panel.findChild(QPushButton)
    qtbot.mouseClick(button, LEFT)
    assert opened == ["coins"]
    empty.open(source())
    assert not button.isVisible()
    assert panel.name.text() == "squares  ·  64 × 64 px"
    panel.release()


def test_the_sheet_lists_the_keys_of_canvas_and_dock(qtbot, session):
    bar = HistoryBar(session, Keyboard(), lambda key: "")
    qtbot.addWidget(bar)
    qtbot.mouseClick(bar.help, LEFT)
    sheet = bar.findChild(ShortcutSheet)
    texts = [label.text() for label in sheet.findChildren(QLabel)]
    assert {"Undo", "A", "R", "Delete"} <= set(texts)
    bar.release()
