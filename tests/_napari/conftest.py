"""A viewer without a window, on a session with deterministic backends."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
import pytest
from napari.components import ViewerModel
from napari.layers import Labels, Points

from napari_zeroseg._napari.layer_view import LayerView
from napari_zeroseg._napari.watch import watch_images
from napari_zeroseg.session.session import Session
from tests.fakes import fake_backends, squares


@dataclass
class Scene:
    """A viewer, a session that follows it, and what the session said."""

    viewer: ViewerModel
    session: Session
    view: LayerView
    stop: object
    problems: list[str] = field(default_factory=list)
    notices: list[str] = field(default_factory=list)

    def labels(self, name: str = "bright") -> Labels:
        layer = self.viewer.layers[name]
        assert isinstance(layer, Labels)
        return layer

    @property
    def prompts(self) -> Points:
        layer = self.viewer.layers["Prompts"]
        assert isinstance(layer, Points)
        return layer

    def find(self, *names: str) -> None:
        """Suggest, accept and run."""
        self.session.suggest()
        self.session.accept(*names)
        self.session.run()

    def names(self) -> list[str]:
        return [layer.name for layer in self.viewer.layers]


def scene_of(viewer: ViewerModel) -> Scene:
    session = Session(backends=fake_backends)
    view = LayerView(viewer, session)
    scene = Scene(viewer, session, view, watch_images(viewer, session))
    session.problem_raised.connect(lambda e: scene.problems.append(str(e)))
    session.noticed.connect(scene.notices.append)
    return scene


@pytest.fixture
def scene() -> Scene:
    """The squares, with the classes bright and grey."""
    viewer = ViewerModel()
    viewer.add_image(squares(), name="squares", scale=(0.5, 0.5), translate=(3, 4))
    scene = scene_of(viewer)
    scene.session.add_classes("bright; grey")
    return scene


@pytest.fixture
def stack() -> Scene:
    """The squares as the middle of three planes, the first of which is inverted."""
    viewer = ViewerModel()
    data = np.stack([255 - squares(), squares(), squares() // 2 + 60])
    viewer.add_image(data, name="stack", scale=(2, 1, 1), axis_labels=("z", "y", "x"))
    viewer.dims.set_current_step(0, 1)
    scene = scene_of(viewer)
    scene.session.add_classes("bright; grey")
    return scene
