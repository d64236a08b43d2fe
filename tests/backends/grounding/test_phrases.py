"""From class names to the words that a detector reads."""

from __future__ import annotations

import pytest

from napari_zeroseg.backends.grounding.phrases import Phrase, names_of, plain, synonyms_of
from napari_zeroseg.core.errors import BadVocabularyError
from napari_zeroseg.core.vocabulary import TargetClass


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Traffic Light", "traffic light"),
        ("no. 3", "no 3"),
        ("e.g. this?", "e g this"),
        ("[SEP] cat", "sep cat"),
        ("t-shirt", "t-shirt"),
        ("red_blood  cell", "red blood cell"),
        ("baker\u2019s oven", "baker's oven"),
        ("ﬁsh", "fish"),
        ("...", ""),
    ],
)
def test_what_would_part_a_phrase_is_taken_out(text, expected):
    assert plain(text) == expected


def test_each_class_gets_its_name_and_further_words_from_its_synonyms():
    classes = [TargetClass("Cell", synonyms=("cyte", "CELL", "dot.")), TargetClass("dot", synonyms=("cyte",))]
    names = names_of(classes)
    assert names == [Phrase("cell", "Cell"), Phrase("dot", "dot")]
    assert synonyms_of(classes, names) == [Phrase("cyte", "Cell")]


def test_the_first_synonym_of_each_class_comes_before_the_second_of_any():
    classes = [TargetClass("a", synonyms=("b", "c", "d")), TargetClass("e", synonyms=("f", "b"))]
    assert [p.text for p in synonyms_of(classes, names_of(classes))] == ["b", "f", "c", "d"]


def test_a_name_without_letters_is_said_by_its_synonym():
    assert names_of([TargetClass("??", synonyms=("riddle",))]) == [Phrase("riddle", "??")]


def test_a_class_without_words_and_classes_with_the_same_words_are_refused():
    with pytest.raises(BadVocabularyError, match="cannot read the class name"):
        names_of([TargetClass("??")])
    with pytest.raises(BadVocabularyError, match="same words"):
        names_of([TargetClass("a.b"), TargetClass("a b")])
