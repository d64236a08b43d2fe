"""A class in several short texts."""

from napari_zeroseg.core.attributes import Attributes
from napari_zeroseg.core.descriptions import MAX_DESCRIPTIONS, descriptions
from napari_zeroseg.core.vocabulary import TargetClass

LOOK = Attributes("dark purple", "round, small", "granular", "of a cell, not of an atom")


def test_a_bare_class_is_named_in_plain_texts() -> None:
    assert descriptions(TargetClass("nucleus")) == ("a photo of a nucleus.", "nucleus in an image.")


def test_every_part_of_the_look_is_told_of_every_name() -> None:
    texts = descriptions(TargetClass("nucleus", synonyms=("karyon",), attributes=LOOK))
    for name in ("nucleus", "karyon"):
        for part in (LOOK.text(), LOOK.color, LOOK.shape, LOOK.texture, LOOK.sense):
            assert f"{name}, {part}." in texts


def test_no_text_comes_twice_and_there_are_never_too_many() -> None:
    many = TargetClass("a", synonyms=tuple(f"name {i}" for i in range(40)), attributes=LOOK)
    texts = descriptions(many)
    assert len(texts) == len(set(texts))
    assert MAX_DESCRIPTIONS - 7 < len(texts) <= MAX_DESCRIPTIONS
    only_color = descriptions(TargetClass("sky", attributes=Attributes(color="blue")))
    assert only_color.count("sky, blue.") == 1


def test_braces_in_a_look_are_plain_characters() -> None:
    assert "a, {0}." in descriptions(TargetClass("a", attributes=Attributes(color="{0}")))
