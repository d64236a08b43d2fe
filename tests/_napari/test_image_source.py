"""What of a viewer becomes the plane that models get."""

from __future__ import annotations

import dask.array as da
import numpy as np
import pytest
from napari.components import ViewerModel

from napari_zeroseg._napari import image_source as module
from napari_zeroseg.core.composer import Composer
from napari_zeroseg.core.errors import BadImageError, ZeroSegError
from napari_zeroseg.core.recipe import Recipe
from napari_zeroseg.core.volume import Volume


def image_source(layer, dims):
    return module.image_source([layer], dims, "ZYX"[-layer.ndim :])


def _ramp(*shape: int) -> np.ndarray:
    return np.arange(np.prod(shape), dtype=np.uint16).reshape(shape)


def test_one_channel_is_read_as_it_is_shown() -> None:
    viewer = ViewerModel()
    layer = viewer.add_image(_ramp(10, 20), contrast_limits=(50, 150), gamma=2.0, colormap="red")
    source = image_source(layer, viewer.dims)
    assert (source.shape, source.plane, source.name) == ((10, 20), (), layer.name)
    pixels = source.pixels
    expected = np.clip((_ramp(10, 20).astype(float) - 50) / 100, 0, 1) ** 2
    np.testing.assert_allclose(pixels[..., 0], expected, atol=1e-5)
    assert not pixels[..., 1:].any()


def test_display_settings_are_those_of_the_moment() -> None:
    viewer = ViewerModel()
    layer = viewer.add_image(_ramp(10, 20), contrast_limits=(0, 200))
    source = image_source(layer, viewer.dims)
    layer.contrast_limits = (0, 20)
    assert source.pixels.max() < 1.0


@pytest.mark.parametrize("colormap", ["viridis", "gray", "gray_r", "HiLo", "magenta", "hsv"])
def test_models_get_the_colours_of_any_map(colormap: str) -> None:
    viewer = ViewerModel()
    layer = viewer.add_image(_ramp(10, 20), colormap=colormap)
    pixels = image_source(layer, viewer.dims).pixels
    seen = layer.colormap.map(_ramp(10, 20).ravel() / 199).reshape(10, 20, 4)
    np.testing.assert_allclose(pixels, seen[..., :3], atol=0.01)


def test_a_recipe_from_the_window_makes_the_same_picture_without_it() -> None:
    viewer = ViewerModel()
    data = _ramp(3, 10, 20)
    layer = viewer.add_image(data, contrast_limits=(50, 450), gamma=0.7, colormap="viridis")
    viewer.dims.set_current_step(0, 1)
    source = image_source(layer, viewer.dims)
    recipe = Recipe.model_validate_json(Recipe().showing(source.composition).model_dump_json())
    assert recipe.composition is not None
    headless = Composer(recipe.composition, [Volume(data, "ZYX").channel(0)])
    assert np.array_equal(headless.read((1,)), source.pixels)
    window = (slice(2, 5), slice(3, 9))
    assert np.array_equal(image_source(layer, viewer.dims).window(window), source.pixels[window])


def test_rgb_planes_of_a_stack() -> None:
    viewer = ViewerModel()
    data = np.random.default_rng(0).integers(0, 255, (4, 12, 16, 3), np.uint8)
    layer = viewer.add_image(data, rgb=True, scale=(3, 1, 1), translate=(10, 0, 0))
    viewer.dims.set_current_step(0, 2)
    source = image_source(layer, viewer.dims)
    assert (source.shape, source.plane) == ((12, 16), (2,))
    np.testing.assert_allclose(source.pixels, data[2] / 255, atol=1e-6)


def test_the_plane_knows_how_far_apart_its_pixels_lie() -> None:
    viewer = ViewerModel()
    layer = viewer.add_image(_ramp(3, 10, 20), scale=(2, 0.5, 0.25), units=("um", "um", "um"))
    viewer.dims.set_current_step(0, 1)
    grid = image_source(layer, viewer.dims).grid
    assert (grid.axes, grid.planes) == ("YX", ((1,),))
    assert grid.scale == {"Z": 2, "Y": 0.5, "X": 0.25}
    assert grid.units == dict.fromkeys("ZYX", "micrometer")
    assert image_source(layer, viewer.dims).on((2,)).grid.planes == ((2,),)
    plain = viewer.add_image(_ramp(3, 10, 20))
    assert not image_source(plain, viewer.dims).grid.scale


