"""Exporting from the dock: files, a full disk, and work beside the window."""

from __future__ import annotations

import errno
import json
import tempfile
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

import numpy as np
import pytest
import tifffile
from qtpy.QtCore import Qt
from qtpy.QtGui import QGuiApplication
from qtpy.QtWidgets import QFileDialog

from napari_zeroseg._qt.export_panel import ExportPanel
from napari_zeroseg._qt.gui_thread import Background, GuiThread
from napari_zeroseg.core.image import plane_from_array
from napari_zeroseg.core.volume import Grid
from napari_zeroseg.export.formats import FORMATS, READERS
from napari_zeroseg.export.images import open_image
from napari_zeroseg.session.runner import InlineExecutor
from tests.fakes import source, squares

LEFT = Qt.MouseButton.LeftButton


def make_panel(qtbot, session, folder, background=None):
    panel = ExportPanel(session, background or Background(InlineExecutor(), lambda act: act()))
    qtbot.addWidget(panel)
    panel.folder.setText(str(folder))
    return panel


def test_all_files_are_written_and_named(qtbot, segmented, tmp_path):
    panel = make_panel(qtbot, segmented, tmp_path / "new")
    panel.format.setCurrentIndex(panel.format.findData("coco"))
    qtbot.mouseClick(panel.export, LEFT)
    written = {p.name for p in (tmp_path / "new").iterdir()}
    assert written == {
        "squares_semantic.tif", "squares_bright.tif", "squares_grey.tif", "squares_gone.tif",
        "squares_overlay.png", "squares_coco.json", "squares.json",
    }  # fmt: skip
    assert all(name in panel.written.text() for name in written)
    semantic = tifffile.imread(tmp_path / "new" / "squares_semantic.tif")
    assert np.bincount(semantic.ravel()).tolist()[1:] == [200, 144]
    assert json.loads((tmp_path / "new" / "squares.json").read_text())["image"]["name"] == "squares"


def test_what_a_format_cannot_keep_stands_beside_the_choice(qtbot, segmented, tmp_path):
    panel = make_panel(qtbot, segmented, tmp_path)
    assert panel.lost.isHidden()
    panel.format.setCurrentIndex(panel.format.findData("coco"))
    assert not panel.lost.isHidden()
    assert "size of a pixel is not kept" in panel.lost.text()
    panel.format.setCurrentIndex(panel.format.findData("csv"))
    assert "keeps all of the masks" in panel.lost.text()
    panel.format.setCurrentIndex(0)
    assert panel.lost.isHidden()


def test_a_full_disk_is_told_and_the_masks_stay(qtbot, segmented, tmp_path, monkeypatch):
    def full(*_args, **_kwargs):
        raise OSError(errno.ENOSPC, "No space left on device")

    problems = []
    segmented.problem_raised.connect(problems.append)
    panel = make_panel(qtbot, segmented, tmp_path)
    before = segmented.state
    monkeypatch.setattr(tempfile, "mkstemp", full)
    qtbot.mouseClick(panel.export, LEFT)
    assert "No space left" in problems[0].happened
    assert problems[0].remedy
    assert segmented.state is before
    assert panel.export.isEnabled()
    assert list(tmp_path.iterdir()) == []


def test_files_are_written_beside_the_window(qtbot, segmented, tmp_path):
    background = Background(ThreadPoolExecutor(1), GuiThread())
    panel = make_panel(qtbot, segmented, tmp_path, background)
    qtbot.mouseClick(panel.export, LEFT)
    assert not panel.export.isEnabled()
    assert "being written" in panel.export.toolTip()
    qtbot.waitUntil(panel.export.isEnabled, timeout=5000)
    assert (tmp_path / "squares.json").exists()
    background.close()


def test_without_masks_the_button_says_why(qtbot, session, tmp_path):
    panel = make_panel(qtbot, session, tmp_path)
    assert not panel.export.isEnabled()
    assert "no masks" in panel.reason.text()


@pytest.mark.parametrize(("chosen", "expected"), [("/somewhere", "/somewhere"), ("", "before")])
def test_browse_takes_the_folder_unless_it_is_left(qtbot, session, monkeypatch, chosen, expected):
    panel = make_panel(qtbot, session, "before")
    monkeypatch.setattr(QFileDialog, "getExistingDirectory", lambda *_: chosen)
    qtbot.mouseClick(panel.browse, LEFT)
    assert panel.folder.text() == expected


def test_a_run_is_copied_as_text(qtbot, segmented, tmp_path):
    from napari_zeroseg.session.saved.content import Content

    panel = make_panel(qtbot, segmented, tmp_path)
    assert not panel.copy_command.isEnabled()
    assert "from a file" in panel.copy_command.toolTip()
    content = Content(np.zeros((64, 64)), tmp_path / "a b.tif")
    segmented._source = replace(segmented.source, content=content)
    segmented.source_changed.emit(segmented.source)
    qtbot.mouseClick(panel.copy_command, LEFT)
    command = QGuiApplication.clipboard().text()
    assert command.startswith("napari-zeroseg run '{")
    assert "a b.tif" in command
    qtbot.mouseClick(panel.copy_python, LEFT)
    assert "napari_zeroseg.segment(image" in QGuiApplication.clipboard().text()
    assert "clipboard" in panel.written.text()


