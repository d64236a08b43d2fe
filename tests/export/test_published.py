"""Formats without a validator to install: what their publishers say of a file, checked with nothing of ours.

Where there is one, a format's own library judges beside its other tests: pycocotools, geojson, roifile,
ome-zarr-models.
"""

from __future__ import annotations

import tempfile
from itertools import cycle
from pathlib import Path

import numpy as np
import pytest
import yaml
from defusedxml import ElementTree
from hypothesis import HealthCheck, given, settings
from PIL import Image

from napari_zeroseg.core.compose import semantic_labels
from napari_zeroseg.export.formats import FORMATS
from tests.export.drawn import CITY, annotations

QUICK = settings(max_examples=25, deadline=None, suppress_health_check=list(HealthCheck))


@pytest.fixture(scope="module")
def written():
    """Write annotations in a format, each time into a folder of its own."""
    with tempfile.TemporaryDirectory() as place:

        def write(name, drawn):
            path = Path(tempfile.mkdtemp(dir=place)) / f"a{FORMATS[name].suffix}"
            FORMATS[name].write(path, drawn)
            return path

        yield write


@QUICK
@given(drawn=annotations())
def test_cvat(written, drawn):
    """https://docs.cvat.ai/docs/dataset_management/formats/format-cvat/: "CVAT for images 1.1", masks."""
    path = written("cvat", drawn)
    assert path.read_bytes().startswith(b"<?xml")
    assert b"<!DOCTYPE" not in path.read_bytes()
    root = ElementTree.parse(path).getroot()
    assert (root.tag, root.findtext("version")) == ("annotations", "1.1")
    labels = {label.findtext("name"): label for label in root.iterfind("meta/task/labels/label")}
    assert list(labels) == list(drawn.vocabulary.names)
    (image,) = root.findall("image")
    assert (image.get("id"), int(image.get("height")), int(image.get("width"))) == ("0", *drawn.shape)
    masks = image.findall("mask")
    assert len(masks) == len(drawn.instances)
    for mask, instance in zip(masks, drawn.instances, strict=True):
        assert mask.get("source") in {"manual", "auto", "semi-auto", "file"}
        assert mask.get("occluded") in {"0", "1"}
        left, top, width, height, _ = (
            int(mask.get(name)) for name in ("left", "top", "width", "height", "z_order")
        )
        runs = [int(run) for run in mask.get("rle").split(",")]
        assert min(runs[1:], default=1) > 0
        assert sum(runs) == width * height
        pixels = np.repeat([value for value, _ in zip(cycle([False, True]), runs, strict=False)], runs)
        drawn_pixels = np.zeros(drawn.shape, bool)
        drawn_pixels[top : top + height, left : left + width] = pixels.reshape(height, width)
        assert np.array_equal(drawn_pixels, instance.mask.to_plane(drawn.shape))
        declared = {a.findtext("name") for a in labels[mask.get("label")].iterfind("attributes/attribute")}
        assert {a.get("name") for a in mask.iterfind("attribute")} == declared


@QUICK
@given(drawn=annotations())
def test_yolo(written, drawn):
    """https://docs.ultralytics.com/datasets/segment/: class-index x1 y1 x2 y2 … of 0..1."""
    path = written("yolo", drawn)
    told = yaml.safe_load((path / "data.yaml").read_text(encoding="utf-8"))
    assert told["names"] == dict(enumerate(drawn.vocabulary.names))
    assert {"path", "train", "val"} <= set(told)
    # labels lie beside the images, under "labels" in place of "images"
    assert told["train"] == "images"
    text = (path / "labels" / "cells 1.txt").read_text(encoding="utf-8")
    lines = text.splitlines()
    assert len(lines) == len(drawn.instances)
    for line, instance in zip(lines, drawn.instances, strict=True):
        number, *parts = line.split(" ")
        assert told["names"][int(number)] == instance.name
        corners = np.array(parts, float).reshape(-1, 2)
        assert len(corners) >= 3
        assert corners.min() >= 0
        assert corners.max() <= 1
        x, y = (corners * drawn.shape[::-1]).T
        area = abs(x @ np.roll(y, -1) - y @ np.roll(x, -1)) / 2
        assert area == pytest.approx(instance.mask.area, abs=1e-4)


@QUICK
@given(drawn=annotations())
def test_pascal_voc(written, drawn):
    """Development kit of VOC2012, 2.3: indexed PNGs; an object has one class; 255 is void."""
    path = written("voc", drawn)
    classes, objects = (path / f"Segmentation{what}" / "cells 1.png" for what in ("Class", "Object"))
    with Image.open(classes) as of_classes, Image.open(objects) as of_objects:
        assert (of_classes.mode, of_objects.mode) == ("P", "P")
        assert of_classes.size == of_objects.size == drawn.shape[::-1]
        palette = np.reshape(of_objects.getpalette(), (-1, 3))
        kinds, numbers = np.asarray(of_classes), np.asarray(of_objects)
    assert palette[:4].tolist() == [[0, 0, 0], [128, 0, 0], [0, 128, 0], [128, 128, 0]]
    assert palette[255].tolist() == [224, 224, 192]
    assert np.array_equal(kinds > 0, numbers > 0)
    assert all(len(np.unique(kinds[numbers == n])) == 1 for n in np.unique(numbers))
    assert np.array_equal(kinds, semantic_labels(drawn.instances, drawn.vocabulary, drawn.shape))
    header, background, *named = (path / "labelmap.txt").read_text(encoding="utf-8").splitlines()
    assert header == "# label:color_rgb:parts:actions"
    assert background == "background:0,0,0::"
    assert len(named) == len(drawn.vocabulary)


@QUICK
@given(drawn=annotations(CITY))
def test_cityscapes(written, drawn):
    """cityscapesScripts: instance ids of 16 bits are class × 1000 + number, or the class alone."""
    path = written("cityscapes", drawn)
    with Image.open(path / "cells 1_gtFine_labelIds.png") as of_classes:
        assert of_classes.mode == "L"
        kinds = np.asarray(of_classes).astype(int)
    with Image.open(path / "cells 1_gtFine_instanceIds.png") as of_objects:
        assert of_objects.mode.startswith("I")
        numbers = np.asarray(of_objects).astype(int)
    assert kinds.shape == numbers.shape == drawn.shape
    assert np.array_equal(np.where(numbers >= 1000, numbers // 1000, numbers), kinds)
    assert set(np.unique(kinds)) <= {0, *range(4, 34)}
    # objects are counted for people and vehicles alone
    assert np.array_equal(numbers >= 1000, (kinds >= 24) & (kinds <= 33))
