"""Class names, the list of them, and their text form."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from napari_zeroseg.core.attributes import Attributes
from napari_zeroseg.core.errors import BadVocabularyError
from napari_zeroseg.core.vocabulary import MAX_CLASSES, TargetClass, Vocabulary


@pytest.mark.parametrize(
    ("name", "says"),
    [
        ("", "no name"),
        ("  ", "no name"),
        ("background", "id 0"),
        ("BackGround", "id 0"),
        ("two\nlines", "line|control"),
        ("tab\there", "control"),
        ("cell 🦠", "microbe"),
        ("a\u200bb", "zero width"),
        ("x" * 81, "81 characters"),
        ("a:b", "colon"),
    ],
)
def test_bad_names_are_refused_with_a_reason(name: str, says: str) -> None:
    with pytest.raises(BadVocabularyError, match=says):
        TargetClass(name)


@pytest.mark.parametrize("name", ["nucleus", "Zellkern (groß)", "細胞", "CD8+ T-cell", "nœud", "H&E"])
def test_ordinary_names_of_any_script_are_fine(name: str) -> None:
    assert TargetClass(name).name == name


def test_duplicates_are_refused_whatever_their_case() -> None:
    with pytest.raises(BadVocabularyError, match="twice"):
        Vocabulary.parse("nucleus, Nucleus")


def test_too_many_classes_are_refused() -> None:
    names = ", ".join(f"class {i}" for i in range(300))
    with pytest.raises(BadVocabularyError, match=f"300 classes.*{MAX_CLASSES}"):
        Vocabulary.parse(names)


def test_an_empty_vocabulary_is_refused_where_one_is_required() -> None:
    with pytest.raises(BadVocabularyError, match="no class"):
        Vocabulary.parse(" ; ").required()


def test_text_with_attributes() -> None:
    vocabulary = Vocabulary.parse("nucleus: dark purple, round; cytoplasm: pale pink")
    assert vocabulary.names == ("nucleus", "cytoplasm")
    assert vocabulary["nucleus"].attributes == Attributes(color="dark purple", shape="round")
    assert vocabulary.id_of("cytoplasm") == 2


def test_commas_part_classes_only_where_no_class_has_attributes() -> None:
    assert Vocabulary.parse("person, car\nroad").names == ("person", "car", "road")


def test_every_class_gets_a_colour_of_its_own_and_keeps_it() -> None:
    vocabulary = Vocabulary.parse("a, b, c")
    assert len({c.color for c in vocabulary}) == 3
    shorter = vocabulary.removed("a").added(TargetClass("d"))
    assert shorter["b"].color == vocabulary["b"].color
    assert len({c.color for c in shorter}) == 3


def test_overlap_is_allowed_when_either_class_says_so() -> None:
    vocabulary = Vocabulary((TargetClass("cell", may_overlap=("nucleus",)), TargetClass("nucleus")))
    assert vocabulary.overlap_allowed("nucleus", "cell")
    assert not Vocabulary.parse("cell, nucleus").overlap_allowed("nucleus", "cell")


_names = st.text("abcdefgh -+é", min_size=1, max_size=12).filter(str.strip).map(str.strip)


@given(st.lists(_names, min_size=1, max_size=6, unique_by=str.casefold))
def test_the_text_form_reads_back(names: list[str]) -> None:
    vocabulary = Vocabulary(tuple(TargetClass(n) for n in names))
    assert Vocabulary.parse(vocabulary.text()) == vocabulary
