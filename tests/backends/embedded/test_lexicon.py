"""Which words mean the same."""

from __future__ import annotations

import pytest
from pydantic import ValidationError

from napari_zeroseg.backends.embedded.lexicon import Lexicon, lexicon

SMALL = Lexicon(
    {
        "vehicle": {"kinds": "car"},
        "car": {"same": "automobile", "kinds": "sedan"},
        "mouse": {"same": "house mouse"},
        "pointer": {"same": "mouse"},
    }
)


def test_a_lineage_climbs_from_kinds_to_what_they_are_kinds_of() -> None:
    assert list(SMALL.lineage("Sedans")) == [("sedan",), ("car",), ("vehicle",)]
    assert next(SMALL.lineage("automobile")) == ("car",)
    assert list(SMALL.lineage("unheard of")) == []


def test_a_word_may_mean_several_things() -> None:
    assert set(SMALL.meanings("mouse")) == {"mouse", "pointer"}
    assert SMALL.same_as("mouse") == ()


def test_other_words_for_a_thing() -> None:
    assert SMALL.same_as("cars") == ("automobile",)
    assert SMALL.same_as("automobile") == ("car",)
    assert SMALL.same_as("sedan") == ()


def test_a_circle_of_kinds_ends() -> None:
    circle = Lexicon({"a": {"kinds": "b"}, "b": {"kinds": "a"}})
    assert list(circle.lineage("a")) == [("a",), ("b",)]


def test_an_unknown_field_is_refused() -> None:
    with pytest.raises(ValidationError):
        Lexicon({"car": {"sorts": "sedan"}})


def test_the_shipped_lexicon_knows_laboratory_and_street() -> None:
    for word, concept in (
        ("leukocyte", "cell"),
        ("girl", "person"),
        ("DAPI", "nucleus"),
        ("lorry", "vehicle"),
    ):
        assert concept in {c for level in lexicon().lineage(word) for c in level}, word
