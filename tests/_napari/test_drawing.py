"""Prompts in layers without a window: what a person does there, and where it lies in the image."""

from __future__ import annotations

from collections.abc import Callable
from types import SimpleNamespace

import numpy as np
import pytest
from napari.components import ViewerModel
from napari.layers import Shapes

from napari_zeroseg._napari.draft_layers import AWAY_COLOR, DRAFT_COLOR
from napari_zeroseg.core.instance import Combination
from napari_zeroseg.session.hand import Tool
from tests._napari.conftest import Scene, scene_of
from tests.fakes import squares


def boxes(scene: Scene) -> Shapes:
    layer = scene.viewer.layers["Prompt box"]
    assert isinstance(layer, Shapes)
    return layer


def rectangle(y0: float, x0: float, y1: float, x1: float) -> np.ndarray:
    return np.array([(y0, x0), (y0, x1), (y1, x1), (y1, x0)], float)


@pytest.fixture
def boxing(scene: Scene) -> Scene:
    scene.session.hand.take(Tool.BOX)
    scene.session.begin("bright")
    return scene


def test_the_box_s_layer_comes_with_the_first_box_and_is_active(scene: Scene) -> None:
    scene.session.begin("bright")
    assert "Prompt box" not in scene.names()
    scene.session.hand.take(Tool.BOX)
    assert scene.viewer.layers.selection.active is boxes(scene)
    assert boxes(scene).mode == "add_rectangle"
    scene.session.hand.take(Tool.POINTS)
    assert scene.viewer.layers.selection.active is scene.prompts
    assert scene.prompts.mode == "add"


def test_a_drawn_rectangle_is_the_box_of_the_pixels_it_holds(boxing: Scene) -> None:
    # the middle of the first pixel is at 0, so its outer corner is at -0.5
    boxes(boxing).add_rectangles(rectangle(4.5, 4.5, 14.5, 14.5))
    assert boxing.session.state.draft.prompt.box == (5, 5, 15, 15)
    assert np.count_nonzero(boxing.labels("Draft").data[5:15, 5:15]) == 100


def test_the_next_box_takes_the_place_of_the_one_before(boxing: Scene) -> None:
    boxes(boxing).add_rectangles(rectangle(4, 4, 15, 15))
    boxes(boxing).add_rectangles(rectangle(29, 39, 40, 50))
    (held,) = boxes(boxing).data
    np.testing.assert_array_equal(held.min(axis=0), (29, 39))
    assert boxing.session.state.draft.prompt.box == (39.5, 29.5, 50.5, 40.5)
    boxing.session.undo()
    np.testing.assert_array_equal(boxes(boxing).data[0].min(axis=0), (4, 4))
    boxing.session.undo()
    assert len(boxes(boxing).data) == 0


def test_a_deleted_box_is_no_prompt(boxing: Scene) -> None:
    boxes(boxing).add_rectangles(rectangle(4, 4, 15, 15))
    boxes(boxing).selected_data = {0}  # as napari does with what the mouse drew
    boxes(boxing).remove_selected()
    assert boxing.session.state.draft.prompt.box is None
    assert boxing.session.state.draft.mask is None


def test_a_box_is_cut_at_the_border_and_refused_outside(boxing: Scene) -> None:
    boxes(boxing).add_rectangles(rectangle(-20, -20, 14.5, 14.5))
    assert boxing.session.state.draft.prompt.box == (0, 0, 15, 15)
    np.testing.assert_array_equal(boxes(boxing).data[0].min(axis=0), (-0.5, -0.5))
    boxes(boxing).add_rectangles(rectangle(100, 100, 120, 120))
    assert "pixel of the image" in boxing.notices[-1]
    assert len(boxes(boxing).data) == 1
    assert boxing.session.state.draft.prompt.box == (0, 0, 15, 15)


def test_the_box_s_key_goes_between_drawing_and_moving(boxing: Scene) -> None:
    boxing.view.draw_box()
    assert boxes(boxing).mode == "add_rectangle"  # there is nothing to move yet
    boxes(boxing).add_rectangles(rectangle(4, 4, 15, 15))
    boxing.view.draw_box()
    assert (boxes(boxing).mode, set(boxes(boxing).selected_data)) == ("select", {0})
    boxing.view.draw_box()
    assert boxes(boxing).mode == "add_rectangle"


def test_a_tool_stays_in_hand_for_the_next_object(boxing: Scene) -> None:
    boxes(boxing).add_rectangles(rectangle(4, 4, 15, 15))
    boxing.session.next_object()
    assert boxing.viewer.layers.selection.active is boxes(boxing)
    assert len(boxes(boxing).data) == 0
    boxes(boxing).add_rectangles(rectangle(29, 39, 40, 50))
    boxing.session.commit()
    assert [i.mask.area for i in boxing.session.state.instances] == [100, 100]


def drag(scene: Scene, path: list[tuple[float, float]], button: int = 1) -> None:
    """Drag over places (y, x) of the image, with screen pixels ten times as fine."""
    layer = scene.prompts
    event = SimpleNamespace(type="mouse_press", button=button, handled=False, pos=None, position=None)

    def at(place: tuple[float, float]) -> None:
        event.pos = np.array(place[::-1]) * 10
        event.position = layer.data_to_world((*(0,) * (layer.ndim - 2), *place))

    at(path[0])
    (gesture,) = [c for c in layer.mouse_drag_callbacks if c.__name__ == "_on_mouse_drag"]
    going = gesture(layer, event)
    next(going, None)
    event.type = "mouse_move"
    for place in path[1:]:
        at(place)
        next(going, None)
    event.type = "mouse_release"
    next(going, None)


