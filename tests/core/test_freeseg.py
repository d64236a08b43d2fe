"""The numbers of FreeSeg-Diff in a recipe."""

from __future__ import annotations

import pytest
from pydantic import ValidationError

from napari_zeroseg.core.crf import CrfParameters
from napari_zeroseg.core.freeseg import CRF_SIDE, FreeSegParameters
from napari_zeroseg.core.recipe import Recipe


def test_the_random_field_is_the_published_one() -> None:
    assert FreeSegParameters().crf(CRF_SIDE) == CrfParameters(100.0, 20.0, 20 / 255, 5.0, 20.0, 10)


def test_its_lengths_go_with_the_image() -> None:
    half = FreeSegParameters().crf(CRF_SIDE // 2)
    assert (half.appearance_sigma, half.smoothness_sigma) == (10.0, 10.0)
    assert FreeSegParameters().crf(4).appearance_sigma == 1.0


def test_a_recipe_carries_them() -> None:
    recipe = Recipe.model_validate_json('{"method": "freeseg-diff", "freeseg": {"clusters": "silhouette"}}')
    assert recipe.freeseg.clusters == "silhouette"
    assert Recipe.model_validate_json(recipe.model_dump_json()) == recipe


@pytest.mark.parametrize("wrong", [{"clusters": 1}, {"clusters": "some"}, {"certainty": 0.5}, {"k": 4}])
def test_what_makes_no_sense_is_refused(wrong: dict[str, object]) -> None:
    with pytest.raises(ValidationError):
        FreeSegParameters.model_validate(wrong)
