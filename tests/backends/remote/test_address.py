"""How models on servers are named, and which names are refused."""

from __future__ import annotations

import pytest

from napari_zeroseg.backends.catalog import find
from napari_zeroseg.backends.entry import Role
from napari_zeroseg.backends.remote.address import PLAIN_VARIABLE, Address, Place, place_of
from napari_zeroseg.backends.remote.problems import BadAddressError


@pytest.mark.parametrize(
    ("text", "url"),
    [
        ("https://gpu.lab:8765", "https://gpu.lab:8765"),
        (" https://GPU.lab:8765/ ", "https://gpu.lab:8765"),
        ("https://gpu.lab/zeroseg/", "https://gpu.lab/zeroseg"),
        ("http://localhost:8765", "http://localhost:8765"),
        ("http://127.0.0.1:8765", "http://127.0.0.1:8765"),
        ("http://[::1]:8765", "http://[::1]:8765"),
    ],
)
def test_an_address_is_written_in_one_way(text, url):
    assert Address.parse(text).url == url


@pytest.mark.parametrize(
    "text",
    [
        "", "gpu.lab:8765", "ftp://gpu.lab", "https://", "https://gpu.lab:0", "https://gpu.lab:x",
        "https://gpu.lab?x=1", "https://gpu.lab#x", "https://gpu.lab/../x", "https://gpu.lab/a b",
        "https://gpu.lab\\@evil.org", "https://-gpu", "https://gpu.lab/%2e%2e", "https://" + "a" * 400,
    ],
)  # fmt: skip
def test_what_is_no_address_is_refused(text):
    with pytest.raises(BadAddressError, match="not of the form"):
        Address.parse(text)


def test_a_password_in_an_address_is_refused_and_not_repeated():
    with pytest.raises(BadAddressError) as told:
        Address.parse("https://me:secret-word@gpu.lab")
    assert "secret-word" not in str(told.value)


def test_plain_http_is_for_this_machine_unless_a_person_says_otherwise(monkeypatch):
    with pytest.raises(BadAddressError, match="others can read your images"):
        Address.parse("http://192.168.0.7:8765")
    monkeypatch.setenv(PLAIN_VARIABLE, "gpu.lab:1, 192.168.0.7:8765")
    assert Address.parse("http://192.168.0.7:8765").may_get_a_key
    with pytest.raises(BadAddressError):
        Address.parse("http://192.168.0.8:8765")


@pytest.mark.parametrize("model", ["sam:vit-b", "mobile-sam", "transformers:Qwen/Qwen3-4B", "sd:1.5"])
def test_a_model_on_a_server_is_a_backend_like_any_other(model):
    name = f"remote:https://gpu.lab:8765#{model}"
    assert find(Role.SEGMENTER, name).is_open
    place = place_of(name)
    assert place == Place(Address("https://gpu.lab:8765"), model)
    assert place.name == name


@pytest.mark.parametrize(
    "model", ["", "#", "remote:https://other#x", "a b", "sam:", "../x", "sam:vit\n", "ä:b"]
)
def test_what_names_no_model_is_refused(model):
    with pytest.raises(BadAddressError):
        Place.parse(f"https://gpu.lab#{model}")
    with pytest.raises(BadAddressError):
        Place.parse("https://gpu.lab")


def test_models_of_this_machine_have_no_place():
    assert place_of("sam:vit-b") is None
