"""Drawing, correcting, accepting and deleting instances."""

from __future__ import annotations

import numpy as np
import pytest
from qtpy.QtCore import QItemSelectionModel, Qt

from napari_zeroseg._qt.instance_model import AREA, SCORE, STATE
from napari_zeroseg._qt.refine_panel import RefinePanel
from napari_zeroseg._qt.section import SteadyLine
from napari_zeroseg.core.instance import InstanceState
from napari_zeroseg.session.hand import Tool
from napari_zeroseg.session.keyboard import Keyboard

LEFT = Qt.MouseButton.LeftButton
SELECT = QItemSelectionModel.SelectionFlag.Select | QItemSelectionModel.SelectionFlag.Rows


@pytest.fixture
def panel(qtbot, segmented):
    panel = RefinePanel(segmented, Keyboard())
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
    qtbot.mouseClick(panel.tools.signs[False], LEFT)
    assert not segmented.hand.positive
    segmented.hand.flip()
    assert panel.tools.signs[True].isChecked()


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


def test_the_tool_is_shared_with_all_views(qtbot, panel, segmented):
    qtbot.mouseClick(panel.tools.tools[Tool.BOX], LEFT)
    assert segmented.hand.tool is Tool.BOX
    segmented.hand.take(Tool.SCRIBBLE)
    assert panel.tools.tools[Tool.SCRIBBLE].isChecked()
    segmented.begin("bright")
    assert "drag along it" in panel.status.text()


def test_add_to_the_selected_and_take_from_it(qtbot, panel, segmented):
    assert not panel.add.isEnabled()
    place = next(r for r in range(panel.model.rowCount()) if panel.model.row(r).mask.box == (5, 5, 15, 15))
    key = panel.model.row(place).key
    panel.table.selectRow(place)
    qtbot.mouseClick(panel.take, LEFT)
    assert "does not belong to bright" in panel.status.text()
    segmented.click(10, 10)
    segmented.click(10, 7, positive=False)
    qtbot.mouseClick(panel.commit, LEFT)
    assert segmented.state.instance(*key).mask.area == 10
    qtbot.mouseClick(panel.add, LEFT)
    segmented.click(10, 10)
    qtbot.mouseClick(panel.commit, LEFT)
    assert segmented.state.instance(*key).mask.area == 100


def test_a_class_as_a_whole_is_one_region(qtbot, panel, segmented):
    panel.whole_class.setChecked(True)
    for x, y in ((10, 10), (45, 35)):
        qtbot.mouseClick(panel.new, LEFT)
        segmented.click(x, y)
        qtbot.mouseClick(panel.commit, LEFT)
    (region,) = [i for i in segmented.state.instances if i.provenance.of_class]
    assert region.mask.area == 200


def test_refine_edges_of_the_selected_is_one_step(qtbot, panel, segmented):
    panel.table.clearSelection()
    assert not panel.edges.isEnabled()
    key = panel.model.row(0).key
    y, x = segmented.state.instance(*key).mask.origin
    segmented.paint(key.name, (y - 2, x), np.full((2, 4), key.id))  # a bump
    before = segmented.state.instance(*key).mask
    panel.table.selectRow(panel.model.row_of(key))
    qtbot.mouseClick(panel.edges, LEFT)
    after = segmented.state.instance(*key)
    assert not after.mask.same_as(before)
    assert after.state is InstanceState.EDITED
    assert segmented.undo_text == "Refine edges"


def test_the_status_keeps_its_height_until_nothing_is_drawn(qtbot):
    line = SteadyLine()
    qtbot.addWidget(line)
    line.resize(120, 20)
    line.show_text("Drawing a new disc: click inside it on the image; right-click on what does not belong.")
    line.show_text("Drawing…")
    kept = line.minimumHeight()
    assert kept > 2 * line.fontMetrics().height()
    line.show_text("Drawing a new disc: 9 px")
    assert line.minimumHeight() == kept
    line.show_text("")
    assert line.minimumHeight() == 0
