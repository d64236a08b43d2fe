"""A batch in the real window: from the folder to the corrected image that counts."""

from __future__ import annotations

import csv

import pytest
import tifffile
from qtpy.QtCore import Qt

from napari_zeroseg import _widget
from napari_zeroseg._batch_widget import BatchWidget
from napari_zeroseg._qt.batch_model import FOUND, IMAGE, STATE
from napari_zeroseg._widget import open_batch, open_dock
from napari_zeroseg.batch import run as batch_run
from napari_zeroseg.batch.farm import CancelledError
from napari_zeroseg.core.cancellation import present
from napari_zeroseg.session.session import Session
from tests.fakes import fake_backends, squares
from tests.farms import done_here, faked

LEFT = Qt.MouseButton.LeftButton


@pytest.fixture
def folder(tmp_path):
    """Six images, of which one is none."""
    made = tmp_path / "images"
    made.mkdir()
    for number in range(5):
        image = squares()
        image[0, number] = 1  # none is the same as another
        tifffile.imwrite(made / f"{number}.tif", image)
    (made / "bad.tif").write_bytes(b"II*\0 this is no image")
    return made


@pytest.fixture
def viewer(make_napari_viewer, monkeypatch):
    faked(monkeypatch)
    monkeypatch.setattr(_widget, "Session", lambda runner: Session(runner, backends=fake_backends))
    return make_napari_viewer()


@pytest.fixture
def farm(monkeypatch):
    return done_here(monkeypatch)


@pytest.fixture
def dock(viewer, qtbot):
    """The ZeroSeg dock with two classes accepted."""
    widget = open_dock(viewer)
    viewer.add_image(squares(), name="squares")
    widget.session.add_classes("bright; grey")
    widget.session.suggest()
    qtbot.waitUntil(lambda: len(widget.session.state.suggestions) == 2)
    widget.session.accept("bright", "grey")
    return widget


def cells(panel, column):
    return [panel.shown.index(row, column).data() for row in range(panel.shown.rowCount())]


def press(qtbot, batch, button):
    assert button.isEnabled(), button.toolTip()
    qtbot.mouseClick(button, LEFT)
    qtbot.waitUntil(lambda: not batch.desk.running, timeout=20_000)


def test_from_the_folder_to_the_corrected_image(viewer, dock, qtbot, folder, farm, tmp_path):
    qtbot.mouseClick(dock.dock.export.many, LEFT)
    batch = open_batch(viewer)
    assert isinstance(batch, BatchWidget)
    panel = batch.panel
    batch.desk.choose(folder=folder)
    qtbot.waitUntil(lambda: len(batch.desk.lines) == 6)
    assert "bright, grey" in panel.form.described.text()

    paces = []
    batch.desk.changed.connect(lambda: paces.append(batch.desk.pace.done) if batch.desk.pace else None)
    press(qtbot, batch, panel.start)
    assert sorted(set(paces)) == [0, 1, 2, 3, 4, 5, 6]
    assert cells(panel, IMAGE) == ["0.tif", "1.tif", "2.tif", "3.tif", "4.tif", "bad.tif"]
    assert cells(panel, STATE) == ["done"] * 5 + ["failed"]
    assert "could not be read" in cells(panel, FOUND)[5]
    assert "5 images done, 1 failed." in panel.state.text()

    tifffile.imwrite(folder / "bad.tif", squares())
    farm.done.clear()
    press(qtbot, batch, panel.retry)
    assert farm.done == ["bad.tif"]
    assert cells(panel, STATE) == ["done"] * 6

    panel.table.selectRow(2)
    qtbot.mouseClick(panel.open, LEFT)
    qtbot.waitUntil(lambda: len(dock.session.state.instances) == 3, timeout=20_000)
    assert {"2", "bright", "grey"} <= {layer.name for layer in viewer.layers}
    dock.session.delete_instances(("bright", 1))

    farm.done.clear()
    press(qtbot, batch, panel.start)
    assert farm.done == ["2.tif"]
    assert cells(panel, STATE)[2] == "✓ corrected"
    with (tmp_path / "images-results" / "images.csv").open(encoding="utf-8-sig") as file:
        told = {row["image"].rsplit("/")[-1]: row for row in csv.DictReader(file)}
    assert (told["2.tif"]["status"], told["2.tif"]["counts"]) == ("corrected", "bright: 1; grey: 1")

    # it goes on being worked on where it was, and opened twice it is still one layer
    dock.session.delete_instances(("bright", 2))
    panel.table.selectRow(2)
    before = len(viewer.layers)
    qtbot.mouseClick(panel.open, LEFT)
    assert len(viewer.layers) == before
    press(qtbot, batch, panel.start)
    assert cells(panel, FOUND)[2] == "1 grey"


def test_closing_the_dock_in_the_midst_keeps_what_is_done(viewer, dock, qtbot, folder, farm, monkeypatch):
    begun, ended = [], []

    def slow_farm(_client, items, order, work, *, alone):
        for outcome in farm(None, items, order, work, alone=alone):
            yield outcome
            begun.append(outcome)
            while not present().cancelled:
                pass
            ended.append(True)
            raise CancelledError

    monkeypatch.setattr(batch_run, "done_by", slow_farm)
    batch = open_batch(viewer)
    batch.desk.choose(folder=folder)
    qtbot.waitUntil(lambda: len(batch.desk.lines) == 6)
    qtbot.mouseClick(batch.panel.start, LEFT)
    qtbot.waitUntil(lambda: len(begun) == 1, timeout=20_000)
    viewer.window.remove_dock_widget(batch)
    qtbot.waitUntil(lambda: len(ended) == 1)
    monkeypatch.setattr(batch_run, "done_by", farm)
    again = open_batch(viewer)
    again.desk.choose(folder=folder)
    qtbot.waitUntil(lambda: len(again.desk.lines) == 6)
    assert cells(again.panel, STATE).count("done") == 1
    qtbot.waitUntil(again.panel.start.isEnabled)
    press(qtbot, again, again.panel.start)
    assert again.desk.summary.skipped == 1
    assert cells(again.panel, STATE).count("done") == 5


def test_an_image_that_does_not_open_is_told(viewer, dock, qtbot, folder):
    batch = open_batch(viewer)
    batch.desk.choose(folder=folder)
    qtbot.waitUntil(lambda: len(batch.desk.lines) == 6)
    batch.panel.table.selectRow(5)
    qtbot.mouseClick(batch.panel.open, LEFT)
    assert "'bad.tif' could not be opened" in batch.panel.problem.text()


def test_a_dock_that_is_opened_later_is_followed(viewer, qtbot):
    batch = open_batch(viewer)
    assert batch.desk.recipe is None
    widget = open_dock(viewer)
    widget.session.add_classes("bright")
    widget.session.accept("bright")
    qtbot.mouseMove(batch.panel)
    batch._follow()
    assert batch.desk.recipe.wanted == ("bright",)
    widget.session.add_classes("grey")
    widget.session.accept("grey")
    assert batch.desk.recipe.wanted == ("bright", "grey")
