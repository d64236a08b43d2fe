"""Recipes as documents."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from napari_zeroseg.core.channels import Channel, Composition
from napari_zeroseg.core.errors import BadFileError
from napari_zeroseg.core.recipe import Parameters, Recipe
from napari_zeroseg.core.vocabulary import Vocabulary


def test_a_recipe_reads_back_as_it_was_written(tmp_path: Path) -> None:
    vocabulary = Vocabulary.parse("nucleus: dark purple, round; cytoplasm: pale pink")
    recipe = Recipe(parameters=Parameters(refine_points=3)).with_vocabulary(vocabulary)
    recipe.write(tmp_path / "r.json")
    read = Recipe.read(tmp_path / "r.json")
    assert read == recipe
    assert read.vocabulary == vocabulary


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("not json", "not a valid recipe"),
        ("[]", "not a valid recipe"),
        ('{"surprise": 1}', "surprise"),
        ('{"version": 2}', "version"),
        ('{"parameters": {"nms_iou": 3}}', "nms_iou"),
    ],
)
def test_a_bad_recipe_is_refused_and_the_place_is_named(tmp_path: Path, text: str, says: str) -> None:
    (tmp_path / "r.json").write_text(text)
    with pytest.raises(BadFileError, match=says):
        Recipe.read(tmp_path / "r.json")


def test_a_missing_recipe_is_a_message(tmp_path: Path) -> None:
    with pytest.raises(BadFileError, match="could not be read"):
        Recipe.read(tmp_path / "none.json")


def test_a_bad_class_in_a_recipe_is_a_message(tmp_path: Path) -> None:
    (tmp_path / "r.json").write_text('{"classes": [{"name": "background"}]}')
    with pytest.raises(BadFileError, match="background"):
        Recipe.read(tmp_path / "r.json")


def test_the_recipe_in_a_record_is_read(tmp_path: Path) -> None:
    shown = Composition(channels=(Channel(limits=(1, 9)), Channel(on=False)))
    recipe = Recipe(composition=shown).with_vocabulary(Vocabulary.parse("nucleus"))
    record = {"kind": "a record", "recipe": recipe.model_dump(mode="json"), "instances": []}
    (tmp_path / "r.json").write_text(json.dumps(record))
    assert Recipe.read(tmp_path / "r.json") == recipe


def test_a_bad_recipe_in_a_record_is_refused(tmp_path: Path) -> None:
    (tmp_path / "r.json").write_text('{"kind": "a record", "recipe": {"surprise": 1}}')
    with pytest.raises(BadFileError, match="surprise"):
        Recipe.read(tmp_path / "r.json")
