"""The refiner, phrases and decisions that a session holds across images."""

from __future__ import annotations

from dataclasses import replace

import pytest

from napari_zeroseg.backends.llm.chat import Usage
from napari_zeroseg.backends.llm.prices import spending
from napari_zeroseg.backends.registry import Backends
from napari_zeroseg.core.attributes import Attributes
from napari_zeroseg.core.errors import MissingBackendError, NotNowError, ZeroSegError
from napari_zeroseg.core.guidance import MAX_EXAMPLES, Example, Guidance
from napari_zeroseg.core.phrase_table import PhraseTable
from napari_zeroseg.core.suggestion import Decision, Idea
from napari_zeroseg.core.vocabulary import Vocabulary
from napari_zeroseg.session.readiness import Action
from napari_zeroseg.session.session import Session
from tests.fakes import FakeBackend, fake_backends, source


class Thinker(FakeBackend):
    """A language model that takes 10 + 1 tokens for a suggestion."""

    def __init__(self, fails=False):
        super().__init__()
        self.fails, self.usage = fails, Usage()

    @property
    def spent(self):
        return (spending("openai", "gpt-4o", self.usage),) if self.usage.calls else ()

    def suggest(self, tags, caption, vocabulary):
        self.usage += Usage(1, 10, 1)
        if self.fails:
            raise ZeroSegError("No answer could be read.")
        return super().suggest(tags, caption, vocabulary)

    def ideas(self, tags, caption, vocabulary):
        return (Idea("ground", ("dark ground",), "It is dark."),)

    def forget(self, phrase, vocabulary):
        self.forgotten = (phrase, vocabulary.names)

    def describe_all(self, vocabulary):
        look = Attributes(color="white")
        return replace(vocabulary, classes=tuple(replace(c, attributes=look) for c in vocabulary))


def session_with(thinker):
    fake = FakeBackend()
    session = Session(backends=lambda recipe: Backends(fake, fake, thinker, fake, fake, fake))
    session.open(source())
    session.add_classes("bright")
    return session


@pytest.fixture
def session():
    session = Session(backends=fake_backends)
    session.open(source())
    session.add_classes("bright, grey")
    session.suggest()
    return session


def decisions(session):
    return {s.name: (s.decision, s.carried) for s in session.state.suggestions}


def test_another_image_with_the_same_classes_gets_the_decisions_as_defaults(session):
    session.accept("bright")
    session.open(source(key="second"))
    session.suggest()
    assert decisions(session) == {"bright": (Decision.ACCEPTED, True), "grey": (Decision.PENDING, False)}
    session.accept("bright")
    assert decisions(session)["bright"] == (Decision.ACCEPTED, False)
    session.undo()
    assert decisions(session)["bright"] == (Decision.ACCEPTED, True)


def test_what_was_taken_back_is_no_default(session):
    session.accept("bright")
    session.undo()
    session.open(source(key="second"))
    session.suggest()
    assert set(decisions(session).values()) == {(Decision.PENDING, False)}


def test_other_classes_have_decisions_of_their_own(session):
    session.accept("bright")
    session.open(source(key="second"))
    session.remove_class("grey")
    session.suggest()
    assert decisions(session) == {"bright": (Decision.PENDING, False)}


def test_an_image_keeps_its_own_decision_when_it_is_looked_at_again(session):
    session.open(source(key="second"))
    session.suggest()
    session.reject("bright")
    session.open(source())
    session.suggest()
    assert decisions(session)["bright"] == (Decision.PENDING, False)


def test_an_unknown_refiner_is_refused_and_the_old_one_stays(session):
    with pytest.raises(MissingBackendError):
        session.choose_refiner("oracle:1")
    assert session.refining.name == "embedded:book"
    session.choose_refiner("transformers:folder")
    assert session.recipe.backends["refiner"] == "transformers:folder"


def test_the_bill_of_a_run_counts_that_run_alone():
    session = session_with(Thinker())
    session.suggest()
    session.suggest()
    (line,) = session.refining.bill
    assert line.startswith("gpt-4o: 1 request, 10 + 1 tokens, about $0.0000")


