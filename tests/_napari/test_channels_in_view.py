"""Axes and channels in the viewer: asked for, split, and composed as they are seen."""

from __future__ import annotations

from pathlib import Path

import dask.array as da
import numpy as np
import pytest
import tifffile
from napari.components import ViewerModel
from napari.layers import Image
from napari_builtins.io import napari_get_reader

from napari_zeroseg._napari.layer_axes import layer_axes
from napari_zeroseg.core import composer
from napari_zeroseg.core.composer import Composer
from napari_zeroseg.core.volume import Volume
from napari_zeroseg.session.readiness import Action
from tests._napari.conftest import Scene, scene_of
from tests.fakes import squares

CHANNELS = np.stack([np.where(np.arange(64) < 32, squares(), 0), np.where(np.arange(64) < 32, 0, squares())])
STACK = np.stack([CHANNELS, CHANNELS[:, ::-1], CHANNELS.transpose(0, 2, 1)])  # ZCYX


def _images(scene: Scene) -> list[Image]:
    return [layer for layer in scene.viewer.layers if isinstance(layer, Image)]


def _scene(data: np.ndarray, **display: object) -> Scene:
    viewer = ViewerModel()
    viewer.add_image(data, name="image", **display)
    scene = scene_of(viewer)
    scene.session.add_classes("bright; grey")
    return scene


# what the axes mean


@pytest.mark.parametrize("data", [STACK[:, 0], STACK, CHANNELS])
def test_nothing_is_done_before_the_axes_are_told(data: np.ndarray) -> None:
    scene = _scene(data)
    assert scene.session.source.choices
    for action in (Action.SUGGEST, Action.DRAW):
        assert "what the axes of the image mean" in scene.session.readiness[action]


def test_an_answer_is_remembered_with_the_layer() -> None:
    scene = _scene(STACK[:, 0])
    scene.viewer.add_image(squares(), name="other")
    scene.viewer.layers.selection.active = scene.viewer.layers["image"]
    scene.session.sight.axes_told.emit("TYX")
    assert scene.session.source.axes == "TYX"
    assert not scene.session.source.blocked
    assert scene.viewer.layers["image"].axis_labels == ("t", "y", "x")
    assert scene.viewer.dims.axis_labels == ("t", "y", "x")
    scene.viewer.layers.selection.active = scene.viewer.layers["other"]
    scene.viewer.layers.selection.active = scene.viewer.layers["image"]
    assert scene.session.source.axes == "TYX"
    scene.session.sight.axes_told.emit("")
    assert scene.session.source.choices
    assert layer_axes(scene.viewer.layers["image"]) == ""


@pytest.mark.parametrize("labels", [("z", "y", "x"), ("Depth", "row", "column"), ("slice", "-2", "-1")])
def test_labels_that_tell_are_not_asked_for(labels: tuple[str, ...]) -> None:
    source = _scene(STACK[:, 0], axis_labels=labels).session.source
    assert (source.axes, source.blocked) == ("ZYX", "")


def test_axes_of_one_position_are_not_asked_for() -> None:
    scene = _scene(squares()[None, None])
    assert not scene.session.source.blocked
    scene.find("bright")
    assert scene.labels().data.shape == (1, 1, 64, 64)
    assert np.array_equal(scene.labels().data[0, 0] > 0, squares() > 200)


def test_rows_and_columns_that_do_not_come_last_are_told() -> None:
    scene = _scene(STACK[:, 0], axis_labels=("y", "x", "z"))
    assert scene.session.source is None
    scene.viewer.layers.selection.clear()
    scene.viewer.layers.selection.active = scene.viewer.layers["image"]
    scene.viewer.add_image(STACK[:, 0], name="second", axis_labels=("x", "y", "z"))
    assert "not rows and columns" in scene.problems[-1]


def test_six_axes_are_told_to_be_too_many() -> None:
    scene = _scene(np.zeros((2, 2, 2, 2, 12, 12), np.uint8))
    assert "more axes" in scene.session.source.blocked


# channels


def _split_scene(**display: object) -> Scene:
    scene = _scene(STACK, **display)
    scene.session.sight.axes_told.emit("ZCYX")
    assert "channels" in scene.session.readiness[Action.RUN]
    scene.session.sight.split_wanted.emit()
    return scene


def test_channels_become_layers_and_masks_are_there_once() -> None:
    scene = _split_scene()
    scene.viewer.dims.set_current_step(0, 2)
    assert scene.session.source.name == "image"
    assert [layer.name for layer in _images(scene)] == ["image · channel 1", "image · channel 2"]
    assert (scene.session.source.axes, scene.session.source.depth) == ("ZYX", (3,))
    for layer in _images(scene):
        layer.colormap, layer.contrast_limits = "gray", (0, 255)
    scene.find("bright")
    assert scene.labels().data.shape == (3, 64, 64)
    assert np.array_equal(scene.labels().data[2] > 0, squares().T > 200)


