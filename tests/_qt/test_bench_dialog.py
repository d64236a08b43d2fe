"""Comparing methods in the window: ticks, table, pictures that move together, the masks of the best."""

from __future__ import annotations

from concurrent.futures import Executor, Future

import numpy as np
import pytest
from qtpy.QtCore import QPointF, Qt
from qtpy.QtGui import QWheelEvent
from qtpy.QtWidgets import QFileDialog

from napari_zeroseg._qt.bench_dialog import BenchDialog
from napari_zeroseg._qt.gui_thread import Background
from napari_zeroseg._qt.linked_pictures import LinkedPictures, Picture, best_columns
from napari_zeroseg._qt.outcome_model import IOU, NAME, OBJECTS

LEFT = Qt.MouseButton.LeftButton


class AtOnce(Executor):
    """Does work here and now."""

    def submit(self, work, /, *args, **kwargs):
        work(*args, **kwargs)
        return Future()


@pytest.fixture
def panel(qtbot, segmented):
    dialog = BenchDialog(segmented, Background(AtOnce(), lambda call: call()), None)
    qtbot.addWidget(dialog)
    yield dialog.panel
    dialog.panel.release()
    dialog.panel.activity.release()


def _cell(panel, row, column, role=Qt.ItemDataRole.DisplayRole):
    return panel.model.data(panel.model.index(row, column), role)


def test_the_table_says_what_each_method_took_and_its_masks_can_be_used(qtbot, panel, segmented):
    segmented.accept_all_instances("bright")
    assert panel.hint.isVisibleTo(panel)
    assert not panel.take.isEnabled()
    qtbot.mouseClick(panel.compare, LEFT)
    assert _cell(panel, 0, NAME) == "grounded, embedded"
    assert _cell(panel, 0, OBJECTS) == "3"
    assert _cell(panel, 0, IOU) == "1.000"
    assert not panel.hint.isVisibleTo(panel)
    titles = [view.accessibleName() for view in panel.pictures.views]
    assert titles[:2] == ["Your masks", "grounded, embedded"]
    assert len(titles) == 1 + sum(not outcome.problem for outcome in segmented.outcomes)
    panel.table.selectRow(0)
    qtbot.mouseClick(panel.take, LEFT)
    assert segmented.undo_text == "Take the masks of grounded, embedded"


def test_a_method_whose_models_are_missing_cannot_be_ticked(panel):
    row = next(n for n in range(panel.model.rowCount()) if "paper" in _cell(panel, n, NAME))
    index = panel.model.index(row, NAME)
    assert not panel.model.flags(index) & Qt.ItemFlag.ItemIsUserCheckable
    assert "Not downloaded yet" in _cell(panel, row, NAME, Qt.ItemDataRole.ToolTipRole)


def test_nothing_ticked_is_said(qtbot, panel, segmented):
    told = []
    segmented.problem_raised.connect(told.append)
    for row in range(panel.model.rowCount()):
        index = panel.model.index(row, NAME)
        panel.model.setData(index, Qt.CheckState.Unchecked.value, Qt.ItemDataRole.CheckStateRole)
    qtbot.mouseClick(panel.compare, LEFT)
    assert "Tick at least one" in str(told[0])


def test_the_table_is_saved(qtbot, panel, tmp_path, monkeypatch):
    qtbot.mouseClick(panel.compare, LEFT)
    path = tmp_path / "methods.csv"
    monkeypatch.setattr(QFileDialog, "getSaveFileName", lambda *_: (str(path), ""))
    qtbot.mouseClick(panel.save, LEFT)
    assert path.read_text(encoding="utf-8").splitlines()[1].startswith('"grounded, embedded",3,')


def test_pictures_are_zoomed_and_moved_together(qtbot):
    pictures = LinkedPictures()
    qtbot.addWidget(pictures)
    pictures.resize(600, 300)
    pixels = np.zeros((200, 200, 3), np.uint8)
    pictures.show_pictures([Picture("a", pixels), Picture("b", pixels)])
    pictures.show()
    qtbot.waitExposed(pictures)
    one, other = pictures.views
    fitted = one.zoom
    place = QPointF(one.viewport().rect().center())
    turn = QWheelEvent(
        place, one.mapToGlobal(place), QPointF(0, 0).toPoint(), QPointF(0, 600).toPoint(),
        Qt.MouseButton.NoButton, Qt.KeyboardModifier.NoModifier, Qt.ScrollPhase.NoScrollPhase, False,
    )  # fmt: skip
    one.wheelEvent(turn)
    assert other.zoom == one.zoom > fitted
    bar = one.horizontalScrollBar()
    bar.setValue(bar.value() + 17)
    assert other.horizontalScrollBar().value() == bar.value()
    other.fit()
    other.looked.emit()
    assert one.zoom == other.zoom == pytest.approx(fitted, rel=0.1)


@pytest.mark.parametrize(
    ("count", "room", "aspect", "columns"),
    [(4, (900, 240), 1.0, 4), (4, (900, 800), 1.3, 2), (3, (300, 900), 1.0, 1), (1, (300, 300), 1.0, 1)],
)
def test_pictures_are_as_large_as_can_be(count, room, aspect, columns):
    assert best_columns(count, *room, aspect) == columns


def test_a_window_of_another_shape_arranges_the_pictures_anew(qtbot):
    pictures = LinkedPictures()
    qtbot.addWidget(pictures)
    pictures.resize(900, 200)
    pictures.show_pictures([Picture(name, np.zeros((90, 90, 3), np.uint8)) for name in "abc"])
    pictures.show()
    qtbot.waitExposed(pictures)
    first, second, _ = pictures.views
    assert (
        first.mapTo(pictures, first.rect().topLeft()).y()
        == second.mapTo(pictures, second.rect().topLeft()).y()
    )
    pictures.resize(200, 900)
    qtbot.waitUntil(lambda: second.mapTo(pictures, second.rect().topLeft()).y() > first.height())