def test_a_run_that_fails_is_billed_too_and_leaves_the_state_alone():
    session = session_with(Thinker(fails=True))
    before, told = session.state.suggestions, []
    session.problem_raised.connect(told.append)
    session.suggest()
    assert len(session.refining.bill) == 1
    assert session.state.suggestions == before
    assert not session.state.tags
    assert "No answer" in str(told[0])


def test_an_idea_becomes_a_class_only_when_it_is_added():
    session = session_with(Thinker())
    session.suggest()
    assert [i.name for i in session.state.ideas] == ["ground"]
    assert session.state.vocabulary.names == ("bright",)
    session.add_idea("ground")
    assert session.state.vocabulary.names == ("bright", "ground")


def test_looks_come_from_a_language_model_as_one_step():
    session = session_with(Thinker())
    session.describe_looks()
    assert session.state.vocabulary["bright"].attributes.color == "white"
    session.undo()
    assert not session.state.vocabulary["bright"].attributes


def test_the_embedded_refiner_says_that_it_writes_no_looks(session):
    told = []
    session.problem_raised.connect(told.append)
    session.describe_looks()
    assert "Only a language model" in str(told[0])


def test_a_persons_decision_on_a_phrase_outlives_what_machines_say(session):
    vocabulary = session.state.vocabulary
    session.accept("bright")
    session.run()
    refining = session.refining
    assert refining.phrase_table(vocabulary).find("bright square", vocabulary.names).name == "bright"
    refining.decide_phrase("bright square", "grey")
    session.run()
    (row,) = refining.phrase_table(vocabulary).rows
    assert (row.name, row.source, row.locked) == ("grey", "you", True)
    refining.forget_phrase(vocabulary, "bright square")
    assert not refining.phrase_table(vocabulary).rows


def test_a_corrected_image_becomes_an_example(session):
    assert "Accept or draw" in session.readiness[Action.TEACH]
    session.accept("bright", "grey")
    session.run()
    session.accept_instances(("grey", 1))
    session.teach()
    (example,) = session.recipe.guidance.examples
    assert example.tags == tuple(tag.text for tag in session.state.tags)
    assert (example.caption, example.classes) == (session.state.caption, ("grey",))
    session.accept_instances(("bright", 1))
    session.teach()
    (example,) = session.recipe.guidance.examples  # of one image the latest
    assert example.classes == ("bright", "grey")
    session.refining.forget_examples()
    assert not session.recipe.guidance.examples


def test_before_an_image_is_seen_it_is_no_example():
    session = Session(backends=fake_backends)
    with pytest.raises(NotNowError, match="Ask for suggestions first"):
        session.teach()


def test_the_latest_examples_stay_within_bounds():
    guidance = Guidance()
    for number in range(MAX_EXAMPLES + 2):
        guidance = guidance.taught(Example.of([f"tag {number}", "x" * 1000] * 200, "y" * 1000, ["bright"]))
    assert len(guidance.examples) == MAX_EXAMPLES
    assert guidance.examples[-1].tags[0] == f"tag {MAX_EXAMPLES + 1}"
    assert Guidance.model_validate_json(guidance.model_dump_json()) == guidance


def test_the_refiner_forgets_a_phrase_too():
    thinker = Thinker()
    session = session_with(thinker)
    session.refining.decide_phrase("gizmo", "bright")
    session.forget_phrase("gizmo")
    assert thinker.forgotten == ("gizmo", ("bright",))
    assert not session.refining.phrase_table(session.state.vocabulary).rows


def test_machine_decisions_are_remembered_per_vocabulary(session):
    session.accept("bright")
    session.run()
    assert not session.refining.phrase_table(Vocabulary.parse("other")).rows


def test_a_loaded_table_leaves_locked_rows_alone(session):
    refining, vocabulary = session.refining, session.state.vocabulary
    refining.decide_phrase("a", "bright")
    loaded = PhraseTable().decided("a", "grey").with_lock("a", locked=False).decided("b", "grey")
    refining.take_phrases(loaded)
    found = {r.phrase: r.name for r in refining.phrase_table(vocabulary).rows}
    assert found == {"a": "bright", "b": "grey"}


def test_a_note_is_kept_in_the_recipe_and_bounded(session):
    session.ask_again("x" * 900)
    assert session.recipe.guidance.note == "x" * 500
