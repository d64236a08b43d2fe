from __future__ import annotations

import pytest

from napari_zeroseg.backends.entry import Role
from napari_zeroseg.backends.llm.problems import BadServerError
from napari_zeroseg.backends.llm.refiner import LlmRefiner
from napari_zeroseg.backends.llm.servers import PRESETS, choice, server_at
from napari_zeroseg.backends.registry import create
from napari_zeroseg.core.errors import MissingBackendError


@pytest.mark.parametrize(
    ("variant", "scene", "phrase", "url"),
    [
        ("gpt-4.1", "gpt-4.1", "gpt-4.1", "https://api.openai.com/v1"),
        ("gpt-4.1,gpt-4.1-mini", "gpt-4.1", "gpt-4.1-mini", "https://api.openai.com/v1"),
        ("qwen3:4b@ollama", "qwen3:4b", "qwen3:4b", "http://localhost:11434/v1"),
        (
            "Qwen/Qwen3-4B@https://gpu.example.org/v1/",
            "Qwen/Qwen3-4B",
            "Qwen/Qwen3-4B",
            "https://gpu.example.org/v1",
        ),
        ("model@2024", "model@2024", "model@2024", "https://api.openai.com/v1"),
        ("m@2024@http://[::1]:8000/v1", "m@2024", "m@2024", "http://[::1]:8000/v1"),
    ],
)
def test_a_variant_names_models_and_server(variant, scene, phrase, url):
    chosen = choice(variant)
    assert (chosen.scene_model, chosen.phrase_model, chosen.server.url) == (scene, phrase, url)


@pytest.mark.parametrize("variant", ["", "a,b,c", ",a", "a\nb", "@ollama"])
def test_a_variant_that_names_no_model_is_refused(variant):
    with pytest.raises(BadServerError, match="openai:MODEL"):
        choice(variant)


@pytest.mark.parametrize(
    "url",
    [
        "ftp://host/v1",
        "https://",
        "host/v1",
        "https://me:sk-secret@host/v1",
        "https://host/v1?key=sk-secret",
        "https://host/#sk-secret",
        "http://host:99999/v1",
        "http://[::1/v1",
    ],
)
def test_an_address_that_is_not_plain_is_refused_and_not_repeated(url):
    with pytest.raises(BadServerError) as caught:
        server_at(url)
    assert "sk-secret" not in str(caught.value)


def test_a_presets_address_is_the_preset():
    assert server_at("https://api.openai.com/v1/") is PRESETS["openai"]


@pytest.mark.parametrize(
    ("url", "loopback", "key"),
    [
        ("http://localhost:1/v1", True, True),
        ("http://127.0.0.2/v1", True, True),
        ("http://[::1]/v1", True, True),
        ("http://localhost.example.org/v1", False, False),
        ("https://example.org/v1", False, True),
        ("http://10.0.0.1/v1", False, False),
    ],
)
def test_keys_travel_unseen(url, loopback, key):
    server = server_at(url)
    assert (server.is_loopback, server.may_get_a_key) == (loopback, key)


def test_the_catalog_makes_any_variant_once():
    made = create(Role.REFINER, "openai:qwen3:4b@ollama")
    assert isinstance(made, LlmRefiner)
    assert create(Role.REFINER, "openai:qwen3:4b@ollama") is made


@pytest.mark.parametrize("name", ["openai:", "openai:*", "openai", "anthropic:x"])
def test_a_name_without_a_variant_is_unknown(name):
    with pytest.raises(MissingBackendError, match="openai:"):
        create(Role.REFINER, name)
