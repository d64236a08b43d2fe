"""Label Studio's JSON, and the packed runs in it."""

import json

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from napari_zeroseg.core.annotations import Annotations, Frame
from napari_zeroseg.core.errors import BadFileError
from napari_zeroseg.core.instance import Instance, InstanceState
from napari_zeroseg.core.mask import Mask
from napari_zeroseg.core.vocabulary import Vocabulary
from napari_zeroseg.export.label_studio import read_label_studio, write_label_studio
from napari_zeroseg.export.packed_runs import pack, unpack
from tests.export.drawn import masks

SHAPE = (3, 5)
BAR = Mask((1, 1), np.ones((1, 3), bool))
BY_LABEL_STUDIO = [0, 0, 0, 60, 57, 27, 254, 23, 0, 183, 255, 133, 192, 0]
"""``BAR``, from encode_rle of label-studio-converter 0.0.59, whose sizes of counts are others than ours."""


def region(kind, value, **more):
    told = {"original_width": 5, "original_height": 3, "image_rotation": 0}
    return {"type": kind, "value": value} | told | more


def read(tmp_path, task, frame=None):
    (tmp_path / "a.json").write_text(json.dumps([task]))
    (back,) = read_label_studio(tmp_path / "a.json", frame)
    return back


def test_masks_that_label_studio_packed_are_read():
    assert unpack(BY_LABEL_STUDIO, SHAPE).same_as(BAR)
    assert unpack(pack(BAR, SHAPE), SHAPE).same_as(BAR)


def test_values_that_are_not_repeated_are_read():
    # four values in one block of 1 pixel: count 4, size 8, then "as they are", 0 0 0 9
    bits = f"{4:032b}{7:05b}" + "0011" * 4 + "000" + f"{3:04b}" + f"{9:032b}"
    data = [int(bits.ljust(96, "0")[i : i + 8], 2) for i in range(0, 96, 8)]
    assert unpack(data, (1, 1)).area == 1


def test_runs_longer_than_a_block_are_cut():
    mask = Mask((2, 0), np.ones((298, 300), bool))
    assert unpack(pack(mask, (300, 300)), (300, 300)).same_as(mask)


@settings(max_examples=50, deadline=None)
@given(mask=masks((6, 7)), data=st.data())
def test_damaged_runs_are_refused_or_read(mask, data):
    packed = pack(mask, (6, 7))
    assert unpack(packed, (6, 7)).same_as(mask)
    place = data.draw(st.integers(0, len(packed) - 1))
    packed[place] = data.draw(st.integers(0, 255))
    try:
        unpack(packed[: data.draw(st.integers(0, len(packed)))], (6, 7))
    except BadFileError as error:
        assert error.happened  # noqa: PT017 - it may as well be read


def test_what_a_person_answers_for_is_an_annotation_and_the_rest_a_prediction(tmp_path):
    states = (InstanceState.PROPOSED, InstanceState.EDITED)
    instances = tuple(Instance(n, "cell", BAR, 0.5, state) for n, state in enumerate(states, 1))
    drawn = Annotations("a.png", SHAPE, Vocabulary.parse("cell"), instances)
    write_label_studio(tmp_path / "a.json", drawn)
    (task,) = json.loads((tmp_path / "a.json").read_text())
    ((edited,),) = (made["result"] for made in task["annotations"])
    ((proposed,),) = (made["result"] for made in task["predictions"])
    assert task["data"] == {"image": "a.png"}
    assert (edited["meta"], proposed["meta"]["state"]) == ({"id": 2, "state": "edited"}, "proposed")
    assert (edited["type"], edited["value"]["brushlabels"]) == ("brushlabels", ["cell"])
    assert (edited["original_width"], edited["original_height"]) == (5, 3)


@pytest.mark.parametrize(
    ("made", "area"),
    [
        (region("brushlabels", {"format": "rle", "rle": BY_LABEL_STUDIO, "brushlabels": ["cell"]}), 3),
        (
            region(
                "polygonlabels", {"points": [[0, 0], [40, 0], [40, 100], [0, 100]], "polygonlabels": ["cell"]}
            ),
            6,
        ),
        (
            region(
                "rectanglelabels", {"x": 20, "y": 0, "width": 20, "height": 100, "rectanglelabels": ["cell"]}
            ),
            3,
        ),
    ],
    ids=["brush", "polygon", "rectangle"],
)
def test_what_a_person_drew_in_label_studio_is_read(tmp_path, made, area):
    task = {"id": 1, "data": {"image": "/data/upload/1/c%2fells.png"}, "annotations": [{"result": [made]}]}
    back = read(tmp_path, task)
    (instance,) = back.instances
    assert (back.image, back.shape) == ("c%2fells.png", SHAPE)
    assert (instance.name, instance.mask.area, instance.state) == ("cell", area, InstanceState.ACCEPTED)


def test_predictions_count_where_nobody_has_annotated(tmp_path):
    made = [{"result": [region("brushlabels", {"rle": BY_LABEL_STUDIO, "brushlabels": ["cell"]}, score=0.5)]}]
    cancelled = [{"result": [], "was_cancelled": True}]
    alone = read(tmp_path, {"data": {"image": "https://a.org/b%20c.png?d=1"}, "predictions": made})
    assert [(i.state, i.score) for i in alone.instances] == [(InstanceState.PROPOSED, 0.5)]
    assert alone.image == "b c.png"
    both = read(tmp_path, {"data": {}, "predictions": made, "annotations": made + cancelled})
    assert [i.state for i in both.instances] == [InstanceState.ACCEPTED]


def test_other_results_are_left_out_and_told(tmp_path):
    back = read(
        tmp_path, {"data": {}, "annotations": [{"result": [{"type": "choices", "value": {}}]}]}, FRAME
    )
    assert back.notes == ("Left out: 1 × choices without an area.",)


FRAME = Frame("a.png", SHAPE)


@pytest.mark.parametrize(
    ("task", "message"),
    [
        ({}, "0.data"),
        ({"data": {}}, "does not tell the size"),
        (
            {"data": {}, "annotations": [{"result": [region("brushlabels", {"rle": [300]})]}]},
            "no list of bytes",
        ),
        ({"data": {}, "annotations": [{"result": [region("brushlabels", {"rle": [0, 0, 0, 61]})]}]}, "fill"),
        (
            {"data": {}, "annotations": [{"result": [region("a", {}), region("a", {}, original_width=6)]}]},
            "several sizes",
        ),
    ],
)
def test_damaged_tasks_are_refused(tmp_path, task, message):
    with pytest.raises(BadFileError, match=message):
        read(tmp_path, task)
