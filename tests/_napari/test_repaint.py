"""A change of a Labels layer is drawn where it is, and nowhere else."""

from __future__ import annotations

import numpy as np
import pytest
import zarr
from napari.components import ViewerModel
from napari.layers import Labels

from napari_zeroseg._napari.repaint import repaint
from tests._napari.conftest import Scene


class Drawn:
    """Counts what napari is told to draw of a layer."""

    def __init__(self, layer: Labels) -> None:
        self.wholes = 0
        self.parts: list[tuple[tuple[int, ...], tuple[int, ...]]] = []
        layer.events.set_data.connect(self._on_whole)
        layer.events.labels_update.connect(self._on_part)

    def _on_whole(self) -> None:
        self.wholes += 1

    def _on_part(self, event) -> None:
        self.parts.append((tuple(event.offset), event.data.shape))


def in_viewer(data, **options) -> Labels:
    viewer = ViewerModel()
    return viewer.add_labels(data, **options)


def test_an_answer_is_drawn_within_the_bounds_of_old_and_new_mask(scene: Scene) -> None:
    session = scene.session
    session.begin("bright")
    drawn = Drawn(scene.labels("Draft"))
    session.click(8, 8)
    session.click(9, 12, positive=False)
    first, row = ((5, 5), (10, 10)), session.state.draft.mask.slices
    assert drawn.parts[:2] == [first, first]
    assert drawn.parts[2] == ((row[0].start, row[1].start), session.state.draft.mask.pixels.shape)
    assert not drawn.wholes


def test_a_commit_and_an_acceptance_send_no_whole_plane(scene: Scene) -> None:
    session = scene.session
    scene.find("bright")
    drawn = Drawn(scene.labels())
    session.begin("bright")
    session.click(10, 45)
    session.commit()
    assert drawn.parts == [((40, 8), (12, 12))]
    session.accept_all_instances("bright")
    session.undo()
    assert not drawn.wholes
    assert scene.labels().get_color(1)[3] < 0.7


@pytest.mark.parametrize("dtype", [np.uint8, np.uint16, np.int32, np.int64])
@pytest.mark.parametrize("contour", [0, 1])
def test_what_is_drawn_is_what_a_refresh_would_draw(dtype, contour) -> None:
    data = np.zeros((3, 40, 50), dtype)
    layer = in_viewer(data)
    layer.contour = contour
    layer.data[1, 10:20, 5:25] = 7
    repaint(layer, (1,), (slice(10, 20), slice(5, 25)))
    layer.data[1, 12:15, 7:11] = 0
    repaint(layer, (1,), (slice(12, 15), slice(7, 11)))
    shown, thumbnail = layer._slice.image.view.copy(), layer.thumbnail.copy()
    layer.refresh()
    np.testing.assert_array_equal(shown, layer._slice.image.view)
    np.testing.assert_array_equal(thumbnail, layer.thumbnail)
    assert shown.any()


def test_labels_that_lie_in_a_file_are_read_in_the_window_alone() -> None:
    data = zarr.zeros((40, 50), dtype=np.uint16, chunks=(8, 8))
    layer = in_viewer(data)
    drawn = Drawn(layer)
    data[3:5, 6:9] = 2
    repaint(layer, (), (slice(3, 5), slice(6, 9)))
    assert drawn.parts == [((3, 6), (2, 3))]
    np.testing.assert_array_equal(layer._slice.image.raw, data[:])


def test_another_plane_is_not_drawn_and_another_view_is_left_to_napari() -> None:
    viewer = ViewerModel()
    layer = viewer.add_labels(np.zeros((3, 40, 50), np.uint8))
    drawn = Drawn(layer)
    window = slice(1, 2), slice(1, 2)
    repaint(layer, (0,), window)
    assert (drawn.wholes, drawn.parts) == (0, [])
    viewer.dims.order = (1, 0, 2)
    before = drawn.wholes
    repaint(layer, (1,), window)
    assert (drawn.wholes, drawn.parts) == (before + 1, [])


def test_a_hidden_layer_shows_what_was_painted_when_it_comes_back() -> None:
    layer = in_viewer(np.zeros((3, 40, 50), np.int32))
    layer.visible = False
    layer.data[1, 2, 3] = 5
    repaint(layer, (1,), (slice(2, 3), slice(3, 4)))
    layer.visible = True
    assert layer._slice.image.view[2, 3] == layer.colormap._data_to_texture(np.int32(5))
