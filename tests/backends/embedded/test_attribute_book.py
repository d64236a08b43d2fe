"""The attribute book: the shipped file, and how entries are found."""

from __future__ import annotations

from importlib import resources

import pytest
import yaml
from pydantic import ValidationError

from napari_zeroseg.backends.embedded.attribute_book import AttributeBook, attribute_book
from napari_zeroseg.core.text import squashed


def _keys(name: str) -> list[str]:
    text = resources.files("napari_zeroseg.backends.embedded").joinpath(name).read_text(encoding="utf-8")
    return [key.value for key, _ in yaml.compose(text, yaml.SafeLoader).value]


@pytest.mark.parametrize("name", ["attribute_book.yaml", "synonyms.yaml"])
def test_no_entry_hides_another(name: str) -> None:
    keys = [squashed(key) for key in _keys(name)]
    assert len(keys) == len(set(keys))


def test_the_book_knows_what_is_under_microscopes_and_in_streets() -> None:
    assert len(attribute_book()) >= 150
    for name in ("nucleus", "mitochondria", "E. coli", "gland", "pollen", "grain boundaries", "roads", "sky"):
        assert attribute_book().named(name), name


def test_every_entry_tells_a_look() -> None:
    assert [entry.name for entry in attribute_book() if not entry.attributes.text()] == []


def test_the_ways_of_imaging_become_alternatives() -> None:
    book = AttributeBook(
        {"dot": {"color": {"fluorescence": "bright", "em": "dark or bright"}, "shape": "round"}}
    )
    entry = book.named("dots")
    assert entry is not None
    assert entry.attributes.color == "bright or dark"
    assert entry.attributes.shape == "round"


def test_a_name_wins_over_a_synonym() -> None:
    book = AttributeBook({"animal": {"synonyms": "cat", "color": "brown"}, "cat": {"color": "black"}})
    assert book.named("cats").attributes.color == "black"  # type: ignore[union-attr]


def test_a_longer_name_is_found_by_its_head() -> None:
    entry = attribute_book().headed("white blood cell nucleus")
    assert entry is not None
    assert entry.name == "nucleus"
    assert attribute_book().headed("flurb gnarl") is None


@pytest.mark.parametrize("entry", [{"colour": "red"}, {"color": 3}, {"synonyms": {"a": "b"}}])
def test_a_misspelt_entry_is_refused(entry: dict[str, object]) -> None:
    with pytest.raises(ValidationError):
        AttributeBook({"thing": entry})
