"""Drawing, correcting, accepting and deleting instances."""

from __future__ import annotations

import pytest
from qtpy.QtCore import QItemSelectionModel, Qt

from napari_zeroseg._qt.instance_model import AREA, SCORE, STATE
from napari_zeroseg._qt.refine_panel import RefinePanel
from napari_zeroseg.core.instance import InstanceState

LEFT = Qt.MouseButton.LeftButton
SELECT = QItemSelectionModel.SelectionFlag.Select | QItemSelectionModel.SelectionFlag.Rows


@pytest.fixture
def panel(qtbot, segmented):
    panel = RefinePanel(segmented)
    qtbot.addWidget(panel)
    panel.resize(380, 600)
    panel.show()
    qtbot.waitExposed(panel)
    yield panel
    panel.release()


def shown(panel, column):
    return [panel.model.index(r, column).data() for r in range(panel.model.rowCount())]


def test_the_table_is_sorted_by_falling_score_and_by_any_column(panel):
    assert shown(panel, SCORE) == sorted(shown(panel, SCORE), reverse=True)
    panel.table.sortByColumn(AREA, Qt.SortOrder.AscendingOrder)
    assert shown(panel, AREA) == ["100", "100", "144"]


def test_new_object_click_commit(qtbot, panel, segmented):
    panel.classes.setCurrentText("grey")
    panel.classes.activated.emit(panel.classes.currentIndex())
    qtbot.mouseClick(panel.new, LEFT)
    assert "click inside" in panel.status.text()
    assert not panel.commit.isEnabled()
    segmented.click(42.0, 32.0)
    assert "confidence 0.90" in panel.status.text()
    qtbot.mouseClick(panel.commit, LEFT)
    assert segmented.state.instance("grey", 2).state is InstanceState.EDITED
    assert "✓ edited" in shown(panel, STATE)


def test_correct_selected_and_discard(qtbot, panel, segmented):
    panel.table.selectRow(0)
    key = panel.model.row(0).key
    before = segmented.state.instance(*key).mask
    qtbot.mouseClick(panel.correct, LEFT)
    assert segmented.state.draft.key == key
    qtbot.mouseClick(panel.discard, LEFT)
    assert segmented.state.draft is None
    assert segmented.state.instance(*key).mask is before


def test_the_sign_is_shared_with_all_views(qtbot, panel, segmented):
    segmented.begin("bright")
    qtbot.mouseClick(panel.negative, LEFT)
    assert not segmented.hand.positive
    segmented.hand.flip()
    assert panel.positive.isChecked()


def test_accept_and_delete_the_selected(qtbot, panel, segmented):
    panel.table.selectRow(0)
    key = panel.model.row(0).key
    qtbot.mouseClick(panel.accept, LEFT)
    assert segmented.state.instance(*key).locked
    qtbot.mouseClick(panel.delete, LEFT)
    assert key not in [i.key for i in segmented.state.instances]


def test_accept_all_locks_every_mask(qtbot, panel, segmented):
    qtbot.mouseClick(panel.accept_all, LEFT)
    assert all(i.locked for i in segmented.state.instances)


def test_an_instance_chosen_elsewhere_is_selected_here(panel, segmented):
    segmented.hand.choose("bright", 2)
    (row,) = panel.table.chosen_rows()
    assert panel.model.row(row).thing == ("bright", 2)


def test_without_a_selection_the_buttons_say_so(panel):
    panel.table.clearSelection()
    assert not panel.correct.isEnabled()
    assert "Select a row" in panel.correct.toolTip()


def test_selected_masks_of_a_class_become_one(qtbot, panel, segmented):
    assert not panel.merge.isEnabled()
    bright = [r for r in range(panel.model.rowCount()) if panel.model.row(r).name == "bright"]
    panel.table.clearSelection()
    for row in bright:
        panel.table.selectionModel().select(panel.model.index(row, 0), SELECT)
    qtbot.mouseClick(panel.merge, LEFT)
    assert [i.id for i in segmented.state.instances if i.name == "bright"] == [1]
    assert segmented.undo_text == "Merge 2 bright"
