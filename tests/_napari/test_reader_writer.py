"""Files that napari opens and saves, through napari's own plugin manager."""

import json

import numpy as np
import pytest
import tifffile
from napari.components import ViewerModel
from npe2 import PluginManager, io_utils
from PIL import Image

from napari_zeroseg import api
from napari_zeroseg._napari import writer
from napari_zeroseg._napari.reader import get_reader
from napari_zeroseg.core.annotations import Annotations
from napari_zeroseg.core.axes import AmbiguousAxesError
from napari_zeroseg.core.errors import BadFileError, ExportError
from napari_zeroseg.core.instance import Instance, InstanceState
from napari_zeroseg.core.mask import Mask
from napari_zeroseg.core.vocabulary import TargetClass, Vocabulary
from napari_zeroseg.core.volume import Grid
from napari_zeroseg.export.bundle import Bundle
from napari_zeroseg.export.images import open_image
from napari_zeroseg.export.label_tiff import LABELS
from napari_zeroseg.session.session import Session
from tests.fakes import fake_backends, squares

PLUGIN = "napari-zeroseg"


@pytest.fixture
def plugin() -> str:
    PluginManager.instance().discover()
    return PLUGIN


def labels_layer(name: str, *boxes: tuple[int, int, int]) -> tuple[np.ndarray, dict, str]:
    data = np.zeros((20, 30), np.int32)
    for number, (y, x, side) in enumerate(boxes, 1):
        data[y : y + side, x : x + side] = number
    return data, {"name": name}, "labels"


NUCLEUS = labels_layer("nucleus", (2, 2, 4), (12, 4, 3))
CELL = labels_layer("cell", (5, 15, 10))


def test_several_layers_become_a_file_each(tmp_path):
    files = writer.write_label_tiffs(str(tmp_path / "a.tif"), [NUCLEUS, CELL])
    assert files == [str(tmp_path / "a_nucleus.tif"), str(tmp_path / "a_cell.tif")]
    assert np.array_equal(tifffile.imread(files[0]), NUCLEUS[0])


def test_one_layer_becomes_the_file_that_was_asked_for(tmp_path):
    assert writer.write_label_tiffs(str(tmp_path / "a.tif"), [CELL]) == [str(tmp_path / "a.tif")]


@pytest.mark.parametrize("write", [writer.write_label_tiffs, writer.write_semantic_tiff])
def test_a_stack_keeps_its_axes_and_scale(tmp_path, write):
    viewer = ViewerModel()
    units = ("micrometer",) * 3
    stack = np.stack([CELL[0], CELL[0] * 0])
    layer = viewer.add_labels(stack, scale=(2, 0.5, 0.25), axis_labels=("z", "y", "x"), units=units)
    write(str(tmp_path / "a.tif"), [layer.as_layer_data_tuple()])
    back = open_image(tmp_path / "a.tif")
    assert back.axes == "ZYX"
    assert back.scale == {"Z": 2, "Y": 0.5, "X": 0.25}
    assert back.units == {"Z": "micrometer", "Y": "micrometer", "X": "micrometer"}


def test_axes_without_names_are_given_none(tmp_path):
    layer = ViewerModel().add_labels(np.stack([CELL[0]] * 2))
    writer.write_label_tiffs(str(tmp_path / "a.tif"), [layer.as_layer_data_tuple()])
    with pytest.raises(AmbiguousAxesError):
        open_image(tmp_path / "a.tif")


def test_all_classes_in_one_file_are_numbered_by_layer(tmp_path):
    writer.write_semantic_tiff(str(tmp_path / "a_semantic.tif"), [NUCLEUS, CELL])
    expected = np.where(CELL[0] > 0, 2, NUCLEUS[0] > 0)
    assert np.array_equal(tifffile.imread(tmp_path / "a_semantic.tif"), expected)


def test_coco_annotations_come_back_as_layers(tmp_path):
    path = str(tmp_path / "a.json")
    writer.write_coco_json(path, [NUCLEUS, CELL])
    assert len(json.loads((tmp_path / "a.json").read_text())["annotations"]) == 3
    back = get_reader(path)(path)
    assert [(meta["name"], kind) for _, meta, kind in back] == [("nucleus", "labels"), ("cell", "labels")]
    assert np.array_equal(back[0][0], NUCLEUS[0])


def test_the_overlay_is_drawn_whatever_the_order_of_the_layers(tmp_path):
    image = (np.tile(np.arange(30, dtype=np.uint8), (20, 1)), {"name": "image", "rgb": False}, "image")
    pictures = []
    for number, layers in enumerate([[image, NUCLEUS], [NUCLEUS, image]]):
        writer.write_overlay(str(tmp_path / f"{number}.png"), layers)
        with Image.open(tmp_path / f"{number}.png") as picture:
            pictures.append(np.asarray(picture))
    assert np.array_equal(*pictures)
    assert len(np.unique(pictures[0][2:6, 2:6].reshape(-1, 3), axis=0)) > 1