def test_any_channel_of_the_picture_is_the_same_image() -> None:
    scene = _split_scene()
    key = scene.session.source.key
    scene.viewer.layers.selection.active = _images(scene)[1]
    assert scene.session.source.key == key


def test_hidden_channels_are_not_seen() -> None:
    scene = _split_scene()
    both = scene.session.source.pixels.copy()
    scene.session.sight.channel_wanted.emit(1, False)
    assert not _images(scene)[1].visible
    one = scene.session.source.pixels
    assert one.sum() < both.sum()
    _images(scene)[1].visible = True
    assert np.array_equal(scene.session.source.pixels, both)


def test_a_removed_channel_is_no_longer_seen() -> None:
    scene = _split_scene()
    scene.viewer.layers.remove(_images(scene)[1])
    assert len(scene.session.source.composition.channels) == 1


def test_the_picture_is_what_the_recipe_makes_of_the_file() -> None:
    scene = _split_scene()
    first, second = _images(scene)
    first.contrast_limits, first.gamma, second.colormap, second.opacity = (10, 200), 0.6, "viridis", 0.5
    source, volume = scene.session.source, Volume(STACK, "ZCYX")
    headless = Composer(scene.session.recipe.composition, [volume.channel(0), volume.channel(1)])
    assert np.array_equal(headless.read(source.plane), source.pixels)


@pytest.mark.parametrize("blending", ["translucent", "opaque", "minimum"])
def test_images_that_hide_each_other_are_not_mixed(blending: str) -> None:
    scene = _scene(squares())
    scene.viewer.add_image(255 - squares(), name="above", blending=blending)
    assert len(scene.session.source.composition.channels) == 1
    scene.viewer.layers["above"].blending = "additive"
    assert len(scene.session.source.composition.channels) == 2


@pytest.mark.parametrize(
    "other", [{"scale": (2, 1)}, {"translate": (1, 0)}, {"rotate": 10}, {"shear": [0.1]}]
)
def test_images_on_other_grids_are_not_mixed(other: dict) -> None:
    scene = _scene(squares())
    scene.viewer.add_image(squares(), name="above", blending="additive", **other)
    assert len(scene.session.source.composition.channels) == 1


def test_a_lazy_image_is_split_lazily() -> None:
    scene = _scene(da.from_array(STACK, chunks=(1, 1, 64, 64)), axis_labels=("z", "c", "y", "x"))
    scene.session.sight.split_wanted.emit()
    assert all(isinstance(layer.data, da.Array) for layer in _images(scene))
    assert len(_images(scene)) == 2


def test_limits_are_taken_once_for_all_planes(monkeypatch: pytest.MonkeyPatch) -> None:
    taken = []
    monkeypatch.setattr(composer, "usual_limits", lambda part: taken.append(part) or (0.0, 255.0))
    colour = np.stack([STACK[:, 0].astype(np.uint16)] * 3, axis=-1)
    scene = _scene(colour, rgb=True, axis_labels=("z", "y", "x"))
    for plane in (0, 1):
        scene.viewer.dims.set_current_step(0, plane)
        assert scene.session.source.pixels.max() == 1
    assert len(taken) == 1
    scene.viewer.layers["image"].data = colour + 1
    assert scene.session.source.pixels.max() == 1
    assert len(taken) == 2


# files, with napari's own reader


def _opened(path: Path, name: str = "image") -> Scene:
    reader = napari_get_reader(str(path))
    assert reader is not None
    viewer = ViewerModel()
    for data, *_ in reader(str(path)):
        layer = viewer.add_image(data, name=name)
        layer._set_source(layer.source.model_copy(update={"path": str(path)}))
    scene = scene_of(viewer)
    scene.session.add_classes("bright; grey")
    return scene


def test_what_the_file_tells_is_not_asked_for(tmp_path: Path) -> None:
    red, blue = np.zeros((3, 256), np.uint8), np.zeros((3, 256), np.uint8)
    red[0] = blue[2] = np.arange(256)
    metadata = {"axes": "CYX", "LUTs": [red, blue]}
    tifffile.imwrite(tmp_path / "a.tif", CHANNELS.astype(np.uint16) * 9, imagej=True, metadata=metadata)
    scene = _opened(tmp_path / "a.tif")
    assert (scene.session.source.axes, scene.session.source.choices) == ("CYX", ())
    scene.session.sight.split_wanted.emit()
    assert [layer.colormap.name for layer in _images(scene)] == ["red", "blue"]
    for layer in _images(scene):
        layer.colormap = "gray"
    scene.find("bright")
    assert np.array_equal(scene.labels().data > 0, squares() > 200)


