"""The published schemas: current, and true of what is written."""

from __future__ import annotations

import json
from pathlib import Path

import jsonschema
import numpy as np
import pytest

from napari_zeroseg import api, cli
from napari_zeroseg.core.recipe import Recipe
from napari_zeroseg.core.record import Record
from napari_zeroseg.core.volume import Volume
from napari_zeroseg.evaluation.document import ClassScores, Evaluation, Score
from napari_zeroseg.evaluation.published import published
from napari_zeroseg.export.bundle import Bundle
from napari_zeroseg.schemas import KINDS, schema
from napari_zeroseg.session.session import Session
from tests.fakes import fake_backends, source, squares

PUBLISHED = Path(__file__).parents[1] / "docs" / "schemas"


@pytest.mark.parametrize("kind", KINDS)
def test_what_is_published_is_current(kind, capsys):
    assert (PUBLISHED / f"{kind}.json").read_text(encoding="utf-8") == schema(kind), (
        f"write it anew: napari-zeroseg schema {kind} > docs/schemas/{kind}.json"
    )
    assert cli.main(["schema", kind]) == 0
    assert json.loads(capsys.readouterr().out) == json.loads(schema(kind))
    jsonschema.Draft202012Validator.check_schema(json.loads(schema(kind)))


def corrected(image, **where):
    session = Session(backends=fake_backends)
    session.open(image)
    session.add_classes("bright: white, square; grey")
    session.suggest()
    session.accept("bright")
    session.reject("grey")
    session.run()
    session.begin("grey")
    session.click(10, 45)
    session.commit()
    session.paint("grey", (1, 1), np.ones((2, 2), np.int32))
    return api.Result(
        "a", session.source, session.state, session.recipe, notes=session.notebook.notes, **where
    )


def stack():
    volume = Volume(
        np.stack([squares()] * 2), "ZYX", {"Y": 0.5, "X": 0.5}, {"Y": "micrometer", "X": "micrometer"}
    )
    return corrected(api.volume_source("a", volume), grid=volume.grid(None))


@pytest.mark.parametrize("make", [lambda: corrected(source()), stack], ids=["plane", "stack"])
def test_a_record_is_as_its_schema_says(make, tmp_path):
    result = make()
    bundle = Bundle(tmp_path, "a", result.vocabulary.names)
    bundle.write(result)
    document = json.loads(bundle.record.read_text(encoding="utf-8"))
    jsonschema.validate(document, json.loads(schema("record")))
    record = Record.model_validate_json(bundle.record.read_bytes())
    assert [i.name for i in record.instances] == [i.name for i in result.instances]
    assert {b.role: b.name for b in record.backends}["detector"] == "embedded:regions"
    assert record.script == result.notes
    jsonschema.validate(document["recipe"], json.loads(schema("recipe")))


def test_a_recipe_is_as_its_schema_says(tmp_path):
    Recipe(left_out=("a",)).write(tmp_path / "recipe.json")
    jsonschema.validate(json.loads((tmp_path / "recipe.json").read_text()), json.loads(schema("recipe")))
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.validate({"nonsense": 1}, json.loads(schema("recipe")))


def test_an_evaluation_is_as_its_schema_says():
    made = Evaluation(
        title="a",
        classes_of="voc-21",
        available=1,
        images=1,
        seconds=0.5,
        recipe=Recipe(),
        scores={"miou": Score(value=0.5, low=0.25, high=0.75)},
        classes=(ClassScores(name="a", thing=True, pixels=3, objects=1, iou=0.5),),
        confusion=((3,),),
        published=published("voc-21"),
        resamples=10,
        seed=0,
    )
    jsonschema.validate(json.loads(made.model_dump_json()), json.loads(schema("evaluation")))
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.validate({"kind": "another"}, json.loads(schema("evaluation")))
