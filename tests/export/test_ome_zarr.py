"""Labels in OME-Zarr, checked by the models of its specification."""

import json

import numpy as np
import pytest
import zarr
from ome_zarr_models import v04, v05

from napari_zeroseg.core.annotations import Annotations
from napari_zeroseg.core.errors import BadFileError, ExportError
from napari_zeroseg.core.instance import Instance, InstanceState
from napari_zeroseg.core.mask import Mask
from napari_zeroseg.core.vocabulary import TargetClass, Vocabulary
from napari_zeroseg.core.volume import Grid
from napari_zeroseg.export.ome_zarr import read_ome_zarr, write_ome_zarr

SHAPE = (600, 700)
VOCABULARY = Vocabulary((TargetClass("T cell", "#4e9af1"), TargetClass("細胞", "#e8575a")))
BAR = Mask((500, 2), np.ones((30, 600), bool))


def drawn(plane=(), grid=None):
    instances = (
        Instance(3, "T cell", BAR, 0.5, InstanceState.EDITED, plane=plane),
        Instance(70_000, "T cell", Mask((0, 0), np.ones((5, 5), bool)), 1.0, plane=plane),
    )
    return Annotations("a.tif", SHAPE, VOCABULARY, instances, grid or Grid())


def image(path, zarr_format):
    """Make an OME-Zarr image without labels."""
    group = zarr.open_group(str(path), mode="w", zarr_format=zarr_format)
    group.create_array("0", shape=SHAPE, dtype="uint8")
    axes = [{"name": name, "type": "space"} for name in "yx"]
    datasets = [{"path": "0", "coordinateTransformations": [{"type": "scale", "scale": [1, 1]}]}]
    scales = {"axes": axes, "datasets": datasets}
    if zarr_format == 3:
        group.attrs["ome"] = {"version": "0.5", "multiscales": [scales]}
    else:
        group.attrs["multiscales"] = [scales | {"version": "0.4"}]
    return path


def test_a_new_folder_is_valid_and_tells_colours_classes_scores_and_states(tmp_path):
    grid = Grid("ZYX", (2,), ((0,), (1,)), {"Z": 2, "Y": 0.5, "X": 0.5}, dict.fromkeys("ZYX", "micrometer"))
    write_ome_zarr(tmp_path / "a.ome.zarr", drawn((1,), grid))
    labels = zarr.open_group(str(tmp_path / "a.ome.zarr" / "labels"), mode="r")
    assert labels.attrs["ome"] == {"version": "0.5", "labels": ["T_cell", "細胞"]}
    label = v05.image_label.ImageLabel.from_zarr(labels["T_cell"])
    (scales,) = label.attributes.ome.multiscales
    assert [(axis.name, axis.unit) for axis in scales.axes] == [(name, "micrometer") for name in "zyx"]
    told = label.attributes.ome.image_label
    assert {(c.label_value, tuple(c.rgba)) for c in told.colors} == {
        (3, (78, 154, 241, 255)),
        (70_000, (78, 154, 241, 255)),
    }
    assert labels["T_cell"]["0"].dtype == np.uint32
    assert labels["T_cell"]["0"].metadata.dimension_names == ("z", "y", "x")
    (back,) = read_ome_zarr(tmp_path / "a.ome.zarr")
    assert dict(back.grid.scale) == {"Z": 2, "Y": 0.5, "X": 0.5}
    assert back.instances[0].mask.same_as(BAR)
    assert (back.instances[0].state, back.instances[0].score) == (InstanceState.EDITED, 0.5)


@pytest.mark.parametrize(
    ("zarr_format", "described"),
    [
        (2, lambda group: v04.image_label.ImageLabelAttrs.model_validate(dict(group.attrs))),
        (3, v05.image_label.ImageLabel.from_zarr),
    ],
)
def test_labels_come_into_an_image_in_its_own_version(tmp_path, zarr_format, described):
    path = image(tmp_path / "a.zarr", zarr_format)
    write_ome_zarr(path, drawn())
    write_ome_zarr(path, drawn().only(["細胞"]))
    root = zarr.open_group(str(path), mode="r")
    assert root.metadata.zarr_format == zarr_format
    for name in ("T_cell", "細胞"):
        described(root["labels"][name])
    assert [i.id for i in read_ome_zarr(path)[0].instances] == [3, 70_000]


def test_one_label_image_by_itself_is_read(tmp_path):
    write_ome_zarr(tmp_path / "a.ome.zarr", drawn())
    (back,) = read_ome_zarr(tmp_path / "a.ome.zarr" / "labels" / "T_cell")
    assert back.vocabulary.names == ("T cell",)


def test_labels_that_name_classes_by_value_are_read(tmp_path):
    path = image(tmp_path / "a.zarr", 2)
    group = zarr.open_group(str(path), mode="a", zarr_format=2)
    group["0"][:4, :4], group["0"][9:12, 9:12] = 1, 2
    colors = [{"label-value": 2, "rgba": [0, 128, 0, 128]}]
    properties = [{"label-value": 1, "class": "neuron"}, {"label-value": 2, "class": "glia"}]
    group.attrs["image-label"] = {"version": "0.4", "colors": colors, "properties": properties}
    (back,) = read_ome_zarr(path)
    assert [(i.name, i.id) for i in back.instances] == [("neuron", 1), ("glia", 2)]
    assert back.vocabulary["glia"].color == "#008000"


def test_what_is_there_and_is_no_zarr_stays(tmp_path):
    (tmp_path / "a.ome.zarr").mkdir()
    (tmp_path / "a.ome.zarr" / "mine.txt").write_text("mine")
    with pytest.raises(ExportError, match="no zarr folder"):
        write_ome_zarr(tmp_path / "a.ome.zarr", drawn())
    assert [p.name for p in (tmp_path / "a.ome.zarr").iterdir()] == ["mine.txt"]


@pytest.mark.parametrize("name", ["../../elsewhere", "/etc", "a//b", "..\\b"])
def test_labels_outside_of_the_folder_are_refused(tmp_path, name):
    write_ome_zarr(tmp_path / "a.ome.zarr", drawn())
    file = tmp_path / "a.ome.zarr" / "labels" / "zarr.json"
    document = json.loads(file.read_text())
    document["attributes"]["ome"]["labels"] = [name]
    file.write_text(json.dumps(document))
    with pytest.raises(BadFileError, match="not in its folder"):
        read_ome_zarr(tmp_path / "a.ome.zarr")


def test_an_image_is_no_label_image(tmp_path):
    group = zarr.open_group(str(tmp_path / "a.zarr"), mode="w")
    group.create_array("0", shape=(4, 4), dtype="float32")
    with pytest.raises(BadFileError):
        read_ome_zarr(tmp_path / "a.zarr")
