"""What is a kind of what."""

from __future__ import annotations

import pytest

from napari_zeroseg.backends.embedded.hierarchy import Hierarchy, hierarchy

SMALL = Hierarchy(
    ["bank\t2:3 3:1", "glass\t3:1", "glasses\t4:1", "physicalentity\t1:1", "truth\t5:1"],
    ["entity\t", "physical entity\t0", "slope\t1", "institution\t0", "eyeglasses\t1 2", "truth\t0"],
)


def _names_above(word: str) -> set[str]:
    nouns = hierarchy()
    return {nouns.name(above) for sense in nouns.things(word) for above in nouns.above(sense.meaning)}


def test_a_word_has_senses_commonest_first() -> None:
    assert [(s.meaning, s.share) for s in SMALL.senses("Banks")] == [(2, 0.75), (3, 0.25)]
    assert SMALL.senses("unheard of") == ()
    assert SMALL.senses("") == ()
    assert SMALL.senses("zzz") == ()


def test_a_spelling_that_is_known_is_no_plural() -> None:
    assert SMALL.senses("glasses")[0].meaning == 4


def test_what_is_above_comes_nearest_first() -> None:
    assert dict(SMALL.above(4)) == {4: 0, 1: 1, 2: 1, 0: 2}


def test_a_circle_ends() -> None:
    assert dict(Hierarchy([], ["a\t1", "b\t0"]).above(0)) == {0: 0, 1: 1}


def test_things_can_be_touched_where_a_word_has_such_a_sense() -> None:
    assert [s.meaning for s in SMALL.things("bank")] == [2]
    assert [s.meaning for s in SMALL.things("truth")] == [5]


@pytest.mark.parametrize(
    ("word", "above"),
    [
        ("sedan", "car"),
        ("mallards", "bird"),
        ("leukocyte", "cell"),
        ("School bus", "bus"),
        ("schoolbus", "bus"),
    ],
)
def test_the_shipped_hierarchy_knows_everyday_things(word: str, above: str) -> None:
    assert above in _names_above(word)


def test_the_shipped_hierarchy_points_only_to_meanings_that_it_has() -> None:
    nouns = hierarchy()
    words = [line.split("\t")[0] for line in nouns._words]
    assert words == sorted(words)
    assert all(nouns.above(sense.meaning) for word in words[::500] for sense in nouns.senses(word))
    assert all(nouns.senses(word) for word in words[::500])


def test_lower_case_words_seldom_are_names() -> None:
    nouns = hierarchy()
    assert "sheep" in _names_above("ewe")
    assert nouns.name(nouns.senses("ewe")[0].meaning) == "ewe"
