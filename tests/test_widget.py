"""The whole job in the real window, with the mouse; asserts on what the layers hold."""

from __future__ import annotations

import errno
import subprocess
import sys
import tempfile

import numpy as np
import pytest
from napari.layers import Image
from qtpy.QtCore import QPoint, Qt
from qtpy.QtWidgets import QPushButton

from napari_zeroseg._qt.gui_thread import GuiThread
from napari_zeroseg._qt.suggestion_model import ACCEPT, REJECT
from napari_zeroseg._widget import ZeroSegWidget, correct_with_points, open_dock
from napari_zeroseg.core.instance import InstanceKey
from napari_zeroseg.session.readiness import Action
from napari_zeroseg.session.runner import Runner, models_thread
from napari_zeroseg.session.session import Session
from tests.fakes import FakeBackend, fake_backends, squares

LEFT = Qt.MouseButton.LeftButton


@pytest.fixture
def viewer(make_napari_viewer):
    return make_napari_viewer()


class Person:
    """Clicks in the dock as a person does."""

    def __init__(self, qtbot, widget):
        self.qtbot, self.widget = qtbot, widget
        self.dock, self.session = widget.dock, widget.session

    def name_classes(self, *texts):
        for text in texts:
            self.dock.vocabulary.entry.setText(text)
            self.qtbot.keyClick(self.dock.vocabulary.entry, Qt.Key.Key_Return)

    def press(self, button):
        assert button.isEnabled(), button.toolTip()
        self.qtbot.mouseClick(button, LEFT)

    def decide(self, name, column):
        table, model = self.dock.suggestions.table, self.dock.suggestions.model
        row = next(r for r in range(model.rowCount()) if model.row(r).name == name)
        index = model.index(row, column)
        table.scrollTo(index)
        self.qtbot.mouseClick(table.viewport(), LEFT, pos=table.visualRect(index).center())

    def wait(self):
        self.qtbot.waitUntil(lambda: not self.session.activity.running, timeout=10_000)

    @property
    def message(self):
        return self.dock.messages.text


@pytest.fixture
def person(qtbot, viewer):
    return work_in(qtbot, viewer, Session(backends=fake_backends))


def work_in(qtbot, viewer, session):
    widget = ZeroSegWidget(viewer, session)
    viewer.window.add_dock_widget(widget, name="ZeroSeg")
    return Person(qtbot, widget)


def expected(low, high):
    image = squares() / 255
    return (image >= low) & (image < high)


def names(viewer):
    return [layer.name for layer in viewer.layers]


def test_name_decide_run_correct_and_back_to_the_start(person, viewer):
    image = viewer.add_image(squares(), name="squares")
    assert "squares" in person.dock.image.name.text()

    person.name_classes("bright", "grey: dim, square", "gone")
    person.press(person.dock.suggestions.suggest)
    person.decide("bright", ACCEPT)
    person.decide("grey", ACCEPT)
    person.decide("gone", REJECT)
    person.press(person.dock.run.run)
    assert np.array_equal(viewer.layers["bright"].data > 0, expected(0.8, 1.1))
    assert np.array_equal(viewer.layers["grey"].data > 0, expected(0.3, 0.8))
    assert viewer.layers["bright"].data.max() == 2
    assert "gone" not in names(viewer)

    person.session.hand.choose("bright")
    person.press(person.dock.refine.new)
    viewer.layers["Prompts"].add([(45, 12)])
    person.press(person.dock.refine.commit)
    assert np.all(viewer.layers["bright"].data[40:52, 8:20] == 3)
    assert not viewer.layers["grey"].data.any()

    while person.dock.history.undo.isEnabled():
        person.press(person.dock.history.undo)
    assert list(viewer.layers) == [image]
    assert np.array_equal(image.data, squares())
    while person.dock.history.redo.isEnabled():
        person.press(person.dock.history.redo)
    assert np.all(viewer.layers["bright"].data[40:52, 8:20] == 3)


def test_positive_and_negative_points_correct_an_object(person, viewer):
    viewer.add_image(squares(), name="squares")
    person.name_classes("bright")
    person.press(person.dock.suggestions.suggest)
    person.press(person.dock.suggestions.accept_all)
    person.press(person.dock.run.run)
    table, model = person.dock.refine.table, person.dock.refine.model
    table.selectRow(model.row_of(InstanceKey("bright", 1)))
    person.press(person.dock.refine.correct)
    viewer.layers["Prompts"].add([(8, 8)])
    person.press(person.dock.refine.tools.signs[False])
    viewer.layers["Prompts"].add([(12, 8)])
    assert not viewer.layers["Draft"].data[12, 5:15].any()
    person.press(person.dock.refine.commit)
    labels = viewer.layers["bright"].data
    assert not labels[12, 5:15].any()
    assert np.all(labels[5:12, 5:15] == 1)