@pytest.mark.parametrize(
    ("shape", "answer"), [((3, 64, 64), "ZYX"), ((3, 2, 64, 64), "TZYX")], ids=["QYX", "QQYX"]
)
def test_a_stack_without_a_word_is_asked_for(tmp_path: Path, shape: tuple[int, ...], answer: str) -> None:
    data = np.broadcast_to(squares().astype(np.uint16) * 200, shape)
    tifffile.imwrite(tmp_path / "a.tif", data, photometric="minisblack")
    scene = _opened(tmp_path / "a.tif")
    assert answer in scene.session.source.choices
    scene.session.sight.axes_told.emit(answer)
    scene.find("bright")
    assert scene.labels().data.shape == shape
    assert np.array_equal(scene.labels().data[scene.session.source.plane] > 0, squares() > 200)


@pytest.mark.parametrize("kind", ["rgb16", "packbits"])
def test_pictures_are_not_asked_for(tmp_path: Path, kind: str) -> None:
    path = tmp_path / "a.tif"
    deep = squares().astype(np.uint16) * 11
    if kind == "rgb16":
        tifffile.imwrite(path, np.stack([deep] * 3, axis=-1), photometric="rgb")
    else:
        from PIL import Image as Picture

        Picture.fromarray(deep).save(path, compression="packbits")
    scene = _opened(path)
    assert not scene.session.source.blocked
    scene.find("bright")
    assert np.array_equal(scene.labels().data > 0, squares() > 200)


# where the masks lie

ANGLE = np.deg2rad(30)
ROTATION = np.array([[np.cos(ANGLE), -np.sin(ANGLE)], [np.sin(ANGLE), np.cos(ANGLE)]])
AFFINE = np.array([[1, 0.2, 5], [0, 1.5, -3], [0, 0, 1]])
PLACES = {
    "scale": ({"scale": (2, 0.5)}, lambda p: p * (2, 0.5)),
    "translate": ({"translate": (10, -4)}, lambda p: p + np.array([10, -4])),
    "rotated and anisotropic": (
        {"scale": (2, 0.5), "rotate": 30, "translate": (1, 2)}, lambda p: ROTATION @ (p * (2, 0.5)) + (1, 2)
    ),
    "shear": ({"shear": [0.3]}, lambda p: np.array([[1, 0.3], [0, 1]]) @ p),
    "affine": ({"affine": AFFINE}, lambda p: AFFINE[:2, :2] @ p + AFFINE[:2, 2]),
}  # fmt: skip
POINT = np.array([35.0, 45.0])
"""A pixel of the second bright square."""


def _assert_there(scene: Scene, world: np.ndarray) -> None:
    layer = scene.labels()
    index = tuple(round(place) for place in layer.world_to_data(world))
    assert index[-2:] == tuple(POINT.astype(int))
    assert layer.data[index] > 0
    image = _images(scene)[0]
    np.testing.assert_allclose(image.world_to_data(world), layer.world_to_data(world))


@pytest.mark.parametrize("name", list(PLACES))
@pytest.mark.parametrize("kind", ["plane", "multiscale", "singletons"])
def test_masks_lie_where_the_image_lies(name: str, kind: str) -> None:
    place, expected = PLACES[name]
    data = {
        "plane": squares(),
        "multiscale": [squares(), squares()[::2, ::2]],
        "singletons": squares()[None, None],
    }
    lead = 2 if kind == "singletons" else 0
    scene = _scene(data[kind], multiscale=kind == "multiscale", **_in_more_axes(place, lead))
    scene.find("bright")
    _assert_there(scene, np.array([*[0.0] * lead, *expected(POINT)]))


def _in_more_axes(place: dict, lead: int) -> dict:
    """The same transform for an image with axes of one position in front."""
    if not lead:
        return place
    more = {}
    for name, value in place.items():
        if name in {"scale", "translate"}:
            more[name] = (*[1.0 if name == "scale" else 0.0] * lead, *value)
        elif name == "affine":
            matrix = np.eye(lead + 3)
            matrix[np.ix_([2, 3, 4], [2, 3, 4])] = value
            more[name] = matrix
        else:
            matrix = np.eye(lead + 2)
            matrix[lead:, lead:] = ROTATION if name == "rotate" else [[1, 0.3], [0, 1]]
            more[name] = matrix
    return more


def test_masks_follow_an_image_that_is_moved() -> None:
    scene = _scene(squares())
    scene.find("bright")
    _images(scene)[0].affine = AFFINE
    _assert_there(scene, PLACES["affine"][1](POINT))


def test_split_channels_stay_where_they_were() -> None:
    rotate = np.eye(4)
    rotate[2:, 2:] = ROTATION
    scene = _split_scene(scale=(3, 1, 2, 0.5), rotate=rotate, translate=(7, 0, 1, 2))
    expected = ROTATION @ (POINT * (2, 0.5)) + (1, 2)
    for layer in _images(scene):
        np.testing.assert_allclose(layer.data_to_world((1, *POINT)), (3 + 7, *expected))
