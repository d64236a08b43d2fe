"""What QuPath reads and writes."""

import json
import tempfile
from pathlib import Path

import geojson
import numpy as np
import pytest
from hypothesis import given, settings

from napari_zeroseg.core.annotations import Annotations, Frame
from napari_zeroseg.core.errors import BadFileError
from napari_zeroseg.core.instance import Instance, InstanceState
from napari_zeroseg.core.mask import Mask
from napari_zeroseg.core.vocabulary import TargetClass, Vocabulary
from napari_zeroseg.export.qupath import read_qupath, write_qupath
from tests.export.drawn import annotations

SQUARE = [[[2, 1], [5, 1], [5, 4], [2, 4], [2, 1]]]


def feature(geometry, **properties):
    return {"type": "Feature", "geometry": geometry, "properties": properties}


def polygon(coordinates=SQUARE, **more):
    return {"type": "Polygon", "coordinates": coordinates} | more


def read(tmp_path, document, frame=None):
    path = tmp_path / "a.geojson"
    path.write_text(json.dumps(document))
    (back,) = read_qupath(path, frame)
    return back


@settings(max_examples=30, deadline=None)
@given(drawn=annotations())
def test_what_is_written_is_geojson_with_rings_wound_as_the_standard_has_them(drawn):
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "a.geojson"
        write_qupath(path, drawn)
        collection = geojson.loads(path.read_text(encoding="utf-8"))
    assert collection.is_valid, collection.errors()
    assert len({f["id"] for f in collection.features}) == len(drawn.instances)
    for f, instance in zip(collection.features, drawn.instances, strict=True):
        several = f.geometry.type == "MultiPolygon"
        parts = f.geometry.coordinates if several else [f.geometry.coordinates]
        areas = [[area(ring) for ring in part] for part in parts]
        assert all(outer > 0 > max(holes, default=-1) for outer, *holes in areas)
        assert sum(map(sum, areas)) == instance.mask.area


def area(ring):
    x, y = np.transpose(ring)
    return (x[:-1] * y[1:] - x[1:] * y[:-1]).sum() / 2


def test_objects_have_the_properties_that_qupath_gives_them(tmp_path):
    vocabulary = Vocabulary((TargetClass("Tumor", "#c80000"),))
    square = Mask((1, 2), np.ones((3, 3), bool))
    drawn = Annotations("a.svs", (9, 9), vocabulary, (Instance(7, "Tumor", square, 0.5),))
    write_qupath(tmp_path / "a.geojson", drawn)
    (written,) = json.loads((tmp_path / "a.geojson").read_text())["features"]
    assert written["properties"] == {
        "objectType": "annotation",
        "name": "Tumor 7",
        "classification": {"name": "Tumor", "color": [200, 0, 0]},
        "measurements": {"Score": 0.5},
        "metadata": {"ZeroSeg id": "7", "ZeroSeg state": "proposed"},
    }
    assert sorted(map(tuple, written["geometry"]["coordinates"][0][:-1])) == [(2, 1), (2, 4), (5, 1), (5, 4)]


@pytest.mark.parametrize(
    ("classification", "name", "color"),
    [
        ({"name": "Tumor", "color": [200, 0, 0]}, "Tumor", "#c80000"),
        ({"name": "Tumor", "colorRGB": -3670016}, "Tumor", "#c80000"),
        ({"names": ["Tumor", "Positive"], "color": [250, 62, 62]}, "Tumor- Positive", "#fa3e3e"),
        (None, "Unclassified", "#4e9af1"),
    ],
)
def test_classes_of_every_version_are_read(tmp_path, classification, name, color):
    back = read(tmp_path, [feature(polygon(), classification=classification)])
    assert [(c.name, c.color) for c in back.vocabulary] == [(name, color)]
    assert back.instances[0].mask.same_as(Mask((1, 2), np.ones((3, 3), bool)))
    assert back.instances[0].state is InstanceState.ACCEPTED


def test_the_image_is_as_large_as_told_or_as_the_objects_reach(tmp_path):
    document = feature(polygon())
    assert read(tmp_path, document).shape == (4, 5)
    assert "does not tell the size" in read(tmp_path, document).notes[0]
    assert read(tmp_path, document, Frame("a.tif", (20, 30))).shape == (20, 30)


def test_measurements_of_older_versions_are_a_list(tmp_path):
    back = read(tmp_path, feature(polygon(), measurements=[{"name": "Score", "value": 0.25}]))
    assert back.instances[0].score == 0.25


def test_what_is_locked_in_qupath_is_a_person_s(tmp_path):
    back = read(tmp_path, feature(polygon(), isLocked=True, metadata={"ZeroSeg state": "proposed"}))
    assert back.instances[0].state is InstanceState.ACCEPTED


def test_points_and_lines_are_left_out_and_told(tmp_path):
    line = {"type": "LineString", "coordinates": [[0, 0], [1, 1]]}
    back = read(tmp_path, {"type": "FeatureCollection", "features": [feature(line), feature(polygon())]})
    assert len(back.instances) == 1
    assert "Left out: 1 × point or line." in back.notes


def test_parts_that_overlap_are_united(tmp_path):
    moved = [[[x + 1, y] for x, y in SQUARE[0]]]
    back = read(tmp_path, feature({"type": "MultiPolygon", "coordinates": [SQUARE, moved]}))
    assert back.instances[0].mask.same_as(Mask((1, 2), np.ones((3, 4), bool)))


@pytest.mark.parametrize(
    "document",
    [
        {"type": "FeatureCollection"},
        {"type": "Feature", "geometry": {"type": "Polygon", "coordinates": "x"}},
        feature(polygon([[[0, 0], [1, float("nan")], [1, 1]]])),
        feature(polygon([[[0, 0], [1e9, 0], [1e9, 1e9]]])),
        feature(polygon(plane={"z": 1 << 19, "t": 1 << 19})),
    ],
    ids=["nothing", "no corners", "no number", "too large", "too many planes"],
)
def test_damaged_and_hostile_documents_are_refused(tmp_path, document):
    with pytest.raises(BadFileError):
        read(tmp_path, document)
