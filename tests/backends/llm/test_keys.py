from __future__ import annotations

import json
import logging
import traceback

import pytest

from napari_zeroseg.backends.entry import Role
from napari_zeroseg.backends.llm.keys import find_key, forget_key, store_key
from napari_zeroseg.backends.llm.problems import KeyProblemError
from napari_zeroseg.backends.llm.servers import PRESETS, server_at
from napari_zeroseg.backends.registry import create
from napari_zeroseg.core.errors import ZeroSegError
from napari_zeroseg.core.recipe import Recipe
from napari_zeroseg.core.record import make_record
from napari_zeroseg.core.vocabulary import Vocabulary
from tests.backends.llm.scripted_server import error, said

KEY = "sk-zeroseg-secret-0123456789"
SERVER = PRESETS["openai"]
VOCABULARY = Vocabulary.parse("person, car")


@pytest.fixture
def ring(monkeypatch):
    """A keyring in memory."""
    keyring = pytest.importorskip("keyring")
    from keyring.backend import KeyringBackend

    class InMemory(KeyringBackend):
        priority = 1

        def __init__(self):
            super().__init__()
            self.kept = {}

        def get_password(self, service, username):
            return self.kept.get((service, username))

        def set_password(self, service, username, password):
            self.kept[service, username] = password

        def delete_password(self, service, username):
            del self.kept[service, username]

    before, memory = keyring.get_keyring(), InMemory()
    keyring.set_keyring(memory)
    monkeypatch.delenv("OPENAI_API_KEY", raising=False)
    monkeypatch.delenv("ZEROSEG_API_KEY", raising=False)
    yield memory
    keyring.set_keyring(before)


def test_a_key_is_kept_in_the_keyring(ring):
    assert find_key(SERVER) is None
    store_key(SERVER, f" {KEY}\n")
    assert find_key(SERVER).get_secret_value() == KEY
    forget_key(SERVER)
    forget_key(SERVER)
    assert find_key(SERVER) is None


def test_the_keyring_comes_before_the_environment(ring, monkeypatch):
    monkeypatch.setenv("OPENAI_API_KEY", "sk-from-environment")
    assert find_key(SERVER).get_secret_value() == "sk-from-environment"
    store_key(SERVER, KEY)
    assert find_key(SERVER).get_secret_value() == KEY


def test_openais_key_goes_to_nobody_else(ring, monkeypatch):
    monkeypatch.setenv("OPENAI_API_KEY", KEY)
    assert find_key(server_at("https://example.org/v1")) is None
    assert find_key(PRESETS["ollama"]) is None


def test_a_key_does_not_travel_in_the_open(ring, monkeypatch):
    monkeypatch.setenv("ZEROSEG_API_KEY", KEY)
    with pytest.raises(KeyProblemError, match="plain http") as caught:
        find_key(server_at("http://192.168.0.7:8000/v1"))
    assert KEY not in str(caught.value)


@pytest.mark.parametrize("key", ["", "  ", "sk-1\nX-Evil: 1", "sk-\u00e9", "sk 1", "s" * 5000])
def test_what_cannot_be_a_key_is_refused_and_not_repeated(ring, key):
    with pytest.raises(KeyProblemError, match="Copy the key again") as caught:
        store_key(SERVER, key)
    assert not key.strip() or key not in str(caught.value)
    assert ring.kept == {}


def test_a_broken_keyring_is_told_and_not_quoted(ring, monkeypatch):
    def fail(*_args):
        raise RuntimeError(f"cannot store {KEY}")

    monkeypatch.setattr(ring, "set_password", fail)
    monkeypatch.setattr(ring, "get_password", fail)
    with pytest.raises(KeyProblemError, match="OPENAI_API_KEY") as caught:
        store_key(SERVER, KEY)
    assert KEY not in "".join(traceback.format_exception(caught.value))
    assert find_key(SERVER) is None


def through_keyring(server, ring, monkeypatch):
    store_key(server_at(server.url), KEY)


def through_environment(server, ring, monkeypatch):
    monkeypatch.setenv("ZEROSEG_API_KEY", KEY)


@pytest.mark.parametrize("put_in", [through_keyring, through_environment])
@pytest.mark.parametrize(
    "answer",
    [
        said(json.dumps({"phrases": [{"number": 1, "class": "car", "confidence": 1}]})),
        error(401, f"Incorrect API key provided: {KEY}. You can find yours at …"),
        error(400, f"Your header was: Bearer {KEY}"),
        error(503, KEY, headers={"X-Request-Id": KEY, "Set-Cookie": f"k={KEY}"}),
        said(f"Bearer {KEY} says hello"),
    ],
    ids=["good", "401", "400", "503", "nonsense"],
)
def test_a_key_leaves_no_trace(serve, ring, refiner_on, monkeypatch, caplog, tmp_path, put_in, answer):
    server = serve(lambda _request: answer)
    put_in(server, ring, monkeypatch)
    refiner, texts = refiner_on(server), []
    with caplog.at_level(logging.DEBUG):
        try:
            matches = refiner.match(["striped road"], VOCABULARY)
        except ZeroSegError as problem:
            matches = []
            texts += ["".join(traceback.format_exception(problem)), repr(problem), repr(problem.__dict__)]
    assert server.headers[0]["authorization"] == f"Bearer {KEY}"
    recipe = Recipe(backends={"refiner": f"openai:{server.variant}"}).with_vocabulary(VOCABULARY)
    recipe.write(tmp_path / "recipe.json")
    refiner.phrase_table(VOCABULARY).write(tmp_path / "phrases.json")
    record = make_record(
        image="a", shape=(1, 1), recipe=recipe, versions={}, tags=[], caption="", suggestions=[],
        phrases=matches, instances=[],
    )  # fmt: skip
    chat = refiner._scenes
    texts += [caplog.text, *(repr(r.__dict__) for r in caplog.records), json.dumps(record)]
    texts += [
        repr(refiner),
        repr(vars(refiner)),
        repr(chat),
        repr(vars(chat)),
        repr(matches),
        str(refiner.spent),
    ]
    texts += [path.read_text() for path in tmp_path.rglob("*") if path.is_file()]
    assert caplog.records
    assert not [text for text in texts if KEY in text]


def test_a_refused_key_is_told_with_the_way_on(serve, ring, refiner_on):
    server = serve(lambda _request: error(401))
    with pytest.raises(KeyProblemError, match="set ZEROSEG_API_KEY; or choose the refiner embedded:book"):
        refiner_on(server).match(["striped road"], VOCABULARY)


def test_a_changed_key_is_used_at_once(serve, ring, refiner_on):
    server = serve(lambda _request: said('{"phrases": [{"number": 1, "class": null}]}'))
    refiner = refiner_on(server)
    for key in ("sk-first", "sk-second"):
        store_key(server_at(server.url), key)
        refiner.match([key], VOCABULARY)
    assert [h["authorization"] for h in server.headers] == ["Bearer sk-first", "Bearer sk-second"]


def test_a_key_in_an_address_makes_no_backend(ring):
    with pytest.raises(ZeroSegError) as caught:
        create(Role.REFINER, f"openai:m@https://me:{KEY}@example.org/v1")
    assert KEY not in str(caught.value)