def canvas_place(viewer, layer, row, column):
    """Where a pixel of a layer is shown, in the widget of the canvas."""
    canvas = viewer.window._qt_viewer.canvas
    transform = canvas.layer_to_visual[layer].node.get_transform("visual", "canvas")
    x, y = transform.map([column + 0.5, row + 0.5])[:2]  # to the middle of the pixel
    return QPoint(round(x), round(y))


def test_clicks_on_the_canvas_draw_an_object(qtbot, make_napari_viewer):
    viewer = make_napari_viewer(show=True)
    person = work_in(qtbot, viewer, Session(backends=fake_backends))
    image = viewer.add_image(squares(), name="squares")
    person.name_classes("bright")
    person.press(person.dock.refine.new)
    qtbot.wait(50)
    canvas = viewer.window._qt_viewer.canvas.native
    qtbot.mouseClick(canvas, LEFT, pos=canvas_place(viewer, image, 10, 10))
    assert np.array_equal(np.argwhere(viewer.layers["Draft"].data)[0], (5, 5))
    qtbot.wait(50)
    qtbot.mouseClick(canvas, Qt.MouseButton.RightButton, pos=canvas_place(viewer, image, 7, 7))
    assert not viewer.layers["Draft"].data[7].any()
    person.press(person.dock.refine.commit)
    shown = viewer.screenshot(canvas_only=True, flash=False)
    place = canvas_place(viewer, image, 12, 12)
    ratio = shown.shape[0] / canvas.height()
    red, _, blue, _ = shown[int(place.y() * ratio), int(place.x() * ratio)]
    assert blue > red  # the mask's blue over the white square
    assert np.count_nonzero(viewer.layers["bright"].data == 1) == 90


def test_what_a_person_committed_survives_a_new_run(person, viewer):
    viewer.add_image(squares(), name="squares")
    person.name_classes("bright")
    person.press(person.dock.refine.new)
    viewer.layers["Prompts"].add([(8, 8), (32, 42)])
    viewer.layers["Prompts"].selected_data = {1}
    viewer.layers["Prompts"].remove_selected()
    person.press(person.dock.refine.commit)
    before = viewer.layers["bright"].data.copy()
    person.press(person.dock.suggestions.suggest)
    person.press(person.dock.suggestions.accept_all)
    person.press(person.dock.run.run)
    labels = viewer.layers["bright"].data
    assert np.array_equal(labels[before > 0], before[before > 0])
    assert np.array_equal(labels > 0, expected(0.8, 1.1))


def test_the_window_works_while_models_run_on_their_thread(qtbot, viewer):
    person = work_in(qtbot, viewer, Session(Runner(models_thread(), GuiThread()), backends=fake_backends))
    viewer.add_image(squares(), name="squares")
    person.name_classes("bright")
    person.press(person.dock.suggestions.suggest)
    person.wait()
    person.decide("bright", ACCEPT)
    person.press(person.dock.run.run)
    person.wait()
    assert np.array_equal(viewer.layers["bright"].data > 0, expected(0.8, 1.1))


# from the second stage on: the first is announced before the click on Run is over
@pytest.mark.parametrize("stage", range(2, 9))
def test_cancel_at_every_stage_leaves_the_viewer_as_it_was(person, viewer, stage):
    viewer.add_image(squares(), name="squares")
    person.name_classes("bright", "grey")
    person.press(person.dock.suggestions.suggest)
    person.press(person.dock.suggestions.accept_all)
    seen = 0

    def cancel(activity):
        nonlocal seen
        seen += activity.running
        if activity.running and seen == stage:
            person.press(person.dock.activity.cancel)

    person.session.activity_changed.connect(cancel)
    person.press(person.dock.run.run)
    assert seen == stage
    assert names(viewer) == ["squares"]
    assert "as it was" in person.message
    assert not person.session.activity.running


BAD_IMAGES = {
    "rgba": (np.random.default_rng(0).integers(0, 255, (32, 32, 4), np.uint8), "alpha"),
    "nan": (np.where(np.eye(32) > 0, np.nan, 0.5), "NaN"),
    "infinite": (np.where(np.eye(32) > 0, np.inf, 0.5), "infinite"),
    "constant": (np.full((32, 32), 7, np.uint8), "Every pixel"),
    "1x1": (np.array([[7]], np.uint8), "1 × 1"),
    "20000x1": (np.arange(20000, dtype=np.uint16)[:, None], "1 × 20000"),
    "bool": (np.eye(32) > 0, "boolean"),
}