def test_masks_of_another_tool_come_in(qtbot, segmented, tmp_path, monkeypatch):
    panel = make_panel(qtbot, segmented, tmp_path)
    panel.format.setCurrentIndex(panel.format.findData("qupath"))
    qtbot.mouseClick(panel.export, LEFT)
    before = segmented.state
    segmented.delete_instances(*(i.key for i in before.instances))
    chosen = str(tmp_path / "squares_qupath.geojson")
    monkeypatch.setattr(QFileDialog, "getOpenFileName", lambda *_: (chosen, ""))
    qtbot.mouseClick(panel.bring_in, LEFT)
    assert {(i.name, i.id, i.mask.area) for i in segmented.state.instances} == {
        (i.name, i.id, i.mask.area) for i in before.instances
    }


def test_a_file_that_holds_no_masks_is_told(qtbot, segmented, tmp_path, monkeypatch):
    problems = []
    segmented.problem_raised.connect(problems.append)
    panel = make_panel(qtbot, segmented, tmp_path)
    (tmp_path / "a.json").write_text('{"images": 3}')
    monkeypatch.setattr(QFileDialog, "getOpenFileName", lambda *_: (str(tmp_path / "a.json"), ""))
    before = segmented.state
    qtbot.mouseClick(panel.bring_in, LEFT)
    assert "holds no COCO annotations" in problems[0].happened
    assert segmented.state is before
    assert panel.bring_in.isEnabled()


@pytest.fixture
def stacked(empty):
    """A stack of three planes, each with other squares, with masks on the first and the last."""
    planes = [squares(), np.zeros_like(squares()), squares()[::-1].copy()]
    made = source()
    scale = {"Z": 2.0, "Y": 0.5, "X": 0.5}
    empty.open(
        replace(
            made,
            read=lambda plane, _window: plane_from_array(planes[plane[0]]),
            plane=(0,),
            depth=(3,),
            axes="ZYX",
            grid=Grid(planes=((0,),), scale=scale, units=dict.fromkeys("ZYX", "micrometer")),
        )
    )
    empty.add_classes("bright")
    for z in (0, 2):
        empty.open(empty.source.on((z,)))
        empty.paint("bright", (0, 0), (planes[z] > 200).astype(np.int32) * (z + 1))
    return empty


@pytest.mark.parametrize("name", ["", "labels", "ome-zarr"])
def test_all_planes_of_a_stack_are_written(qtbot, stacked, tmp_path, name):
    panel = make_panel(qtbot, stacked, tmp_path)
    panel.format.setCurrentIndex(panel.format.findData(name))
    assert panel.planes.text() == "All 3 planes are written."
    qtbot.mouseClick(panel.export, LEFT)
    written = open_image(tmp_path / "squares_bright.tif")
    labels = np.asarray(written.data)
    assert [int(plane.max()) for plane in labels] == [1, 0, 3]
    assert np.array_equal(labels[2] > 0, squares()[::-1] > 200)
    assert (written.axes, written.scale["Z"], written.scale["X"]) == ("ZYX", 2, 0.5)
    record = json.loads((tmp_path / "squares.json").read_text())
    assert record["image"]["depth"] == [3]
    if name:
        (back,) = READERS[name](tmp_path / f"squares_{name}{FORMATS[name].suffix}", None)
        assert {(i.plane, i.id, i.mask.area) for i in back.instances} == {((0,), 1, 200), ((2,), 3, 200)}
        assert back.grid.scale["Z"] == 2


def test_a_format_without_stacks_gets_the_plane_that_is_shown(qtbot, stacked, tmp_path):
    panel = make_panel(qtbot, stacked, tmp_path)
    panel.format.setCurrentIndex(panel.format.findData("coco"))
    assert "COCO (masks) holds no stacks, and gets the plane that is shown" in panel.planes.text()
    assert "one plane at a time" not in panel.lost.text()
    qtbot.mouseClick(panel.export, LEFT)
    (back,) = READERS["coco"](tmp_path / "squares_2_coco.json", None)
    assert [i.id for i in back.instances] == [3]
    assert [int(plane.max()) for plane in np.asarray(open_image(tmp_path / "squares_bright.tif").data)] == [
        1,
        0,
        3,
    ]


def test_one_plane_with_masks_is_written_alone(qtbot, stacked, tmp_path):
    stacked.delete_instances(*(i.key for i in stacked.state.instances if i.plane == (2,)))
    stacked.open(stacked.source.on((0,)))
    panel = make_panel(qtbot, stacked, tmp_path)
    assert "no other has masks" in panel.planes.text()
    qtbot.mouseClick(panel.export, LEFT)
    written = open_image(tmp_path / "squares_0_bright.tif")
    assert written.data.shape == (64, 64)
    assert "Z" not in written.scale
