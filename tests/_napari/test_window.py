"""Mouse and keys on the canvas of a real window."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable
from itertools import pairwise

import numpy as np
import pytest
from napari.layers import Points
from qtpy.QtCore import QEvent, QPoint, QPointF, Qt
from qtpy.QtGui import QMouseEvent
from qtpy.QtTest import QTest
from qtpy.QtWidgets import QApplication, QWidget

from napari_zeroseg._napari.flight import Flight
from napari_zeroseg._napari.shortcuts import drawing_commands, install_shortcuts, review_commands
from napari_zeroseg.session.shortcuts import REVIEWING, SHORTCUTS
from tests._napari.conftest import Scene, scene_of
from tests.fakes import squares

pytestmark = pytest.mark.skipif(
    sys.platform == "linux" and not os.environ.get("DISPLAY"), reason="needs a display"
)


@pytest.fixture
def window(make_napari_viewer: Callable, qtbot: object) -> Scene:
    viewer = make_napari_viewer(show=True)
    viewer.add_image(squares(), name="squares", scale=(2, 2))
    scene = scene_of(viewer)
    scene.session.add_classes("bright; grey")
    commands = (*drawing_commands(scene.session, scene.view), *review_commands(scene.session))
    install_shortcuts(viewer, scene.session, commands)
    viewer.reset_view()
    return scene


def on_canvas(scene: Scene, row: float, col: float) -> QPoint:
    """Return where a place of the image is on the canvas."""
    native = scene.viewer.window._qt_viewer.canvas.native
    camera = scene.viewer.scene.camera
    world = scene.viewer.layers["squares"].data_to_world((row, col))
    y, x = (np.array(world) - camera.center[-2:]) * camera.zoom
    return QPoint(round(x + native.width() / 2), round(y + native.height() / 2))


def click(scene: Scene, qtbot: object, row: float, col: float, button: Qt.MouseButton) -> None:
    """Click on a pixel of the image."""
    native = scene.viewer.window._qt_viewer.canvas.native
    place = on_canvas(scene, row, col)
    qtbot.mouseMove(native, place)
    qtbot.mouseClick(native, button, pos=place)


def drag(
    scene: Scene, path: list[tuple[float, float]], button: Qt.MouseButton = Qt.MouseButton.LeftButton
) -> None:
    """Press on the first place (row, column), go through the others, and let go."""
    native = scene.viewer.window._qt_viewer.canvas.native
    places = [on_canvas(scene, *place) for place in path]
    QTest.mouseMove(native, places[0])
    _mouse(native, QEvent.Type.MouseButtonPress, places[0], button, button)
    for place in places[1:]:
        _mouse(native, QEvent.Type.MouseMove, place, Qt.MouseButton.NoButton, button)
        QTest.qWait(12)  # napari takes no more than one move in 5 ms
    _mouse(native, QEvent.Type.MouseButtonRelease, places[-1], button, Qt.MouseButton.NoButton)


def _mouse(
    native: QWidget, kind: QEvent.Type, place: QPoint, button: Qt.MouseButton, held: Qt.MouseButton
) -> None:
    # QTest's own moves do not say which button is held
    where, anywhere = QPointF(place), QPointF(native.mapToGlobal(place))
    QApplication.sendEvent(
        native, QMouseEvent(kind, where, anywhere, button, held, Qt.KeyboardModifier.NoModifier)
    )


def test_clicks_on_the_canvas_draw_an_object(window: Scene, qtbot: object) -> None:
    session, native = window.session, window.viewer.window._qt_viewer.canvas.native
    qtbot.keyClick(native, Qt.Key.Key_N)
    click(window, qtbot, 9, 8, Qt.MouseButton.LeftButton)
    click(window, qtbot, 12, 8, Qt.MouseButton.RightButton)
    points = session.state.draft.prompt.points
    assert [p.positive for p in points] == [True, False]
    np.testing.assert_allclose([(p.y, p.x) for p in points], [(9, 8), (12, 8)], atol=0.5)
    assert np.count_nonzero(window.labels("Draft").data) == 90
    qtbot.keyClick(native, Qt.Key.Key_C)
    assert np.count_nonzero(window.labels().data) == 90
    qtbot.keyClick(native, Qt.Key.Key_Z, Qt.KeyboardModifier.ControlModifier)
    assert session.state.draft is not None
    assert len(window.prompts.data) == 2


def test_prompts_leave_the_other_letters_free(window: Scene, qtbot: object) -> None:
    from napari.utils.key_bindings import coerce_keybinding

    window.session.begin("bright")
    assert isinstance(window.viewer.layers.selection.active, Points)
    letters = {coerce_keybinding(s.key) for s in SHORTCUTS if not s.first and s.where != REVIEWING}
    assert coerce_keybinding("S") in Points.class_keymap  # napari has bound its own
    assert not letters & {*Points.class_keymap, *type(window.viewer).class_keymap}


def test_s_is_the_sign_in_the_prompts_layer_and_napari_s_elsewhere(window: Scene, qtbot: object) -> None:
    session, native = window.session, window.viewer.window._qt_viewer.canvas.native
    own = window.viewer.add_points([[3, 3]])
    session.begin("bright")
    qtbot.keyClick(native, Qt.Key.Key_S)
    assert not session.hand.positive
    assert window.prompts.mode == "add"
    window.viewer.layers.selection.active = own
    qtbot.keyClick(native, Qt.Key.Key_S)
    assert own.mode == "select"
    assert not session.hand.positive


def test_a_stroke_of_the_brush_is_one_step(window: Scene, qtbot: object) -> None:
    window.find("bright")
    layer = window.labels()
    before = layer.data.copy()
    window.viewer.layers.selection.active = layer
    layer.mode = "paint"
    layer.brush_size = 2
    assert layer.selected_label == 3
    native = window.viewer.window._qt_viewer.canvas.native
    click(window, qtbot, 20, 20, Qt.MouseButton.LeftButton)
    assert window.session.state.instance("bright", 3).mask.area == np.count_nonzero(layer.data == 3)
    click(window, qtbot, 20, 22, Qt.MouseButton.LeftButton)
    assert {i.id for i in window.session.state.instances} == {1, 2, 3}
    for _ in range(2):
        qtbot.keyClick(native, Qt.Key.Key_Z, Qt.KeyboardModifier.ControlModifier)
    np.testing.assert_array_equal(layer.data, before)


def test_the_canvas_shows_what_a_full_refresh_would_show(window: Scene, qtbot: object) -> None:
    native = window.viewer.window._qt_viewer.canvas.native
    window.find("bright")
    pictures = []

    def see() -> None:
        part = window.viewer.screenshot(canvas_only=True, flash=False)
        for name in ("bright", "Draft"):
            if name in window.viewer.layers:
                window.labels(name).refresh()
        np.testing.assert_array_equal(part, window.viewer.screenshot(canvas_only=True, flash=False))
        pictures.append(part)

    see()
    qtbot.keyClick(native, Qt.Key.Key_N)
    click(window, qtbot, 45, 12, Qt.MouseButton.LeftButton)
    see()
    click(window, qtbot, 42, 12, Qt.MouseButton.RightButton)
    see()
    qtbot.keyClick(native, Qt.Key.Key_C)
    see()
    window.session.accept_all_instances("bright")
    see()
    assert all((a != b).any() for a, b in pairwise(pictures))


def test_keys_on_the_canvas_review_the_masks(window: Scene, qtbot: object) -> None:
    session, native = window.session, window.viewer.window._qt_viewer.canvas.native
    window.find("bright", "grey")
    flight = Flight(window.viewer, session)
    session.start_review()
    for key in (Qt.Key.Key_A, Qt.Key.Key_R, Qt.Key.Key_Left, Qt.Key.Key_Right):
        qtbot.keyClick(native, key)
    assert (session.review.position, len(session.review.decided), len(session.review.gone)) == (2, 2, 1)
    qtbot.keyClick(native, Qt.Key.Key_E)
    assert session.state.draft.key == session.review.present.key
    flight.close()


@pytest.fixture(params=[{"scale": (2, 2)}, {"scale": (1, 2), "translate": (7, -3), "rotate": 20}])
def turned(make_napari_viewer: Callable, request: pytest.FixtureRequest) -> Scene:
    viewer = make_napari_viewer(show=True)
    viewer.add_image(squares(), name="squares", **request.param)
    scene = scene_of(viewer)
    scene.session.add_classes("bright; grey")
    install_shortcuts(viewer, scene.session, drawing_commands(scene.session, scene.view))
    viewer.reset_view()
    return scene


def test_boxes_and_strokes_are_drawn_with_mouse_and_keys(turned: Scene, qtbot: object) -> None:
    session, viewer = turned.session, turned.viewer
    native = viewer.window._qt_viewer.canvas.native

    def press(key: Qt.Key) -> None:
        qtbot.keyClick(native, key)

    press(Qt.Key.Key_N)
    press(Qt.Key.Key_B)
    upright = not viewer.layers["squares"].rotate[0, 1]
    drag(turned, [(4, 4), (6, 9), (12, 12), (15, 15)] if upright else [(4, 15), (9, 12), (15, 4)])
    assert session.state.draft.mask.box == (5, 5, 15, 15)
    if upright:
        np.testing.assert_allclose(session.state.draft.prompt.box, (4.5, 4.5, 15.5, 15.5), atol=0.3)
    press(Qt.Key.Key_B)  # now it can be moved
    drag(turned, [(10, 10), (20, 25), (35, 45)])
    assert session.state.draft.mask.box == (40, 30, 50, 40)
    assert len(viewer.layers["Prompt box"].data) == 1
    press(Qt.Key.Key_Delete)
    assert session.state.draft.prompt.box is None
    press(Qt.Key.Key_L)
    camera = viewer.scene.camera.center
    drag(turned, [(35, 42), (35, 44), (35, 46), (35, 48)])
    points = session.state.draft.prompt.points
    assert len(points) > 1
    np.testing.assert_allclose([p.y for p in points], 35, atol=0.5)
    drag(turned, [(32.4, 42), (32.4, 45), (32.4, 48)], Qt.MouseButton.RightButton)
    assert not all(p.positive for p in session.state.draft.prompt.points)
    assert viewer.scene.camera.center == camera
    assert session.state.draft.mask.area == 90
    click(turned, qtbot, 38, 45, Qt.MouseButton.LeftButton)
    assert session.undo_text == "Add point"
    press(Qt.Key.Key_C)
    assert [i.mask.area for i in session.state.instances] == [90]


def test_keys_add_to_the_object_and_take_from_it(window: Scene, qtbot: object) -> None:
    native = window.viewer.window._qt_viewer.canvas.native
    qtbot.keyClick(native, Qt.Key.Key_N)
    click(window, qtbot, 9, 8, Qt.MouseButton.LeftButton)
    qtbot.keyClick(native, Qt.Key.Key_U)
    click(window, qtbot, 35, 45, Qt.MouseButton.LeftButton)
    qtbot.keyClick(native, Qt.Key.Key_C)
    assert np.count_nonzero(window.labels().data == 1) == 200
    qtbot.keyClick(native, Qt.Key.Key_T)
    click(window, qtbot, 35, 45, Qt.MouseButton.LeftButton)
    qtbot.keyClick(native, Qt.Key.Key_C)
    assert np.count_nonzero(window.labels().data == 1) == 100
