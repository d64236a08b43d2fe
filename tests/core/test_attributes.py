"""The look of a class in words."""

from __future__ import annotations

import pytest

from napari_zeroseg.core.attributes import Attributes, alternatives, terms


@pytest.mark.parametrize(
    ("text", "look"),
    [
        ("dark purple, round, small", Attributes("dark purple", "round, small")),
        ("small dark purple", Attributes("dark purple", "small")),
        ("round and small", Attributes(shape="round, small")),
        ("pale, around the nucleus", Attributes("pale", "around the nucleus")),
        ("bright or dark purple, granular", Attributes("bright or dark purple", texture="granular")),
        ("Bright Green\nlong, striped", Attributes("Bright Green", "long", "striped")),
        ("like a sponge", Attributes(texture="like a sponge")),
        (" , ,", Attributes()),
    ],
)
def test_plain_words_find_their_field(text: str, look: Attributes) -> None:
    assert Attributes.parse(text) == look


def test_a_look_is_read_back_from_its_text() -> None:
    look = Attributes("bright or dark purple", "round or oval, compact", "granular")
    assert Attributes.parse(look.text()) == look


def test_or_else_fills_empty_fields_alone() -> None:
    given = Attributes(color="red")
    assert given.or_else(Attributes("blue", "round", sense="a ball")) == Attributes(
        "red", "round", "", "a ball"
    )


def test_terms_all_hold_and_each_has_alternatives() -> None:
    assert terms("round or oval, small") == (("round", "oval"), ("small",))
    assert terms("") == ()


def test_or_within_a_word_parts_nothing() -> None:
    assert alternatives("orange or coral") == ("orange", "coral")
