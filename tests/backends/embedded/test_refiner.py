"""Words are refined without a language model."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Sequence

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from napari_zeroseg.backends.embedded.lexicon import Lexicon
from napari_zeroseg.backends.embedded.refiner import EmbeddedRefiner
from napari_zeroseg.core.attributes import Attributes
from napari_zeroseg.core.suggestion import Tag
from napari_zeroseg.core.vocabulary import TargetClass, Vocabulary

REFINER = EmbeddedRefiner(None)


class LetterEncoder:
    """Words with like letters have like vectors; counts the texts that it is asked for."""

    def __init__(self) -> None:
        self.asked: list[str] = []

    def encode(self, texts: Sequence[str]) -> NDArray[np.float32]:
        self.asked += texts
        counts = np.array(
            [[text.count(c) for c in "abcdefghijklmnopqrstuvwxyz"] for text in texts], np.float32
        )
        return counts / np.maximum(np.linalg.norm(counts, axis=1, keepdims=True), 1e-9)


def _meant(phrase: str, classes: str, refiner: EmbeddedRefiner = REFINER) -> str | None:
    return refiner.match([phrase], Vocabulary.parse(classes))[0].name


@pytest.mark.parametrize(
    ("phrase", "classes", "name", "source"),
    [
        ("Nucleus", "nucleus, cell", "nucleus", "name"),
        ("nuclei", "nucleus, cell", "nucleus", "name"),
        ("dining table", "diningtable", "diningtable", "name"),
        ("DAPI", "nucleus, cell", "nucleus", "synonym"),
        ("girls", "person, dog", "person", "synonym"),
        ("sedan", "vehicle, person", "vehicle", "synonym"),
        ("wooden fence", "fence, wall", "fence", "synonym"),
        ("small brown dog", "cat, dog", "dog", "name"),
        ("herd of sheep", "sheep, cow", "sheep", "name"),
    ],
)
def test_words_find_their_class(phrase: str, classes: str, name: str, source: str) -> None:
    (match,) = REFINER.match([phrase], Vocabulary.parse(classes))
    assert (match.phrase, match.name) == (phrase, name)
    assert match.source in {source, "name"}
    assert 0.5 < match.score <= 1


@pytest.mark.parametrize(
    ("phrase", "classes"),
    [
        ("hot dog", "dog, cat"),
        ("toy car", "car, person"),
        ("bus stop", "bus, car"),
        ("animal", "dog, cat"),
        ("sunset", "sky, sea"),
        ("##hy", "person"),
        ("", "person"),
        ("!!", "person"),
    ],
)
def test_what_is_no_class_is_left_out(phrase: str, classes: str) -> None:
    assert _meant(phrase, classes) is None


def test_the_nearest_kind_wins_over_a_broader_class() -> None:
    assert _meant("puppy", "animal, dog") == "dog"


def test_an_imitation_is_a_toy() -> None:
    assert _meant("toy car", "car, toy") == "toy"


def test_spelling_wins_over_number() -> None:
    assert _meant("steps", "step, steps") == "steps"


def test_synonyms_given_by_the_user_count() -> None:
    vocabulary = Vocabulary((TargetClass("blorp", synonyms=("gizmo",)),))
    (match,) = REFINER.match(["gizmos"], vocabulary)
    assert (match.name, match.source) == ("blorp", "synonym")


def test_answers_keep_order_and_repeats() -> None:
    names = [m.name for m in REFINER.match(["cat", "xyzzy", "dog", "cat"], Vocabulary.parse("dog, cat"))]
    assert names == ["cat", None, "dog", "cat"]


def test_no_class_means_no_match() -> None:
    assert REFINER.match(["cat"], Vocabulary())[0].name is None


@settings(deadline=None)
@given(st.lists(st.text(max_size=40), max_size=4), st.text(max_size=80))
def test_any_text_ends_in_a_class_or_none(phrases: list[str], caption: str) -> None:
    vocabulary = Vocabulary.parse("nucleus, person")
    matches = REFINER.match(phrases, vocabulary)
    assert [m.phrase for m in matches] == phrases
    assert {m.name for m in matches} <= {"nucleus", "person", None}
    found = REFINER.suggest([Tag(phrase, 0.5) for phrase in phrases], caption, vocabulary)
    assert [s.name for s in found] == ["nucleus", "person"]
    assert all(0 <= s.confidence <= 1 for s in found)


def test_the_encoder_is_asked_only_about_unknown_words() -> None:
    encoder = LetterEncoder()
    refiner = EmbeddedRefiner(encoder)
    refiner.match(["girl", "nuclei", "hot dog"], Vocabulary.parse("person, nucleus"))
    assert encoder.asked == []
    refiner.match(["personx"], Vocabulary.parse("person, nucleus"))
    assert "personx" in encoder.asked


def test_a_near_word_means_the_class() -> None:
    refiner = EmbeddedRefiner(LetterEncoder(), words=Lexicon({}))
    (match,) = refiner.match(["gizmoo"], Vocabulary.parse("gizmo, blurb"))
    assert (match.name, match.source) == ("gizmo", "embedding")
    assert match.score > 0.9


def test_a_word_nearer_to_another_thing_is_left_out() -> None:
    words = Lexicon({"gizmot": {}})
    assert _meant("gizmoot", "gizmo", EmbeddedRefiner(LetterEncoder(), words=Lexicon({}))) == "gizmo"
    assert _meant("gizmoot", "gizmo", EmbeddedRefiner(LetterEncoder(), words=words)) is None


def test_one_near_word_is_outvoted_by_many_that_are_as_near() -> None:
    words = Lexicon({"gizmop": {}, "gizmoq": {}, "gizmor": {}})
    assert _meant("gizmou", "gizmo", EmbeddedRefiner(LetterEncoder(), words=words)) is None


def test_a_class_that_only_modifies_is_not_meant() -> None:
    refiner = EmbeddedRefiner(LetterEncoder(), words=Lexicon({}))
    assert _meant("gizmo goi", "gizmo", refiner) is None


def test_one_suggestion_per_class_in_order() -> None:
    vocabulary = Vocabulary.parse("nucleus; person; flurb")
    tags = [Tag("dark purple round blobs", 0.9), Tag("pale pink background", 0.8)]
    found = REFINER.suggest(tags, "", vocabulary)
    assert [s.name for s in found] == list(vocabulary.names)
    assert all(0 <= s.confidence <= 1 for s in found)


def test_a_look_that_was_seen_speaks_for_a_class() -> None:
    (nucleus,) = REFINER.suggest([Tag("dark purple round blobs", 0.9)], "", Vocabulary.parse("nucleus"))
    assert nucleus.confidence > 0.8
    assert nucleus.source == "attributes"
    assert nucleus.reason == "Matches its usual look: dark purple, round, compact."
    assert nucleus.evidence == ("dark purple round blobs",)


def test_the_other_polarity_speaks_against_it() -> None:
    tags = [Tag("bright round blobs", 1.0)]
    dark, bright = REFINER.suggest(tags, "", Vocabulary.parse("flurb: dark, round; gnarl: bright, round"))
    assert bright.confidence > 0.8
    assert dark.confidence < 0.3
    assert "dark" in dark.reason


def test_a_far_hue_speaks_against_it() -> None:
    green, pink = REFINER.suggest(
        [Tag("pink oval blobs", 1.0)], "", Vocabulary.parse("flurb: green, round; gnarl: pale pink, round")
    )
    assert pink.confidence > 0.5 > green.confidence


def test_shape_tells_apart_what_colour_does_not() -> None:
    rod, disc = REFINER.suggest(
        [Tag("bright elongated blobs", 1.0)], "", Vocabulary.parse("flurb: bright, rod; gnarl: bright, round")
    )
    assert rod.confidence > disc.confidence + 0.1


def test_the_background_speaks_for_no_class() -> None:
    (found,) = REFINER.suggest([Tag("dark background", 1.0)], "", Vocabulary.parse("flurb: dark"))
    assert found.confidence < 0.3


@pytest.mark.parametrize("tag", ["red", "round", "line", "white dog"])
def test_a_tag_that_describes_no_region_is_no_look(tag: str) -> None:
    (found,) = REFINER.suggest([Tag(tag, 1.0)], "", Vocabulary.parse("flurb: red or white, round, line"))
    assert found.confidence < 0.3


def test_an_unknown_class_does_not_vanish() -> None:
    (found,) = REFINER.suggest([Tag("bright round blobs", 0.9)], "", Vocabulary.parse("flurb"))
    assert 0 < found.confidence < 0.3
    assert found.reason == "No tag speaks for it; give it attributes, or accept it to try."


def test_tags_that_name_things_speak_for_their_class() -> None:
    tags = [Tag("girl", 0.99), Tag("sedan", 0.7), Tag("woman", 0.8)]
    person, car, dog = REFINER.suggest(tags, "", Vocabulary.parse("person, car, dog"))
    assert person.reason == "The tag 'girl' means person."
    assert person.evidence == ("girl", "woman")
    assert person.source == "synonym"
    assert car.confidence > 0.7 > 0.3 > dog.confidence


def test_a_surer_tag_makes_a_surer_suggestion() -> None:
    (low,) = REFINER.suggest([Tag("dog", 0.2)], "", Vocabulary.parse("dog"))
    (high,) = REFINER.suggest([Tag("dog", 0.9)], "", Vocabulary.parse("dog"))
    assert high.confidence > low.confidence


def test_words_of_the_caption_count() -> None:
    person, dog = REFINER.suggest([], "A girl holding a hot dog.", Vocabulary.parse("person, dog"))
    assert person.evidence == ("girl",)
    assert "caption" in person.reason
    assert dog.confidence < 0.3


def test_the_book_fills_what_is_empty() -> None:
    nucleus = REFINER.describe(TargetClass("nuclei"))
    assert "bright" in nucleus.attributes.color
    assert "dark purple" in nucleus.attributes.color
    assert "round" in nucleus.attributes.shape
    assert "cell nucleus" in nucleus.synonyms


def test_what_the_user_gave_wins_field_by_field() -> None:
    given = TargetClass("nucleus", synonyms=("core",), attributes=Attributes(color="green"))
    described = REFINER.describe(given)
    assert described.attributes.color == "green"
    assert "round" in described.attributes.shape
    assert described.synonyms == ("core",)


def test_a_head_noun_lends_its_look_but_not_its_synonyms() -> None:
    described = REFINER.describe(TargetClass("tadpole epidermis nucleus"))
    assert "round" in described.attributes.shape
    assert described.synonyms == ()


def test_a_kind_has_the_look_of_what_it_is_a_kind_of() -> None:
    assert (
        REFINER.describe(TargetClass("sedan")).attributes == REFINER.describe(TargetClass("car")).attributes
    )


def test_look_words_in_the_name_count() -> None:
    described = REFINER.describe(TargetClass("small green nucleus"))
    assert described.attributes.color == "green"
    assert described.attributes.shape.startswith("small")


@pytest.mark.parametrize("name", ["white blood cell", "white blood cell nucleus"])
def test_a_colour_that_is_part_of_a_name_is_no_look(name: str) -> None:
    assert "purple" in REFINER.describe(TargetClass(name)).attributes.color


def test_an_unknown_class_stays_as_it_is() -> None:
    assert REFINER.describe(TargetClass("flurb")) == TargetClass("flurb")


def test_the_encoder_finds_the_nearest_entry() -> None:
    described = EmbeddedRefiner(LetterEncoder()).describe(TargetClass("nucleux"))
    assert "round" in described.attributes.shape


def test_describing_twice_changes_nothing() -> None:
    once = REFINER.describe(TargetClass("small dark nucleus"))
    assert REFINER.describe(once) == once


def test_without_an_encoder_the_refiner_says_so() -> None:
    assert "synonyms alone" in REFINER.note
    assert EmbeddedRefiner(LetterEncoder()).note == ""


def test_usual_classes_need_no_torch() -> None:
    code = """
import sys
from napari_zeroseg.backends.embedded.refiner import EmbeddedRefiner
from napari_zeroseg.core.suggestion import Tag
from napari_zeroseg.core.vocabulary import Vocabulary
refiner = EmbeddedRefiner()
vocabulary = Vocabulary(tuple(refiner.describe(c) for c in Vocabulary.parse("nucleus, cell")))
refiner.suggest([Tag("bright round blobs", 0.9)], "about 60 small bright blobs", vocabulary)
refiner.match(["nuclei", "DAPI"], vocabulary)
print(sorted({"torch", "transformers", "napari", "qtpy"} & sys.modules.keys()))
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
