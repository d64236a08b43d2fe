"""Clusters over the image: in place, in colours, chosen with a click, and gone with them."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
from napari.components import ViewerModel

from napari_zeroseg._napari.cluster_layer import FAINT, ClusterLayer
from napari_zeroseg._napari.ownership import image_key
from napari_zeroseg.core.recipe import Recipe
from napari_zeroseg.core.vocabulary import Vocabulary
from napari_zeroseg.session.scope import Part
from napari_zeroseg.session.session import Session
from tests.fakes import fake_backends, source, squares
from tests.session.test_parting import PLAIN


@pytest.fixture
def viewer() -> ViewerModel:
    viewer = ViewerModel()
    viewer.add_image(squares(), scale=(2, 3), translate=(5, 7), name="squares")
    return viewer


@pytest.fixture
def session(viewer: ViewerModel) -> Session:
    """With clusters in sight: 0 the ground, 1 grey, 2 bright."""
    recipe = Recipe(freeseg=PLAIN).with_vocabulary(Vocabulary.parse("grey; bright"))
    session = Session(recipe=recipe, backends=fake_backends)
    view = ClusterLayer(viewer, session)
    session.open(source(key=image_key(viewer.layers["squares"])))
    session.find_clusters()
    yield session
    view.close()
    assert not _gestures(viewer)


def _gestures(viewer: ViewerModel) -> list[Any]:
    """Return what the plugin does with the mouse; napari has callbacks of its own."""
    return [c for c in viewer.mouse_drag_callbacks if c.__name__ == "_on_mouse_drag"]


def _click(viewer: ViewerModel, y: float, x: float, *modifiers: str, moved: int = 0, button: int = 1) -> None:
    """Click on a pixel of the image."""
    position = viewer.layers["squares"].data_to_world((y, x))
    event = SimpleNamespace(
        type="mouse_press", button=button, pos=(0, 0), position=position, modifiers=modifiers
    )
    (begun,) = _gestures(viewer)
    gesture = begun(viewer, event)
    next(gesture, None)
    event.type, event.pos = "mouse_move", (moved, 0)
    next(gesture, None)
    event.type = "mouse_release"
    next(gesture, None)


def test_clusters_lie_over_the_image_until_they_are_drawn(viewer: ViewerModel, session: Session) -> None:
    layer = viewer.layers["Clusters"]
    expected = np.select([squares() > 200, squares() > 100], [3, 2], 1)
    assert np.array_equal(layer.data, expected)
    assert tuple(layer.scale) == (2, 3)
    assert layer.translate == pytest.approx((5, 7))
    assert viewer.layers.selection.active is viewer.layers["squares"]
    session.name_cluster(0, "grey")
    assert viewer.layers["Clusters"] is layer  # only the names are others
    session.merge_clusters(1, 2)
    assert set(np.unique(viewer.layers["Clusters"].data)) == {1, 2}
    session.draw_clusters()
    assert "Clusters" not in viewer.layers


def test_a_click_chooses_the_cluster_under_the_mouse(viewer: ViewerModel, session: Session) -> None:
    _click(viewer, 45, 12)
    assert session.chosen_clusters == (1,)
    _click(viewer, 10, 10)
    assert session.chosen_clusters == (2,)
    _click(viewer, 45, 12, "Shift")
    assert session.chosen_clusters == (1, 2)
    _click(viewer, 10, 10, "Control")
    assert session.chosen_clusters == (1,)
    _click(viewer, 45, 12, moved=30)
    _click(viewer, 10, 10, button=2)
    assert session.chosen_clusters == (1,)
    _click(viewer, 500, 500)
    assert session.chosen_clusters == ()


def test_while_the_mouse_draws_a_click_chooses_nothing(viewer: ViewerModel, session: Session) -> None:
    viewer.add_points(ndim=2).mode = "add"
    _click(viewer, 10, 10)
    assert session.chosen_clusters == ()


def test_beside_chosen_clusters_the_others_are_faint(viewer: ViewerModel, session: Session) -> None:
    def alphas() -> list[float]:
        colors = viewer.layers["Clusters"].colormap.color_dict
        return [float(colors[label][3]) for label in (1, 2, 3)]

    assert alphas() == [1, 1, 1]
    session.choose_clusters(1)
    assert alphas() == pytest.approx([FAINT, 1, FAINT], abs=0.01)
    session.choose_clusters()
    assert alphas() == [1, 1, 1]


def test_who_removes_the_layer_drops_the_clusters(viewer: ViewerModel, session: Session) -> None:
    viewer.layers.remove("Clusters")
    assert session.state.partition is None
    session.undo()
    assert "Clusters" in viewer.layers


def test_a_part_of_the_plane_lies_where_it_is() -> None:
    viewer = ViewerModel()
    image = viewer.add_image(squares())
    session = Session(recipe=Recipe(freeseg=PLAIN), backends=fake_backends)
    view = ClusterLayer(viewer, session)
    session.open(source(key=image_key(image)))
    session.reach.look = lambda: (slice(32, 64), slice(0, 32))
    session.reach.choose_part(Part.VISIBLE)
    session.find_clusters()
    data = viewer.layers["Clusters"].data
    assert data[45, 12] != data[60, 2] > 0
    assert not data[:32].any()
    assert not data[:, 32:].any()
    view.close()
