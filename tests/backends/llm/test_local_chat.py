from __future__ import annotations

import json

import pytest

from napari_zeroseg.backends.embedded.refiner import EmbeddedRefiner
from napari_zeroseg.backends.llm import local_chat
from napari_zeroseg.backends.llm.chat import Message, Question
from napari_zeroseg.backends.llm.local_chat import LocalChat
from napari_zeroseg.backends.llm.problems import BadAnswerError, ChatError
from napari_zeroseg.backends.llm.prompts import phrase_question
from napari_zeroseg.backends.llm.refiner import LlmRefiner
from napari_zeroseg.core.cancellation import Cancellation, CancelledError, cancelled_by
from napari_zeroseg.core.consent import Consent
from napari_zeroseg.core.errors import MissingBackendError
from napari_zeroseg.core.vocabulary import Vocabulary
from tests.backends.llm.tiny_model import write_tiny_model

VOCABULARY = Vocabulary.parse("person, car")


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    path = tmp_path_factory.mktemp("model")
    write_tiny_model(path)
    return str(path)


@pytest.fixture(scope="module")
def chat(folder):
    return LocalChat(folder)


def question(max_tokens=300):
    return Question((Message("user", "hello"),), phrase_question(["a b"], VOCABULARY).schema, max_tokens)


def test_the_schema_holds_even_random_weights(chat):
    pytest.importorskip("xgrammar")
    reply = chat.complete(question(600), attempt=1)
    assert reply.text.startswith('{"phrases":')
    assert reply.usage.answer_tokens <= 600


def test_the_same_question_gets_the_same_answer(chat):
    assert chat.complete(question(40)).text == chat.complete(question(40)).text
    assert chat.complete(question(40), 1).text == chat.complete(question(40), 1).text


def test_random_weights_end_well_without_a_constraint(chat, monkeypatch):
    monkeypatch.setattr(local_chat, "find_spec", lambda _name: None)
    refiner = LlmRefiner(chat, chat, words=EmbeddedRefiner(encoder=None))
    with pytest.raises(BadAnswerError, match="embedded:book"):
        refiner.match(["striped road"], VOCABULARY)


def test_nobody_is_asked_for_consent(chat, monkeypatch):
    def ask(_letter):
        raise AssertionError("nothing leaves the machine")

    monkeypatch.setattr(
        LocalChat, "complete", lambda *_: _reply({"phrases": [{"number": 1, "class": "car"}]})
    )
    refiner = LlmRefiner(chat, chat, words=EmbeddedRefiner(encoder=None), consent=Consent(ask))
    assert refiner.match(["striped road"], VOCABULARY)[0].name == "car"


def _reply(answer):
    from napari_zeroseg.backends.llm.chat import Reply

    return Reply(json.dumps(answer))


def test_cancel_ends_the_writing(chat):
    cancellation = Cancellation()
    cancellation.cancel()
    with cancelled_by(cancellation), pytest.raises(CancelledError):
        chat.complete(question(4000))


def test_a_question_too_long_is_refused(chat):
    with pytest.raises(ChatError, match="too long"):
        chat.complete(question(8192))


def test_a_model_that_is_not_there_is_told_with_the_way_to_get_it(tmp_path):
    with pytest.raises(MissingBackendError, match="hf download"):
        LocalChat("nobody/nothing").complete(question())
    with pytest.raises(MissingBackendError, match="not on this machine"):
        LocalChat(str(tmp_path)).complete(question())
