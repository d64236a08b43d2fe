"""Deciding on suggestions: with cells, buttons and keys."""

from __future__ import annotations

import pytest
from qtpy.QtCore import Qt

from napari_zeroseg._qt.suggestion_model import ACCEPT, CLASS, REJECT, DetailRole
from napari_zeroseg._qt.suggestion_panel import SuggestionPanel
from napari_zeroseg.core.suggestion import Decision

LEFT = Qt.MouseButton.LeftButton


@pytest.fixture
def panel(qtbot, suggested):
    panel = SuggestionPanel(suggested)
    qtbot.addWidget(panel)
    panel.resize(380, 600)
    panel.show()
    qtbot.waitExposed(panel)
    yield panel
    panel.release()


def decisions(session):
    return {s.name: s.decision for s in session.state.suggestions}


def click_cell(qtbot, panel, row, column):
    place = panel.table.visualRect(panel.model.index(row, column)).center()
    qtbot.mouseClick(panel.table.viewport(), LEFT, pos=place)


def test_the_button_asks_and_the_table_shows_the_most_confident_first(qtbot, session):
    session.add_classes("gone; bright")
    panel = SuggestionPanel(session)
    qtbot.addWidget(panel)
    qtbot.mouseClick(panel.suggest, LEFT)
    assert [panel.model.row(r).name for r in range(2)] == ["bright", "gone"]
    panel.release()


def test_without_an_image_the_button_says_what_to_do(qtbot, empty):
    panel = SuggestionPanel(empty)
    qtbot.addWidget(panel)
    panel.show()
    assert not panel.suggest.isEnabled()
    assert "Open an image" in panel.suggest.toolTip()
    assert "Open an image" in panel.reason.text()
    assert panel.reason.isVisible()
    panel.release()


def test_a_click_on_the_tick_accepts_and_a_second_one_reopens(qtbot, panel, suggested):
    click_cell(qtbot, panel, 0, ACCEPT)
    assert decisions(suggested)["bright"] is Decision.ACCEPTED
    assert panel.model.index(0, CLASS).data(DetailRole) == "✓ accepted"
    click_cell(qtbot, panel, 0, ACCEPT)
    assert decisions(suggested)["bright"] is Decision.PENDING


def test_a_click_on_the_cross_rejects(qtbot, panel, suggested):
    click_cell(qtbot, panel, 1, REJECT)
    assert decisions(suggested)["grey"] is Decision.REJECTED


def test_keys_decide_row_after_row(qtbot, panel, suggested):
    panel.activateWindow()
    panel.table.setFocus()
    qtbot.waitUntil(panel.table.hasFocus)
    panel.table.selectRow(0)
    for key in (Qt.Key.Key_A, Qt.Key.Key_A, Qt.Key.Key_R):
        qtbot.keyClick(panel.table, key)
    assert decisions(suggested) == {
        "bright": Decision.ACCEPTED,
        "grey": Decision.ACCEPTED,
        "gone": Decision.REJECTED,
    }


def test_accept_all_above_takes_the_threshold_of_the_spin_box(qtbot, panel, suggested):
    assert panel.threshold.value() == suggested.recipe.parameters.accept_threshold
    panel.threshold.setValue(0.95)
    qtbot.mouseClick(panel.accept_all, LEFT)
    assert Decision.ACCEPTED not in decisions(suggested).values()
    panel.threshold.setValue(0.9)
    qtbot.mouseClick(panel.accept_all, LEFT)
    assert suggested.state.accepted_names == ("bright", "grey")


def test_a_class_that_came_later_is_named(panel, suggested):
    suggested.add_classes("late")
    assert "late" in panel.stale.text()


def test_a_selection_outlives_a_decision(qtbot, panel, suggested):
    panel.table.selectRow(1)
    suggested.accept("gone")
    assert panel.table.chosen_rows() == [1]