def test_a_stroke_becomes_points_of_the_sign_in_hand(scene: Scene) -> None:
    scene.session.hand.take(Tool.SCRIBBLE)
    scene.session.begin("bright")
    drag(scene, [(10, 6), (10, 8), (10, 10), (10, 13)])
    points = scene.session.state.draft.prompt.points
    assert len(points) > 1
    assert all(p.positive and p.y == pytest.approx(10) for p in points)
    assert len(scene.prompts.data) == len(points)
    drag(scene, [(7, 6), (7, 12)], button=2)
    drawn = scene.session.state.draft.prompt.points[len(points) :]
    assert drawn
    assert not any(p.positive for p in drawn)
    assert not scene.labels("Draft").data[7].any()
    scene.session.undo()
    scene.session.undo()
    assert len(scene.prompts.data) == 0


def test_a_stroke_outside_is_refused(scene: Scene) -> None:
    scene.session.hand.take(Tool.SCRIBBLE)
    scene.session.begin("bright")
    drag(scene, [(-10, 6), (-10, 60)])
    assert "touch the image" in scene.notices[-1]
    assert len(scene.prompts.data) == 0


def test_with_points_in_hand_a_drag_draws_nothing(scene: Scene) -> None:
    scene.session.begin("bright")
    drag(scene, [(10, 6), (10, 13)])
    assert scene.session.state.draft.prompt.points == ()


def test_what_is_added_and_taken_away_is_drawn_beside_the_object(scene: Scene) -> None:
    scene.session.begin("bright")
    scene.prompts.add((10, 10))
    scene.session.commit()
    preview = scene.labels("Draft")
    for combination, color in ((Combination.ADDED, DRAFT_COLOR), (Combination.SUBTRACTED, AWAY_COLOR)):
        scene.session.begin_part(combination)
        scene.prompts.add((35, 45) if combination is Combination.ADDED else (10, 10))
        assert np.count_nonzero(scene.labels().data) == 100  # the object itself is still there
        drawn = int(preview.data.max())
        np.testing.assert_allclose(preview.get_color(drawn), color, atol=0.01)
        scene.session.discard()


TURNED = {"scale": (0.5, 2.0), "translate": (3, -4), "rotate": 30.0}


@pytest.fixture(params=[{}, TURNED, {**TURNED, "shear": [0.3]}], ids=["plain", "turned", "sheared"])
def turned(request: pytest.FixtureRequest) -> Scene:
    viewer = ViewerModel()
    viewer.add_image(squares(), name="squares", **request.param)
    scene = scene_of(viewer)
    scene.session.add_classes("bright; grey")
    return scene


@pytest.mark.parametrize("tool", [Tool.POINTS, Tool.BOX, Tool.SCRIBBLE])
def test_prompts_land_on_the_pixels_under_the_mouse(turned: Scene, tool: Tool) -> None:
    image = turned.viewer.layers["squares"]
    turned.session.hand.take(tool)
    turned.session.begin("bright")

    def here(layer: object, row: float, col: float) -> tuple[float, ...]:
        """A place of the image, through the world, in the coordinates of the layer."""
        return layer.world_to_data(image.data_to_world((row, col)))

    prompts: dict[Tool, Callable[[], object]] = {
        Tool.POINTS: lambda: turned.prompts.add(here(turned.prompts, 35, 45)),
        Tool.BOX: lambda: boxes(turned).add_rectangles(
            np.array([here(boxes(turned), *corner) for corner in rectangle(29.5, 39.5, 39.5, 49.5)])
        ),
        Tool.SCRIBBLE: lambda: drag(turned, [(35, 42), (35, 45), (35, 48)]),
    }
    prompts[tool]()
    assert turned.session.state.draft.mask.box == (40, 30, 50, 40)
    prompt = turned.session.state.draft.prompt
    if tool is Tool.BOX:
        np.testing.assert_allclose(prompt.box, (40, 30, 50, 40))
    else:
        assert all(p.y == pytest.approx(35) and 42 <= p.x <= 48 + 1e-9 for p in prompt.points)


def test_a_box_in_a_stack_lies_on_its_plane(stack: Scene) -> None:
    stack.session.hand.take(Tool.BOX)
    stack.session.begin("bright")
    corners = np.insert(rectangle(4.5, 4.5, 14.5, 14.5), 0, 1, axis=1)
    boxes(stack).add_rectangles(corners)
    assert np.count_nonzero(stack.labels("Draft").data[1]) == 100
    stack.session.undo()
    stack.session.redo()
    np.testing.assert_array_equal(boxes(stack).data[0][:, 0], 1)


def test_points_bear_their_sign_however_they_come_and_go(scene: Scene) -> None:
    session, heard = scene.session, []
    session.begin("bright")
    scene.prompts.events.data.connect(heard.append)

    def shown() -> list[tuple[str, bool]]:
        greens = scene.prompts.face_color[:, 1] > scene.prompts.face_color[:, 0]
        return [(str(s), bool(green)) for s, green in zip(scene.prompts.symbol, greens, strict=True)]

    on, off = ("disc", True), ("cross", False)
    session.click(8, 8)
    session.click(9, 12, positive=False)
    session.click(9, 9)
    assert shown() == [on, off, on]
    session.undo()
    session.undo()
    session.undo()
    assert shown() == []
    session.click(9, 12, positive=False)
    session.click(8, 8)
    assert shown() == [off, on]
    session.set_points(session.state.draft.prompt.points[::-1])
    assert shown() == [on, off]
    assert not heard  # napari measures all layers anew, and draws the list of them, when it hears of it
