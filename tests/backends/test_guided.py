from __future__ import annotations

from napari_zeroseg.backends.guided import guided
from napari_zeroseg.backends.registry import backends_of
from napari_zeroseg.core.guidance import Guidance
from napari_zeroseg.core.phrase_table import PhraseTable
from napari_zeroseg.core.recipe import Recipe
from napari_zeroseg.core.vocabulary import Vocabulary
from tests.fakes import FakeBackend

VOCABULARY = Vocabulary.parse("bright, grey")
DECIDED = Guidance(phrases=PhraseTable().decided("bright rim", None))


def test_a_decision_comes_before_any_refiner():
    fake = FakeBackend()
    matches = guided(fake, DECIDED).match(["bright rim", "grey blob"], VOCABULARY)
    assert [(m.phrase, m.name, m.source) for m in matches] == [
        ("bright rim", None, "you"), ("grey blob", "grey", "synonym"),
    ]  # fmt: skip


def test_what_is_decided_is_not_asked():
    fake = FakeBackend()
    guided(fake, DECIDED).match(["bright rim"], VOCABULARY)
    assert fake.calls == {}


def test_without_guidance_the_refiner_is_itself():
    fake = FakeBackend()
    assert guided(fake, Guidance()) is fake


def test_the_guidance_of_a_recipe_reaches_its_refiner():
    recipe = Recipe(guidance=Guidance(phrases=PhraseTable().decided("nuclear rim", "grey")))
    match = backends_of(recipe).refiner.match(["nuclear rim"], VOCABULARY)[0]
    assert (match.name, match.source) == ("grey", "you")