def test_dask_reads_only_the_plane() -> None:
    seen = set()

    def block(block_info: dict) -> np.ndarray:
        seen.add(block_info[None]["chunk-location"][0])
        return _ramp(1, 1, 10, 20) + block_info[None]["chunk-location"][0]

    data = da.map_blocks(block, chunks=((1,) * 5, (1,) * 2, (10,), (20,)), dtype=np.uint16)
    viewer = ViewerModel()
    layer = viewer.add_image(data, contrast_limits=(0, 300))
    viewer.dims.set_current_step(0, 3)
    viewer.dims.set_current_step(1, 1)
    source = image_source(layer, viewer.dims)
    seen.clear()
    assert source.plane == (3, 1)
    np.testing.assert_allclose(source.pixels[0, 0, 0], 3 / 300, atol=1e-6)
    assert seen == {3}


def test_multiscale_is_read_at_full_resolution() -> None:
    viewer = ViewerModel()
    layer = viewer.add_image([_ramp(40, 60), _ramp(20, 30)], multiscale=True)
    source = image_source(layer, viewer.dims)
    assert source.shape == source.pixels.shape[:2] == (40, 60)


def test_a_plane_beside_a_deeper_image() -> None:
    viewer = ViewerModel()
    viewer.add_image(_ramp(5, 10, 20))
    flat = viewer.add_image(_ramp(10, 20))
    viewer.dims.set_current_step(0, 4)
    assert image_source(flat, viewer.dims).plane == ()


def test_the_key_names_the_layer_and_its_shape() -> None:
    viewer = ViewerModel()
    first, second = viewer.add_image(_ramp(5, 10, 20)), viewer.add_image(_ramp(5, 10, 20))
    key = image_source(first, viewer.dims).key
    assert image_source(second, viewer.dims).key != key
    viewer.dims.set_current_step(0, 3)
    first.name = "other"
    assert image_source(first, viewer.dims).key == key
    first.data = _ramp(5, 12, 20)
    assert image_source(first, viewer.dims).key != key


def test_3d_and_rolled_axes_are_refused() -> None:
    viewer = ViewerModel()
    layer = viewer.add_image(_ramp(5, 10, 20))
    viewer.dims.ndisplay = 3
    with pytest.raises(ZeroSegError, match="Switch to 2D"):
        image_source(layer, viewer.dims)
    viewer.dims.ndisplay = 2
    viewer.dims.roll()
    with pytest.raises(ZeroSegError, match="axes back"):
        image_source(layer, viewer.dims)


def test_sliders_outside_the_image_are_refused() -> None:
    viewer = ViewerModel()
    layer = viewer.add_image(_ramp(5, 10, 20))
    viewer.add_image(_ramp(9, 10, 20))
    viewer.dims.set_current_step(0, 7)
    with pytest.raises(ZeroSegError, match="outside the image"):
        image_source(layer, viewer.dims)


@pytest.mark.parametrize(
    ("data", "words"),
    [
        (np.zeros((40, 40, 4), np.uint8), "alpha channel"),
        (np.full((12, 16), 7, np.uint8), "Every pixel"),
        (np.ones((1, 1), np.uint8), "1 × 1"),
        (_ramp(20000, 1), "1 × 20000"),
        (np.eye(12, dtype=bool), "boolean"),
        (np.where(np.eye(12), np.nan, 1.0), "NaN"),
    ],
)
def test_bad_images_are_refused_when_they_are_read(data: np.ndarray, words: str) -> None:
    viewer = ViewerModel()
    source = image_source(viewer.add_image(data), viewer.dims)
    with pytest.raises(BadImageError, match=words):
        _ = source.pixels


def test_an_image_that_is_too_large_is_refused_before_it_is_read() -> None:
    def fail(block_info: dict) -> np.ndarray:
        raise AssertionError("read")

    data = da.map_blocks(fail, chunks=((20000,), (20000,)), dtype=np.uint8, meta=np.empty((0, 0), np.uint8))
    small = np.zeros((20, 20), np.uint8)
    viewer = ViewerModel()
    layer = viewer.add_image([data, small], multiscale=True, contrast_limits=(0, 255))
    with pytest.raises(BadImageError, match="16384"):
        _ = image_source(layer, viewer.dims).pixels


def test_what_an_axis_that_nobody_names_is_like_is_not_told() -> None:
    viewer = ViewerModel()
    layer = viewer.add_image(_ramp(3, 10, 20), scale=(2, 0.5, 0.25), units=("um",) * 3)
    assert module.image_source([layer], viewer.dims, "").grid.scale == {"Y": 0.5, "X": 0.25}