def test_layers_of_different_images_are_refused(tmp_path):
    other = (np.zeros((5, 5), np.int32), {"name": "other"}, "labels")
    with pytest.raises(ExportError, match="differ in size"):
        writer.write_coco_json(str(tmp_path / "a.json"), [NUCLEUS, other])
    assert not list(tmp_path.iterdir())


def test_a_stack_is_refused_where_the_format_has_no_place_for_it(tmp_path):
    stack = (np.zeros((3, 20, 30), np.int32), {"name": "stack"}, "labels")
    with pytest.raises(ExportError, match="3 axes"):
        writer.write_coco_json(str(tmp_path / "a.json"), [stack])
    assert writer.write_label_tiffs(str(tmp_path / "a.tif"), [stack])


def test_a_record_opens_all_its_layers(tmp_path, monkeypatch, plugin):
    monkeypatch.setattr(api, "Session", lambda recipe: Session(recipe=recipe, backends=fake_backends))
    result = api.segment(squares(), "grey, bright")
    bundle = Bundle(tmp_path, "squares", result.vocabulary.names)
    bundle.write(result)
    layers, contribution = io_utils.read_get_reader([str(bundle.record)], plugin_name=plugin, stack=False)
    assert contribution.command == "napari-zeroseg.read"
    viewer = ViewerModel()
    for data, meta, _ in layers:
        viewer.add_labels(data, **meta)
    assert [layer.name for layer in viewer.layers] == ["grey", "bright"]
    assert np.array_equal(viewer.layers["bright"].data, result.labels("bright"))


def test_an_exported_label_file_opens_a_layer_for_each_class(tmp_path, plugin):
    classes = Vocabulary((TargetClass("cell", "#ff8000"), TargetClass("Zellkern ä", "#0000ff")))
    dot = np.ones((2, 2), bool)
    scale = {"Z": 2.0, "Y": 0.5, "X": 0.5}
    planes = tuple((z,) for z in range(3))
    grid = Grid("ZYX", (3,), planes, scale, dict.fromkeys(scale, "micrometer"))
    drawn = (
        Instance(7, "cell", Mask((1, 1), dot), 1.0, InstanceState.ACCEPTED, plane=(1,)),
        Instance(70_000, "Zellkern ä", Mask((5, 5), dot), 1.0, InstanceState.ACCEPTED, plane=(2,)),
    )
    path = tmp_path / "stack_labels.ome.tif"
    LABELS.write(path, Annotations("stack", (20, 30), classes, drawn, grid))
    viewer = ViewerModel()
    viewer.open(str(path), plugin=plugin)
    cell, nucleus = viewer.layers
    assert [(layer.name, type(layer).__name__) for layer in viewer.layers] == [
        ("cell", "Labels"), ("Zellkern ä", "Labels"),
    ]  # fmt: skip
    assert cell.data.shape == (3, 20, 30)
    assert (cell.data[1, 1, 1], nucleus.data[2, 5, 5]) == (7, 70_000)
    assert np.allclose(cell.scale, (2, 0.5, 0.5))
    red, green, blue, alpha = cell.colormap.map(7)
    assert alpha == 1
    assert red > green > blue
    assert nucleus.colormap.map(70_000)[2] > 0.5


@pytest.mark.parametrize("name", ["a.ome.tif", "a_labels.tif", "a_cell.tif"])
def test_other_tiffs_are_left_to_napari(tmp_path, name):
    tifffile.imwrite(tmp_path / name, np.eye(5, dtype=np.uint8))
    assert get_reader(str(tmp_path / name)) is None


def test_a_class_image_is_opened_as_labels(tmp_path):
    path = tmp_path / "a_semantic.tif"
    tifffile.imwrite(path, np.eye(5, dtype=np.uint8))
    ((data, meta, kind),) = get_reader(str(path))(str(path))
    assert (kind, meta["name"]) == ("labels", "a_semantic")
    assert np.array_equal(data, np.eye(5))


@pytest.mark.parametrize("content", ["", "{}", '{"type": "FeatureCollection"}', "no json"])
def test_other_json_files_are_left_to_others(tmp_path, content):
    (tmp_path / "a.json").write_text(content)
    assert get_reader(str(tmp_path / "a.json")) is None


def test_damaged_annotations_are_told(tmp_path):
    path = tmp_path / "a.json"
    path.write_text('{"images": 3')
    with pytest.raises(BadFileError, match=r"a\.json"):
        get_reader(str(path))(str(path))


@pytest.mark.parametrize("key", ["immunohistochemistry", "coins", "cell"])
def test_samples_open_without_a_download(key, plugin):
    viewer = ViewerModel()
    viewer.open_sample(plugin, key)
    assert viewer.layers[0].name == key


def test_saving_through_napari_finds_the_writers(tmp_path, plugin):
    viewer = ViewerModel()
    for data, meta, _ in (NUCLEUS, CELL):
        viewer.add_labels(data, **meta)
    viewer.layers.save(str(tmp_path / "a.json"), plugin=plugin)
    assert len(json.loads((tmp_path / "a.json").read_text())["annotations"]) == 3
