"""The part of an image in sight, in pixels of its finest level."""

from __future__ import annotations

import numpy as np
from napari.components import ViewerModel
from napari.layers import Image

from napari_zeroseg._napari.visible import visible_window
from napari_zeroseg._napari.watch import watch_images
from napari_zeroseg.session.session import Session


def _viewer(image: Image) -> tuple[ViewerModel, Session]:
    viewer = ViewerModel()
    viewer.add_layer(image)
    session = Session()
    watch_images(viewer, session)
    return viewer, session


def test_the_corners_of_what_is_shown() -> None:
    image = Image(np.random.default_rng(0).random((60, 80)))
    viewer, session = _viewer(image)
    image.corner_pixels = np.array([[10, 20], [30, 99]])
    assert visible_window(viewer, session) == (slice(10, 31), slice(20, 80))


def test_of_a_plane_of_a_stack_rows_and_columns() -> None:
    image = Image(np.random.default_rng(0).random((5, 60, 80)))
    viewer, session = _viewer(image)
    image.corner_pixels = np.array([[2, 0, 0], [2, 59, 79]])
    assert visible_window(viewer, session) == (slice(0, 60), slice(0, 80))


def test_coarse_pixels_count_as_the_fine_ones_they_stand_for() -> None:
    fine = np.random.default_rng(0).random((400, 400))
    image = Image([fine, fine[::2, ::2], fine[::4, ::4]], multiscale=True)
    viewer, session = _viewer(image)
    image._data_level = 2
    image.corner_pixels = np.array([[10, 20], [30, 40]])
    rows, cols = visible_window(viewer, session)
    assert (rows.start, cols.start) == (40, 80)


def test_nothing_is_in_sight_without_an_image_or_in_3d() -> None:
    assert visible_window(ViewerModel(), Session()) is None
    viewer, session = _viewer(Image(np.random.default_rng(0).random((60, 80))))
    viewer.dims.ndisplay = 3
    assert visible_window(viewer, session) is None


def test_a_pyramid_gives_its_coarser_levels_as_it_is_shown() -> None:
    fine = np.random.default_rng(0).random((400, 400))
    image = Image([fine, fine[::2, ::2]], multiscale=True, contrast_limits=(0, 2))
    _, session = _viewer(image)
    assert session.source is not None
    (coarse,) = session.source.coarser
    assert coarse.shape == (200, 200)
    part = session.source.at(1).window((slice(0, 10), slice(0, 10)))
    np.testing.assert_allclose(part[..., 0], fine[:20:2, :20:2] / 2, atol=1e-6)
