import contextlib
import io
import json
import tempfile
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pycocotools.coco import COCO

from napari_zeroseg.core.annotations import Annotations
from napari_zeroseg.core.errors import BadFileError
from napari_zeroseg.core.instance import Instance, InstanceState
from napari_zeroseg.core.mask import Mask
from napari_zeroseg.core.vocabulary import Vocabulary
from napari_zeroseg.export.coco import read_coco, write_coco, write_coco_polygons
from tests.export.drawn import annotations

SHAPE = (20, 30)
VOCABULARY = Vocabulary.parse("nucleus; cytoplasm")


def instances() -> tuple[Instance, ...]:
    square = Mask((2, 4), np.ones((5, 6), bool))
    round_one = Mask((10, 10), np.array([[0, 1, 0], [1, 1, 1], [0, 1, 0]], bool))
    return (
        Instance(1, "cytoplasm", square, 0.75),
        Instance(1, "nucleus", round_one, 1.0, InstanceState.EDITED),
    )


@pytest.fixture
def path(tmp_path):
    write_coco(tmp_path / "a.json", Annotations("a.png", SHAPE, VOCABULARY, instances()))
    return tmp_path / "a.json"


def test_the_document_is_what_the_format_asks_for(path):
    document = json.loads(path.read_text())
    assert document["images"] == [{"id": 1, "file_name": "a.png", "height": 20, "width": 30}]
    assert [(c["id"], c["name"]) for c in document["categories"]] == [(1, "nucleus"), (2, "cytoplasm")]
    first = document["annotations"][0]
    assert (first["category_id"], first["image_id"], first["iscrowd"]) == (2, 1, 0)
    assert first["bbox"] == [4, 2, 6, 5]
    assert first["area"] == 30
    assert first["score"] == 0.75
    assert first["segmentation"]["size"] == [20, 30]
    assert first["attributes"]["state"] == "proposed"


def test_instances_come_back(path):
    (back,) = read_coco(path)
    assert (back.image, back.shape, back.vocabulary.names) == ("a.png", SHAPE, ("nucleus", "cytoplasm"))
    for before, after in zip(instances(), back.instances, strict=True):
        assert after.mask.same_as(before.mask)
        assert (after.name, after.score, after.state) == (before.name, before.score, before.state)


def test_polygons_and_plain_runs_of_other_tools_are_read(tmp_path):
    document = {
        "images": [{"id": 7, "file_name": "b.png", "height": 20, "width": 30}],
        "categories": [{"id": 3, "name": "cell"}],
        "annotations": [
            {"id": 1, "image_id": 7, "category_id": 3, "segmentation": [[4, 2, 10, 2, 10, 7, 4, 7]]},
            {
                "id": 2, "image_id": 7, "category_id": 3,
                "segmentation": {"size": [20, 30], "counts": [0, 20, 580]},
            },
        ],
    }  # fmt: skip
    (tmp_path / "b.json").write_text(json.dumps(document))
    (back,) = read_coco(tmp_path / "b.json")
    assert back.instances[0].mask.same_as(Mask((2, 4), np.ones((5, 6), bool)))
    assert back.instances[1].mask.same_as(Mask((0, 0), np.ones((20, 1), bool)))
    assert [(i.name, i.id) for i in back.instances] == [("cell", 1), ("cell", 2)]


def test_names_that_no_class_can_have_are_changed_and_told(path):
    document = json.loads(path.read_text())
    document["categories"][0]["name"] = "background"
    document["categories"][1]["name"] = "Tumor: Positive"
    path.write_text(json.dumps(document))
    (back,) = read_coco(path)
    assert back.vocabulary.names == ("background-", "Tumor- Positive")
    assert "'Tumor: Positive' is called 'Tumor- Positive'" in back.notes[1]


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda d: d.pop("images"), "images: Field required"),
        (lambda d: d["annotations"][0].update(category_id=9), "category 9"),
        (lambda d: d["annotations"][0]["segmentation"].update(counts="!!"), "damaged"),
        (lambda d: d["annotations"][0]["segmentation"].update(size=[1, 1]), "size"),
        (lambda d: d["images"][0].update(height=10**6, width=10**6), "1000000 × 1000000"),
    ],
)
def test_a_damaged_document_is_refused_and_the_place_named(path, change, message):
    document = json.loads(path.read_text())
    change(document)
    path.write_text(json.dumps(document))
    with pytest.raises(BadFileError, match=message):
        read_coco(path)


# pycocotools 2.0.11 is not made for numpy 2.4
@pytest.mark.filterwarnings("ignore::DeprecationWarning:pycocotools")
@pytest.mark.parametrize("write", [write_coco, write_coco_polygons])
@settings(max_examples=40, deadline=None)
@given(drawn=annotations(names=st.sampled_from(["nucleus", "Zellkern ä", "細胞"])))
def test_the_reference_implementation_reads_the_same_masks(write, drawn):
    with tempfile.TemporaryDirectory() as folder, contextlib.redirect_stdout(io.StringIO()):
        write(Path(folder) / "a.json", drawn)
        coco = COCO(Path(folder) / "a.json")
    assert [c["name"] for c in coco.loadCats(coco.getCatIds())] == list(drawn.vocabulary.names)
    for number, instance in enumerate(drawn.instances, 1):
        read = coco.annToMask(coco.anns[number])
        assert np.array_equal(read, instance.mask.to_plane(drawn.shape))
        assert coco.anns[number]["area"] == read.sum()


@pytest.mark.parametrize("state", [["edited"], {"a": 1}, 7, "mine", None])
def test_a_state_that_there_is_not_counts_as_accepted(path, state):
    document = json.loads(path.read_text())
    document["annotations"][0]["attributes"] = {"state": state, "instance_id": state}
    document["annotations"][0]["score"] = state
    path.write_text(json.dumps(document))
    (back,) = read_coco(path)
    assert (back.instances[0].state, back.instances[0].score) == (InstanceState.ACCEPTED, 1.0)
