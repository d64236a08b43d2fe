"""The viewer goes to each mask of a review, and is left as it was."""

from __future__ import annotations

import numpy as np
import pytest
from napari.components import ViewerModel
from napari.layers import Image

from napari_zeroseg._napari.flight import IN_SIGHT, Flight
from napari_zeroseg._napari.ownership import owner
from napari_zeroseg._napari.review_frame import NAME
from napari_zeroseg._napari.shortcuts import install_shortcuts, review_commands
from tests._napari.conftest import Scene, scene_of
from tests._napari.test_shortcuts import press
from tests.fakes import squares


@pytest.fixture
def two() -> Scene:
    """A stack with results on two planes, and a flat image on top of it with results too."""
    viewer = ViewerModel()
    data = np.stack([255 - squares(), squares(), squares()])
    stack = viewer.add_image(data, name="stack", scale=(2, 1, 1), axis_labels=("z", "y", "x"))
    flat = viewer.add_image(squares(), name="flat", scale=(0.5, 0.5), translate=(3, 4), rotate=30)
    scene = scene_of(viewer)
    scene.session.add_classes("bright; grey")
    scene.find("bright")
    viewer.layers.selection.active = stack
    for plane in (1, 2):
        viewer.dims.set_current_step(0, plane)
        scene.find("bright")
    viewer.layers.selection.active = flat
    return scene


def centre_on_screen(scene: Scene) -> np.ndarray:
    return np.array(scene.viewer.scene.camera.center[-2:])


def test_every_mask_is_brought_to_the_middle_of_the_canvas(two: Scene) -> None:
    flight = Flight(two.viewer, two.session)
    two.session.start_review()
    seen = set()
    while (subject := two.session.review.present) is not None:
        image = next(layer for layer in two.viewer.layers if layer.name == two.session.source.name)
        assert (two.session.source.key, two.session.source.plane) == (subject.image, subject.plane)
        x0, y0, x1, y1 = two.session.reviewed_instance().mask.box
        world = image.data_to_world((*subject.plane, (y0 + y1 - 1) / 2, (x0 + x1 - 1) / 2))
        np.testing.assert_allclose(centre_on_screen(two), world[-2:], atol=1e-6)
        part = 10 * image.scale[-1] * two.viewer.scene.camera.zoom / min(two.viewer.canvas.size)
        assert IN_SIGHT[0] / 2 <= part <= IN_SIGHT[1] * 1.5
        frame = two.viewer.layers[NAME]
        np.testing.assert_allclose(frame.data[0].min(axis=0)[-2:], (y0 - 2.1, x0 - 2.1))
        np.testing.assert_allclose(frame.scale, image.scale)
        assert owner(frame) == subject.image
        seen.add((subject.image, subject.plane))
        two.session.accept_reviewed()
    assert len(seen) == 3
    flight.close()


def test_only_the_image_under_review_is_visible_and_all_is_as_before_at_the_end(two: Scene) -> None:
    flight = Flight(two.viewer, two.session)
    before = {layer.name: layer.visible for layer in two.viewer.layers}
    two.session.start_review()
    images = [layer for layer in two.viewer.layers if isinstance(layer, Image)]
    while not two.session.review.finished:
        assert [i.name for i in images if i.visible] == [two.session.source.name]
        two.session.accept_reviewed()
    assert {layer.name: layer.visible for layer in two.viewer.layers} == before
    flight.close()


def test_stopping_takes_the_frame_away(scene: Scene) -> None:
    scene.find("bright")
    flight = Flight(scene.viewer, scene.session)
    scene.session.start_review()
    assert NAME in scene.names()
    scene.session.stop_review()
    assert NAME not in scene.names()
    scene.session.start_review()
    flight.close()
    assert NAME not in scene.names()


def test_a_frame_that_a_person_removed_comes_back(scene: Scene) -> None:
    scene.find("bright")
    flight = Flight(scene.viewer, scene.session)
    scene.session.start_review()
    del scene.viewer.layers[NAME]
    scene.session.accept_reviewed()
    assert NAME in scene.names()
    flight.close()


def test_keys_work_while_there_is_a_review(scene: Scene) -> None:
    scene.find("bright", "grey")
    uninstall = install_shortcuts(scene.viewer, scene.session, review_commands(scene.session))
    flight = Flight(scene.viewer, scene.session)
    press(scene, "A")
    assert not any(i.locked for i in scene.session.state.instances)
    scene.session.start_review()
    press(scene, "A")
    press(scene, "R")
    assert (len(scene.session.review.decided), len(scene.session.review.gone)) == (2, 1)
    press(scene, "Left")
    assert scene.session.review.position == 0
    press(scene, "Right")
    press(scene, "E")
    assert scene.session.state.draft is not None
    press(scene, "A")
    assert "Commit or discard" in scene.notices[-1]
    scene.session.discard()
    scene.session.stop_review()
    before = scene.session.state
    press(scene, "R")
    assert scene.session.state is before
    uninstall()
    assert not scene.viewer.keymap
    flight.close()
