"""Phrases that are kinds of a class."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pytest
from numpy.typing import NDArray

from napari_zeroseg.backends.embedded.hierarchy import Hierarchy, hierarchy
from napari_zeroseg.backends.embedded.lexicon import Lexicon
from napari_zeroseg.backends.embedded.refiner import EmbeddedRefiner
from napari_zeroseg.backends.embedded.refiner_kinds import Kinds
from napari_zeroseg.core.vocabulary import TargetClass, Vocabulary

NO_WORDS = Lexicon({})
ALONE = EmbeddedRefiner(None, words=NO_WORDS)

MADE_UP = Hierarchy(
    ["beast\t1:9", "brute\t3:5 4:5", "fellow\t2:9", "fierce\t5:1", "physicalentity\t0:1", "zorg\t3:1"],
    ["physical entity\t", "beast\t0", "fellow\t0", "big zorg\t1", "fierce fellow\t2", "fierce\t0"],
)


class Likes:
    """An encoder to which these texts are alike, and unlike all others."""

    def __init__(self, *alike: str) -> None:
        self.alike, self.asked = alike, list[str]()

    def encode(self, texts: Sequence[str]) -> NDArray[np.float32]:
        self.asked += texts
        return np.array([[text in self.alike, text not in self.alike] for text in texts], np.float32)


def _meant(phrase: str, classes: str) -> str | None:
    return ALONE.match([phrase], Vocabulary.parse(classes))[0].name


@pytest.mark.parametrize(
    ("phrase", "classes", "name"),
    [
        ("sedan", "vehicle, person", "vehicle"),
        ("mallards", "bird, fish", "bird"),
        ("leukocyte", "cell, nucleus", "cell"),
        ("police officer", "person, dog", "person"),
        ("small brown corgi", "cat, dog", "dog"),
        ("bell tower", "tower, animal", "tower"),
    ],
)
def test_a_kind_of_a_class_means_the_class(phrase: str, classes: str, name: str) -> None:
    (match,) = ALONE.match([phrase], Vocabulary.parse(classes))
    assert (match.name, match.source) == (name, "synonym")
    assert 0.4 < match.score < 1


@pytest.mark.parametrize(
    ("phrase", "classes"),
    [
        ("grass", "bird, person"),
        ("romance", "person"),
        ("animal", "dog, cat"),
        ("truck", "car, person"),
        ("shoe tree", "tree, person"),
        ("table tennis", "table, person"),
    ],
)
def test_what_is_no_kind_of_a_class_is_left_out(phrase: str, classes: str) -> None:
    assert _meant(phrase, classes) is None


def test_the_nearest_kind_wins() -> None:
    assert _meant("corgi", "animal, dog, thing") == "dog"


def test_synonyms_tell_which_sense_of_a_class_is_meant() -> None:
    rodent = Vocabulary((TargetClass("mouse"),))
    device = Vocabulary((TargetClass("mouse", synonyms=("computer mouse",)),))
    assert ALONE.match(["house mouse"], rodent)[0].name == "mouse"
    assert Kinds(device, {}, hierarchy()).match("house mouse") == ("", 0.0)


def test_words_of_the_lexicon_lend_their_class_to_what_is_below_them() -> None:
    words = Lexicon({"greens": {"kinds": "tree"}})
    refiner = EmbeddedRefiner(None, words=words)
    assert refiner.match(["willow"], Vocabulary.parse("greens"))[0].name == "greens"
    assert ALONE.match(["willow"], Vocabulary.parse("greens"))[0].name is None


def test_what_the_lexicon_says_goes_before_the_hierarchy() -> None:
    words = Lexicon({"pet": {"kinds": "corgi"}, "dog": {}})
    refiner = EmbeddedRefiner(None, words=words)
    assert refiner.match(["corgi"], Vocabulary.parse("pet, dog"))[0].name == "pet"


def test_the_lexicon_does_not_speak_against_a_class_that_it_does_not_know() -> None:
    words = Lexicon({"ship": {}, "bird": {}})
    refiner = EmbeddedRefiner(None, words=words)
    assert refiner.match(["ship"], Vocabulary.parse("vessel"))[0].name == "vessel"
    assert refiner.match(["ship"], Vocabulary.parse("bird"))[0].name is None
    # of a class that it knows, it knows best
    assert (
        EmbeddedRefiner(None, words=Lexicon({"ship": {}, "vessel": {}}))
        .match(["ship"], Vocabulary.parse("vessel"))[0]
        .name
        is None
    )


def test_the_encoder_tells_senses_apart() -> None:
    vocabulary = Vocabulary.parse("beast, fellow")
    for likes, name in (("big zorg", "beast"), ("fierce fellow", "fellow")):
        found = Kinds(vocabulary, {}, MADE_UP, Likes("brute", likes)).match("brute")
        assert found is not None
        assert found[0] == name
        assert found[1] > 0.9


def test_the_encoder_is_not_asked_where_all_senses_agree() -> None:
    encoder = Likes()
    assert Kinds(Vocabulary.parse("fellow"), {}, MADE_UP, encoder).match("zorg") == ("", 0.0)
    assert encoder.asked == []


def test_an_unknown_word_is_told_from_one_that_is_no_class() -> None:
    kinds = Kinds(Vocabulary.parse("fellow"), {}, MADE_UP)
    assert kinds.match("xyzzy") is None
    assert kinds.match("zorg") == ("", 0.0)


def test_a_caption_is_read_with_the_hierarchy_too() -> None:
    bird, fish = ALONE.suggest([], "Two mallards swim past a pier.", Vocabulary.parse("bird, fish"))
    assert bird.evidence == ("mallards",)
    assert fish.evidence == ()