@pytest.mark.parametrize("kind", BAD_IMAGES)
def test_a_bad_image_is_explained_and_nothing_changes(person, viewer, kind):
    data, says = BAD_IMAGES[kind]
    image = viewer.add_image(data, name=kind, contrast_limits=(0, 1))
    person.name_classes("bright")
    if person.dock.suggestions.suggest.isEnabled():
        person.press(person.dock.suggestions.suggest)
    assert says in person.message
    assert list(viewer.layers) == [image]
    assert person.session.state.suggestions == ()
    assert not person.session.activity.running


@pytest.mark.filterwarnings("ignore::numpy.exceptions.ComplexWarning")
def test_complex_numbers_are_refused_by_napari_and_the_dock_goes_on(person, viewer):
    person.name_classes("bright")
    with pytest.raises(NotImplementedError):
        viewer.add_image(np.full((32, 32), 1j))
    assert list(viewer.layers) == []
    assert "Open an image" in person.dock.suggestions.reason.text()
    viewer.add_image(squares())
    person.press(person.dock.suggestions.suggest)
    assert [s.name for s in person.session.state.suggestions] == ["bright"]


def test_without_an_image_the_dock_says_what_to_do(person, viewer):
    viewer.add_points([(1, 1)])
    person.name_classes("bright")
    assert not person.dock.suggestions.suggest.isEnabled()
    assert "Open an image" in person.dock.suggestions.reason.text()
    assert person.session.readiness[Action.DRAW]


def test_without_classes_the_buttons_say_so(person, viewer):
    viewer.add_image(squares())
    assert not person.dock.suggestions.suggest.isEnabled()
    assert "Add at least one class" in person.dock.suggestions.reason.text()


def test_a_full_disk_on_export_is_told_and_the_layers_stay(qtbot, person, viewer, tmp_path, monkeypatch):
    viewer.add_image(squares(), name="squares")
    person.name_classes("bright")
    person.press(person.dock.suggestions.suggest)
    person.press(person.dock.suggestions.accept_all)
    person.press(person.dock.run.run)
    labels = viewer.layers["bright"].data.copy()

    def full(*_args, **_kwargs):
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(tempfile, "mkstemp", full)
    person.dock.export.folder.setText(str(tmp_path))
    person.press(person.dock.export.export)
    qtbot.waitUntil(lambda: "No space left" in person.message, timeout=5000)
    assert np.array_equal(viewer.layers["bright"].data, labels)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("text", ["bright", "BRIGHT", "background", "emoji \N{MICROSCOPE}", " "])
def test_a_bad_class_name_is_explained_and_nothing_changes(person, viewer, text):
    viewer.add_image(squares())
    person.name_classes("bright")
    before = person.session.state
    person.name_classes(text)
    assert person.dock.vocabulary.error.text()
    assert person.session.state is before


def test_an_image_that_is_removed_while_it_runs_takes_the_run_along(qtbot, viewer):
    fake = FakeBackend()
    session = Session(backends=lambda recipe: fake_backends(recipe, fake))
    person = work_in(qtbot, viewer, session)
    image = viewer.add_image(squares(), name="squares")
    person.name_classes("bright")
    person.press(person.dock.suggestions.suggest)
    person.press(person.dock.suggestions.accept_all)

    def remove(activity):
        if activity.total and isinstance(viewer.layers[0], Image):
            viewer.layers.remove(image)

    session.activity_changed.connect(remove)
    person.press(person.dock.run.run)
    assert not session.activity.running
    assert names(viewer) == []
    assert "removed" in person.message


def test_a_closed_dock_leaves_nothing_connected_and_the_layers_in_place(person, viewer):
    viewer.add_image(squares(), name="squares")
    person.name_classes("bright")
    person.press(person.dock.suggestions.suggest)
    person.press(person.dock.suggestions.accept_all)
    person.press(person.dock.run.run)
    viewer.window.remove_dock_widget(person.widget)
    assert names(viewer) == ["squares", "bright"]
    viewer.add_image(squares(32), name="other")
    assert person.session.source.name == "squares"
    person.widget.deleteLater()


def test_importing_the_dock_loads_no_model_library():
    code = "import sys, napari_zeroseg._widget; sys.exit(bool({'torch', 'transformers'} & set(sys.modules)))"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


def test_the_menu_opens_one_dock_and_says_what_is_missing(viewer):
    widget = open_dock(viewer)
    assert open_dock(viewer) is widget
    correct_with_points(viewer)
    assert "Open an image" in widget.dock.messages.text


def test_a_sample_opens_with_one_click(qtbot, viewer):
    widget = open_dock(viewer)
    button = widget.dock.image.findChild(QPushButton)
    qtbot.mouseClick(button, LEFT)
    assert widget.session.source.shape == (512, 512)
    assert not button.isVisible()
