"""The session follows what the viewer shows."""

from __future__ import annotations

import numpy as np
import pytest
from napari.components import ViewerModel
from napari.layers import Image

from napari_zeroseg._napari import watch
from tests._napari.conftest import Scene, scene_of
from tests.fakes import squares


def _image(scene: Scene, name: str) -> Image:
    layer = scene.viewer.layers[name]
    assert isinstance(layer, Image)
    return layer


def test_an_empty_viewer_has_no_source() -> None:
    scene = scene_of(ViewerModel())
    assert scene.session.source is None
    scene.viewer.add_points([(1, 1)])
    assert scene.session.source is None
    scene.viewer.add_image(squares(), name="first")
    assert scene.session.source.name == "first"
    assert not scene.problems


def test_the_active_image_is_the_source(scene: Scene) -> None:
    scene.viewer.add_image(squares(), name="other")
    assert scene.session.source.name == "other"
    scene.viewer.layers.selection.active = _image(scene, "squares")
    assert scene.session.source.name == "squares"


def test_other_layers_leave_the_source(scene: Scene) -> None:
    scene.viewer.add_image(squares(), name="other")
    scene.viewer.layers.selection.active = _image(scene, "squares")
    scene.viewer.add_shapes([[(0, 0), (5, 5)]], shape_type="line")
    assert scene.session.source.name == "squares"
    scene.viewer.layers.selection.clear()
    assert scene.session.source.name == "squares"


def test_an_image_below_other_layers_is_found_at_the_start() -> None:
    viewer = ViewerModel()
    viewer.add_image(squares(), name="first")
    viewer.add_points([(1, 1)])
    assert scene_of(viewer).session.source.name == "first"


def test_a_removed_image_is_forgotten(scene: Scene) -> None:
    scene.find("bright")
    scene.viewer.layers.remove("squares")
    assert scene.session.source is None
    assert not scene.session.state.instances
    assert scene.session.state.vocabulary.names == ("bright", "grey")
    scene.viewer.add_image(squares(), name="new")
    assert scene.session.source.name == "new"


def test_removing_one_image_goes_on_to_the_next(scene: Scene) -> None:
    scene.viewer.add_image(squares(), name="other")
    scene.viewer.layers.remove("other")
    assert scene.session.source.name == "squares"


def test_sliders_choose_the_plane(stack: Scene) -> None:
    assert stack.session.source.plane == (1,)
    stack.viewer.dims.set_current_step(0, 2)
    assert stack.session.source.plane == (2,)


def test_3d_closes_the_image_and_says_so_once(stack: Scene) -> None:
    stack.find("bright")
    layer = stack.labels()
    stack.viewer.dims.ndisplay = 3
    stack.viewer.dims.set_current_step(0, 2)
    assert stack.session.source is None
    assert len(stack.problems) == 1
    assert "Switch to 2D" in stack.problems[0]
    assert layer in stack.viewer.layers
    stack.viewer.dims.ndisplay = 2
    assert stack.session.source.plane == stack.viewer.dims.current_step[:1]
    assert np.count_nonzero(layer.data[1]) == 200
    assert len(stack.session.state.instances) == 2


def test_painting_in_3d_is_taken_back(stack: Scene) -> None:
    stack.find("bright")
    layer = stack.labels()
    before = layer.data.copy()
    stack.viewer.dims.ndisplay = 3
    layer.data_setitem((np.array([1]), np.array([60]), np.array([60])), 9)
    stack.viewer.dims.ndisplay = 2
    assert stack.session.undo_text == "Run"
    stack.session.undo()
    stack.session.redo()
    np.testing.assert_array_equal(layer.data, before)


def test_new_contrast_makes_a_new_source_with_the_same_state(scene: Scene) -> None:
    scene.find("bright")
    state, pixels = scene.session.state, scene.session.source.pixels
    _image(scene, "squares").contrast_limits = (0, 1000)
    assert scene.session.state is state
    assert scene.session.source.pixels.max() < pixels.max()


def test_selecting_layers_keeps_the_pixels_that_were_read(scene: Scene) -> None:
    scene.find("bright")
    source = scene.session.source
    scene.viewer.layers.selection.active = scene.labels()
    scene.viewer.layers.selection.active = _image(scene, "squares")
    assert scene.session.source is source


@pytest.mark.parametrize("shape", [(64, 64), (70, 80)])
def test_new_data_makes_a_new_source(scene: Scene, shape: tuple[int, int]) -> None:
    scene.find("bright")
    new = np.zeros(shape, np.uint8)
    new[20:30, 20:30] = 255
    _image(scene, "squares").data = new
    assert scene.session.source.shape == shape
    scene.find("bright")
    mask = next(i.mask for i in scene.session.state.instances)
    assert mask.box == (20, 20, 30, 30)


def test_stopping_lets_go_of_the_viewer(stack: Scene) -> None:
    stack.stop()
    source = stack.session.source
    stack.viewer.dims.set_current_step(0, 0)
    stack.viewer.add_image(squares())
    assert stack.session.source is source


def test_an_image_that_is_shown_again_still_has_the_pixels_that_were_read(scene: Scene) -> None:
    first = scene.session.source
    assert first.pixels.any()
    scene.viewer.add_image(squares(), name="other")
    scene.viewer.layers.selection.active = _image(scene, "squares")
    assert scene.session.source is first
    scene.viewer.layers.selection.active = _image(scene, "other")
    _image(scene, "squares").data = np.flipud(squares()).copy()
    scene.viewer.layers.selection.active = _image(scene, "squares")
    assert not np.array_equal(scene.session.source.pixels, first.pixels)


def test_the_pixels_of_a_few_planes_are_kept_and_no_more(stack: Scene) -> None:
    def at(step: int) -> object:
        stack.viewer.dims.set_current_step(0, step)
        return stack.session.source

    first = at(0)
    assert at(1) is not first
    assert at(0) is first
    for _ in range(watch.KEPT):
        stack.viewer.add_image(squares())
    for layer in tuple(stack.viewer.layers):
        if isinstance(layer, Image):
            stack.viewer.layers.selection.active = layer
    assert at(0) is not first
