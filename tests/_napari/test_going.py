"""What a run removed is framed while it waits for a decision."""

from __future__ import annotations

import numpy as np

from napari_zeroseg._napari.going import NAME, GoingFrames
from napari_zeroseg.core.recipe import Parameters
from tests._napari.conftest import Scene


def test_going_proposals_are_framed_until_the_decision(scene: Scene) -> None:
    frames = GoingFrames(scene.viewer, scene.session)
    scene.find("bright", "grey")
    active = scene.viewer.layers.selection.active
    scene.session.refining.set_parameters(Parameters(box_threshold=0.62))
    scene.session.run()
    layer = scene.viewer.layers[NAME]
    boxes = layer.data[:, 0].reshape(2, 4, 2)
    np.testing.assert_allclose(layer.scale, (0.5, 0.5))
    np.testing.assert_allclose(sorted(box.min(axis=0).tolist() for box in boxes), [[3.5, 3.5], [28.5, 38.5]])
    assert scene.viewer.layers.selection.active is active
    scene.session.keep_old()
    assert not layer.visible
    scene.session.run()
    assert scene.viewer.layers[NAME] is layer, "it is not built again"
    assert layer.visible
    frames.close()
    assert NAME not in scene.names()
