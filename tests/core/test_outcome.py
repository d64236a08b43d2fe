"""How masks of a method agree with a person's, and the table of it."""

from __future__ import annotations

import csv
import io

import numpy as np
import pytest

from napari_zeroseg.core.instance import Instance
from napari_zeroseg.core.mask import Mask
from napari_zeroseg.core.outcome import Outcome, class_ious, table
from napari_zeroseg.core.vocabulary import Vocabulary

VOCABULARY = Vocabulary.parse("cell, hole")


def _square(name: str, x: int, side: int = 10) -> Instance:
    return Instance(1, name, Mask((0, x), np.ones((side, side), bool)), 0.9)


def test_overlap_is_that_of_whole_classes_and_only_of_those_a_person_has() -> None:
    found = [_square("cell", 0), _square("hole", 50)]
    assert class_ious(found, [_square("cell", 5)], VOCABULARY, (20, 80)) == {"cell": pytest.approx(50 / 150)}
    assert class_ious([], [_square("hole", 5)], VOCABULARY, (20, 80)) == {"hole": 0.0}
    assert class_ious(found, [], VOCABULARY, (20, 80)) == {}


def test_the_table_has_a_row_for_each_method() -> None:
    text = table(
        [
            Outcome("one, embedded", (_square("cell", 0),), 1.5, 2_000_000, {"cell": 0.5, "hole": 0.25}),
            Outcome("two", problem='No "weights".'),
        ]
    )
    first, second = csv.DictReader(io.StringIO(text))
    assert first["method"] == "one, embedded"
    assert (first["objects"], first["seconds"], first["memory_mb"]) == ("1", "1.500", "2.0")
    assert (first["mean_iou"], first["iou hole"]) == ("0.3750", "0.2500")
    assert (second["mean_iou"], second["problem"]) == ("", 'No "weights".')
