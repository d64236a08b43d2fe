"""From names to backends."""

from __future__ import annotations

import importlib

import pytest

from napari_zeroseg.backends.catalog import ENTRIES, PROFILES, find
from napari_zeroseg.backends.entry import Role
from napari_zeroseg.backends.registry import names_of
from napari_zeroseg.core.errors import MissingBackendError
from napari_zeroseg.core.recipe import Recipe


@pytest.mark.parametrize("entry", ENTRIES, ids=lambda e: f"{e.role}-{e.name}")
def test_every_entry_leads_to_a_class(entry: object) -> None:
    module, _, attribute = entry.target.partition(":")  # type: ignore[attr-defined]
    assert callable(getattr(importlib.import_module(module), attribute))


@pytest.mark.parametrize("name", PROFILES)
def test_every_profile_names_a_backend_for_each_role(name: str) -> None:
    assert PROFILES[name].keys() == set(Role)
    for role, backend in PROFILES[name].items():
        assert find(role, backend).name == backend


def _memory(profile: str) -> dict[str, int]:
    """Return the bytes of each model of a profile; one that fills two roles is held once."""
    return {name: find(role, name).memory for role, name in PROFILES[profile].items()}


def test_a_laptop_holds_all_models_of_its_profile_in_half_of_16_gb() -> None:
    assert 0 < sum(_memory("laptop").values()) < 8e9


def test_a_card_of_12_gb_holds_each_model_of_the_paper_with_room_to_compute() -> None:
    assert 0 < max(_memory("paper").values()) < 0.7 * 12e9


def test_a_recipe_can_swap_the_backend_of_one_role() -> None:
    names = names_of(Recipe(backends={"detector": "other:one"}))
    assert names[Role.DETECTOR] == "other:one"
    assert names[Role.TAGGER] == "embedded:regions"


@pytest.mark.parametrize(
    "recipe",
    [Recipe(profile="none"), Recipe(backends={"painter": "embedded:regions"})],
    ids=["profile", "role"],
)
def test_an_unknown_name_lists_those_there_are(recipe: Recipe) -> None:
    with pytest.raises(MissingBackendError, match=r"embedded|detector"):
        names_of(recipe)


def test_an_unknown_backend_lists_those_there_are() -> None:
    with pytest.raises(MissingBackendError, match="embedded:regions"):
        find(Role.DETECTOR, "nothing:here")
