"""Words in one spelling."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from napari_zeroseg.core.text import heads, normalized, singular, squashed, stem, word_runs


@pytest.mark.parametrize(
    ("text", "plain"),
    [
        ("  White Blood-cell  Nuclei ", "white blood cell nuclei"),
        ("the_dog's bowl.", "dog's bowl"),
        ("##hy", "hy"),
        ("a 3.5 mm bead", "3.5 mm bead"),
        ("ﬁbre\u200b\u2019s", "fibre's"),
        ("!?", ""),
    ],
)
def test_normalized(text: str, plain: str) -> None:
    assert normalized(text) == plain


@given(st.text(max_size=30))
def test_normalized_text_stays_as_it_is(text: str) -> None:
    once = normalized(text)
    assert "  " not in once
    assert once == once.strip()
    assert normalized(once).split() == once.split() or once.split()[0] in {
        "a", "an", "the", "some", "many", "several", "few",
    }  # fmt: skip


@pytest.mark.parametrize(
    ("plural", "one"),
    [
        ("nuclei", "nucleus"), ("mitochondria", "mitochondrion"), ("bacteria", "bacterium"),
        ("cells", "cell"), ("boxes", "box"), ("berries", "berry"), ("leaves", "leaf"),
        ("women", "woman"), ("policemen", "policeman"), ("buses", "bus"), ("potatoes", "potato"),
    ],
)  # fmt: skip
def test_singular_of_plurals(plural: str, one: str) -> None:
    assert singular(plural) == one


@pytest.mark.parametrize(
    "word", ["nucleus", "glass", "lens", "tennis", "axis", "specimen", "gas", "scissors"]
)
def test_singular_leaves_what_is_no_plural(word: str) -> None:
    assert singular(word) == word


def test_stem_makes_the_noun_singular_and_no_other_word() -> None:
    assert stem("Glass Boxes") == "glass box"
    assert stem("sports cars") == "sports car"


def test_glasses_alone_are_worn_and_wine_glasses_are_several() -> None:
    assert stem("glasses") == "glasses"
    assert stem("wine glasses") == "wine glass"


def test_squashed_joins_words() -> None:
    assert squashed("dining-tables") == squashed("diningtable")


@pytest.mark.parametrize(
    ("phrase", "expected"),
    [
        ("white blood cell nuclei", ["blood cell nucleus", "cell nucleus", "nucleus"]),
        ("roof of a house", ["roof"]),
        ("bunch of bananas", ["banana"]),
        ("man on a horse", ["man"]),
        ("membrane (all kinds merged)", ["membrane"]),
        ("glia/extracellular", ["glia"]),
        ("dog", []),
    ],
)
def test_heads(phrase: str, expected: list[str]) -> None:
    assert list(heads(phrase)) == expected


def test_word_runs_are_longest_first_and_have_no_stop_word_at_an_end() -> None:
    runs = list(word_runs("a girl with a hot dog"))
    assert runs[0].count(" ") >= runs[-1].count(" ")
    assert "hot dog" in runs
    assert not any(run.split()[0] in {"a", "with"} or run.split()[-1] in {"a", "with"} for run in runs)
