"""Data sets as their archives unpack: which images there are, and what their truth says."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from napari_zeroseg import cli_evaluate
from napari_zeroseg.core.errors import BadFileError
from napari_zeroseg.evaluation.classes import IGNORED, class_list
from napari_zeroseg.evaluation.datasets import LAYOUTS, open_dataset
from tests.evaluation import layouts

SOME = {  # for some values of label files the names of the classes, None where they are not judged
    "voc": {0: "background", 1: "aeroplane", 15: "person", 20: "tv monitor", 255: None},
    "pascal-context": {0: None, 1: "aeroplane", 15: "cat", 29: "grass", 59: "wood"},
    "ade20k": {0: None, 1: "wall", 13: "person", 150: "flag"},
    "coco-stuff": {
        0: "person",
        11: None,
        12: "stop sign",
        89: "toothbrush",
        105: "clouds",
        181: "wood",
        255: None,
    },
    "cityscapes": {0: None, 7: "road", 9: None, 24: "person", 26: "car", 29: None, 33: "bicycle"},
    "dram": {0: "background", 3: "bird", 7: None, 15: "person", 17: "sheep"},
}
COUNTS = {
    "voc-21": 21, "voc-20": 20, "ade20k-150": 150, "pascal-context-59": 59, "pascal-context-60": 60,
    "coco-stuff-171": 171, "coco-stuff-27": 27, "cityscapes-19": 19, "dram-12": 12,
}  # fmt: skip


def test_there_are_as_many_classes_as_the_name_says_and_each_is_another():
    for layout in LAYOUTS.values():
        for key in layout.lists:
            classes = class_list(key)
            assert len(classes) == COUNTS[key] == len(set(classes.names))
            values = [value for c in classes.classes for value in c.values]
            assert len(values) == len(set(values))
            assert len(classes.vocabulary()) == len(classes) - classes.background


def test_the_command_knows_all_data_sets():
    assert set(cli_evaluate.DATASETS) == {*LAYOUTS, "folder"} == {*layouts.WRITERS, "folder"}


@pytest.mark.parametrize("name", layouts.WRITERS)
def test_images_and_truth_are_found_as_the_archive_unpacks(name, tmp_path):
    made = layouts.WRITERS[name](tmp_path)
    dataset = open_dataset(name, tmp_path)
    assert len(dataset.samples) == len(made)
    meanings = SOME[name]
    for sample, scene in zip(dataset.samples, made, strict=True):
        assert sample.path.is_file()
        truth = dataset.truth(sample)
        assert truth.classes.shape == scene.values.shape
        for value in np.unique(scene.values).tolist():
            places = np.unique(truth.classes[scene.values == value]).tolist()
            if value in meanings:
                expected = meanings[value]
                assert places == [IGNORED if expected is None else dataset.classes.names.index(expected)]
    known = {value: dataset.classes.decoded(np.array([value])).item() for value in meanings}
    names = {v: None if place == IGNORED else dataset.classes.names[place] for v, place in known.items()}
    assert names == meanings


@pytest.mark.parametrize("name", layouts.WRITERS)
def test_the_root_may_be_the_folder_of_the_archive_too(name, tmp_path, monkeypatch):
    layouts.WRITERS[name](tmp_path)
    monkeypatch.chdir(tmp_path)
    below = {"voc": "VOCdevkit", "pascal-context": "VOCdevkit/VOC2010", "ade20k": "ADEChallengeData2016"}
    below["dram"] = "DRAM_processed"
    (sample, *_) = open_dataset(name, Path(below.get(name, "."))).samples
    assert sample.path.is_absolute()  # workers may be elsewhere


@pytest.mark.parametrize("name", ["voc", "cityscapes"])
def test_objects_are_told_apart_where_the_data_set_does(name, tmp_path):
    made = layouts.WRITERS[name](tmp_path)
    dataset = open_dataset(name, tmp_path)
    truth = dataset.truth(dataset.samples[0])
    apart = {value for value in np.unique(made[0].objects).tolist() if value}
    assert len(list(truth.masks())) == len(apart)
    for _, place, mask in truth.masks():
        assert dataset.classes.classes[place].thing
        assert (truth.classes[mask.slices][mask.pixels] == place).all()


def test_cars_in_a_group_have_a_class_and_no_object(tmp_path):
    layouts.cityscapes(tmp_path)
    dataset = open_dataset("cityscapes", tmp_path)
    truth = dataset.truth(dataset.samples[0])
    car = dataset.classes.names.index("car")
    assert ((truth.classes == car) & (truth.objects == 0))[40:46, 50:62].all()


def test_pixelmaps_hold_the_ids_themselves(tmp_path):
    made = layouts.coco_pixelmaps(tmp_path)
    dataset = open_dataset("coco-stuff", tmp_path)
    truth = dataset.truth(dataset.samples[0]).classes
    values = made[0].values
    assert dataset.classes.names[np.unique(truth[values == 106]).item()] == "clouds"
    assert dataset.classes.names[np.unique(truth[values == 182]).item()] == "wood"
    assert (truth[(values == 0) | (values == 183)] == IGNORED).all()


def test_other_numbers_of_classes_can_be_scored(tmp_path):
    layouts.coco_stuff(tmp_path)
    layouts.pascal_context(tmp_path)
    coarse = open_dataset("coco-stuff", tmp_path, 27)
    seen = np.unique(coarse.truth(coarse.samples[0]).classes)
    names = {coarse.classes.names[place] for place in seen if place != IGNORED}
    assert names == {"person", "outdoor", "indoor", "sky", "solid"}
    whole = open_dataset("pascal-context", tmp_path, 60)
    assert whole.truth(whole.samples[0]).classes.min() == 0
    with pytest.raises(BadFileError, match=r"not scored with 58 classes.*59, 60"):
        open_dataset("pascal-context", tmp_path, 58)


@pytest.mark.parametrize("name", LAYOUTS)
def test_a_wrong_root_is_told_with_what_is_expected_and_what_is_there(name, tmp_path):
    (tmp_path / "holiday.jpg").touch()
    with pytest.raises(BadFileError, match=r"which holds holiday\.jpg") as told:
        open_dataset(name, tmp_path)
    assert LAYOUTS[name].expected[0] in str(told.value)
    with pytest.raises(BadFileError, match="which is no folder"):
        open_dataset(name, tmp_path / "nowhere")


def test_a_list_without_its_images_is_told(tmp_path):
    made = layouts.voc(tmp_path)
    (tmp_path / "VOCdevkit" / "VOC2012" / "SegmentationObject" / f"{made[0].stem}.png").unlink()
    with pytest.raises(BadFileError, match=r"There is no '.*SegmentationObject"):
        open_dataset("voc", tmp_path)


def test_lists_lead_nowhere_else(tmp_path):
    layouts.dram(tmp_path)
    (tmp_path / "DRAM_processed" / "test" / "dram.txt").write_text("../../secret\n/etc/passwd\n")
    paths = [sample.path for sample in open_dataset("dram", tmp_path).samples]
    assert all(path.is_relative_to(tmp_path) and ".." not in path.parts for path in paths)
    assert len(paths) == 2
