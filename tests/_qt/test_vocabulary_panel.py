"""Naming classes: what is typed arrives in the session, what is refused stays typed."""

from __future__ import annotations

import pytest
from qtpy.QtCore import QPoint, Qt
from qtpy.QtGui import QColor
from qtpy.QtWidgets import QColorDialog, QLineEdit

from napari_zeroseg._qt.vocabulary_panel import VocabularyPanel
from napari_zeroseg.core.attributes import Attributes

LEFT = Qt.MouseButton.LeftButton


@pytest.fixture
def panel(qtbot, session):
    panel = VocabularyPanel(session)
    qtbot.addWidget(panel)
    panel.show()
    yield panel
    panel.release()


def type_class(qtbot, panel, text):
    panel.entry.setText(text)
    qtbot.keyClick(panel.entry, Qt.Key.Key_Return)


def cell(panel, row, column):
    return panel.model.index(row, column)


def cell_center(panel, row, column) -> QPoint:
    return panel.table.visualRect(cell(panel, row, column)).center()


def test_enter_adds_a_class_with_its_look(qtbot, panel, session):
    type_class(qtbot, panel, "nucleus: dark purple, round")
    assert session.state.vocabulary["nucleus"].attributes == Attributes("dark purple", "round")
    assert panel.entry.text() == ""
    assert [cell(panel, 0, c).data() for c in (1, 2, 3)] == ["nucleus", "dark purple", "round"]


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("", "no class"),
        ("bright", "twice"),
        ("background", "always there"),
        ("two\u2028lines", "character"),
        ("cell \N{MICROSCOPE}", "microscope"),
        ("; ".join(f"class {i}" for i in range(300)), "300 classes"),
    ],
)
def test_a_refused_class_is_explained_and_stays_typed(qtbot, panel, session, text, says):
    session.add_classes("bright")
    before = session.state
    type_class(qtbot, panel, text)
    assert says in panel.error.text()
    assert panel.error.isVisible()
    assert panel.entry.text() == text.replace("\u2028", panel.entry.text()[3:4] if text else "")
    assert session.state is before


def test_typing_on_takes_the_complaint_away(qtbot, panel):
    type_class(qtbot, panel, "background")
    qtbot.keyClicks(panel.entry, "s")
    assert not panel.error.isVisible()


def edit(qtbot, panel, row, column, text):
    panel.table.setFocus()
    panel.table.setCurrentIndex(cell(panel, row, column))
    panel.table.edit(cell(panel, row, column))
    editor = panel.table.findChildren(QLineEdit)[-1]
    editor.setText(text)
    qtbot.keyClick(editor, Qt.Key.Key_Return)
    qtbot.wait(1)  # Qt commits an editor when it comes back to its events


def test_a_cell_renames_and_describes(qtbot, panel, session):
    session.add_classes("bright; grey")
    edit(qtbot, panel, 0, 1, "shiny")
    edit(qtbot, panel, 0, 2, "white")
    assert session.state.vocabulary.names == ("shiny", "grey")
    assert session.state.vocabulary["shiny"].attributes.color == "white"


def test_a_refused_name_is_edited_again(qtbot, panel, session):
    session.add_classes("bright; grey")
    edit(qtbot, panel, 0, 1, "grey")
    assert "twice" in panel.error.text()
    assert session.state.vocabulary.names == ("bright", "grey")
    assert cell(panel, 0, 1).data(Qt.ItemDataRole.EditRole) == "grey"
    assert cell(panel, 0, 1).data() == "bright"


def test_what_the_refiner_knows_is_shown_until_the_user_types(qtbot, panel, session):
    session.add_classes("bright")
    assert cell(panel, 0, 2).data() == "bright"
    assert cell(panel, 0, 2).data(Qt.ItemDataRole.EditRole) == ""
    edit(qtbot, panel, 0, 2, "white")
    assert cell(panel, 0, 2).data() == "white"


def test_remove_moves_and_undo(qtbot, panel, session):
    session.add_classes("bright; grey; other")
    qtbot.mouseClick(panel.table.viewport(), LEFT, pos=cell_center(panel, 0, 1))
    assert not panel.up.isEnabled()
    qtbot.mouseClick(panel.down, LEFT)
    assert session.state.vocabulary.names == ("grey", "bright", "other")
    qtbot.mouseClick(panel.remove, LEFT)
    assert session.state.vocabulary.names == ("grey", "other")
    session.undo()
    assert session.state.vocabulary.names == ("grey", "bright", "other")


def test_the_swatch_changes_the_color(qtbot, panel, session, monkeypatch):
    session.add_classes("bright")
    monkeypatch.setattr(QColorDialog, "getColor", lambda *_: QColor("#123456"))
    qtbot.mouseClick(panel.table.viewport(), LEFT, pos=cell_center(panel, 0, 0))
    qtbot.mouseDClick(panel.table.viewport(), LEFT, pos=cell_center(panel, 0, 0))
    assert session.state.vocabulary["bright"].color == "#123456"


def test_a_released_panel_no_longer_listens(panel, session):
    panel.release()
    session.add_classes("bright")
    assert panel.model.rowCount() == 0


def test_the_name_of_another_class_offers_to_merge_the_two(qtbot, panel, session):
    session.add_classes("bright; grey")
    edit(qtbot, panel, 1, 1, "Bright")
    assert panel.merge.text() == "Merge 'grey' into 'bright'"
    qtbot.mouseClick(panel.merge, LEFT)
    assert session.state.vocabulary.names == ("bright",)
    assert panel.merge.isHidden()
    session.undo()
    assert session.state.vocabulary.names == ("bright", "grey")
    edit(qtbot, panel, 1, 1, "background")
    assert panel.merge.isHidden()
