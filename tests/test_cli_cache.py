"""What is kept of encoded images, on the command line."""

from __future__ import annotations

import json

import pytest

from napari_zeroseg import cli
from napari_zeroseg.backends.embedding_limits import VARIABLE
from napari_zeroseg.backends.embeddings import IN_MEMORY, ON_DISK
from tests.backends.test_embedding_store import KEY, embedding


@pytest.fixture
def kept():
    ON_DISK.write(KEY, embedding())
    IN_MEMORY.clear()


def run(capsys, *arguments):
    assert cli.main(["cache", *arguments]) == 0
    return capsys.readouterr().out


def test_info_tells_how_many_how_large_and_where(capsys, kept, monkeypatch):
    out = run(capsys, "info")
    assert "1 encoded image, 0 MB of at most 5.0 GB" in out
    assert "embeddings" in out
    monkeypatch.setenv(VARIABLE, "disk=0")
    assert "On the disk: switched off" in run(capsys, "info")


def test_info_as_json(capsys, kept):
    told = json.loads(run(capsys, "info", "--json"))
    assert (told["count"], told["bytes"]) == (1, ON_DISK.stock().bytes)
    assert told["limit"] == 5 * 10**9


def test_clear_removes_all(capsys, kept):
    IN_MEMORY.of("a", embedding)
    assert "1 encoded image, 0 MB removed from" in run(capsys, "clear")
    assert ON_DISK.stock().count == 0
    assert "a" not in IN_MEMORY
    assert "0 encoded images" in run(capsys, "clear")


def test_a_limit_that_cannot_be_read_is_wrong_use(capsys, monkeypatch):
    monkeypatch.setenv(VARIABLE, "much")
    assert cli.main(["cache", "info"]) == 2
    assert VARIABLE in capsys.readouterr().err
