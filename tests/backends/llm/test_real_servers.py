"""Servers of other projects that speak OpenAI's protocol, with a tiny random model on loopback.

One takes a schema and does not heed it, the other answers a schema with an error 500.
"""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from http.client import HTTPConnection, HTTPException
from importlib.util import find_spec
from pathlib import Path

import pytest

from napari_zeroseg.backends.embedded.refiner import EmbeddedRefiner
from napari_zeroseg.backends.llm.chat import ATTEMPTS, Question, Reply
from napari_zeroseg.backends.llm.openai_chat import Limits, OpenAIChat
from napari_zeroseg.backends.llm.problems import BadAnswerError, ChatError
from napari_zeroseg.backends.llm.refiner import LlmRefiner
from napari_zeroseg.backends.llm.servers import server_at
from napari_zeroseg.core.consent import Consent, agree
from napari_zeroseg.core.vocabulary import Vocabulary
from tests.backends.llm.tiny_gguf import write_tiny_gguf
from tests.backends.llm.tiny_model import write_tiny_model

VOCABULARY = Vocabulary.parse("person, car")
LIMITS = Limits(request_s=60, retries=0)
START_S = 60.0
LLAMA_PYTHON = os.environ.get("ZEROSEG_LLAMA_PYTHON", "")

needs_serving = pytest.mark.skipif(
    find_spec("fastapi") is None or find_spec("uvicorn") is None,
    reason="transformers serve needs fastapi and uvicorn: pip install 'transformers[serving]'",
)
needs_llama = pytest.mark.skipif(
    not LLAMA_PYTHON,
    reason="ZEROSEG_LLAMA_PYTHON names no interpreter with llama-cpp-python[server]",
)


@contextmanager
def running(command: list[str], port: int, log: Path) -> Iterator[str]:
    """Run a server until the block ends; yield its base URL."""
    with log.open("wb") as written:
        process = subprocess.Popen(command, stdout=written, stderr=subprocess.STDOUT)
    try:
        _wait_until_it_answers(process, port, log)
        yield f"http://127.0.0.1:{port}/v1"
    finally:
        process.terminate()
        try:
            process.wait(20)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def _wait_until_it_answers(process: subprocess.Popen, port: int, log: Path) -> None:
    end = time.monotonic() + START_S
    while not _answers(port):
        told = log.read_text(errors="replace")[-2000:]
        assert process.poll() is None, f"the server ended by itself: {told}"
        assert time.monotonic() < end, f"the server does not answer: {told}"
        time.sleep(0.2)


def _answers(port: int) -> bool:
    connection = HTTPConnection("127.0.0.1", port, timeout=5)
    try:
        connection.request("GET", "/v1/models")
        connection.getresponse()  # an error is an answer too: one of them lists no model outside its cache
        return True
    except (OSError, HTTPException):
        return False
    finally:
        connection.close()


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


class Recorded(OpenAIChat):
    """Keeps what the server said."""

    def __init__(self, url: str, model: str) -> None:
        super().__init__(server_at(url), model, limits=LIMITS)
        self.replies: list[Reply] = []

    def complete(self, question: Question, attempt: int = 0) -> Reply:
        self.replies.append(super().complete(question, attempt))
        return self.replies[-1]


def refiner_of(chat: OpenAIChat) -> LlmRefiner:
    return LlmRefiner(chat, chat, words=EmbeddedRefiner(encoder=None), consent=Consent(agree))


@pytest.fixture(scope="module")
def transformers_serve(tmp_path_factory):
    folder = tmp_path_factory.mktemp("serve")
    write_tiny_model(folder / "tiny")
    port, command = _free_port(), "from transformers.cli.transformers import main; main()"
    options = ["--host", "127.0.0.1", "--port", str(port), "--device", "cpu"]
    arguments = [sys.executable, "-c", command, "serve", str(folder / "tiny"), *options]
    with running(arguments, port, folder / "log.txt") as url:
        yield url, str(folder / "tiny")


@needs_serving
def test_transformers_serve_does_not_heed_the_schema_and_is_found_out(transformers_serve):
    chat = Recorded(*transformers_serve)
    refiner = refiner_of(chat)
    with pytest.raises(BadAnswerError, match=r"asked 3 times.*embedded:book"):
        refiner.match(["striped road"], VOCABULARY)
    assert len(chat.replies) == ATTEMPTS
    assert all(reply.usage.prompt_tokens > 0 for reply in chat.replies)
    assert refiner.phrase_table(VOCABULARY).rows == ()
    assert refiner.spent[0].usage.calls == ATTEMPTS


@needs_serving
def test_a_server_that_fails_to_list_its_models_leaves_a_way_on(transformers_serve):
    with pytest.raises(ChatError, match=r"error 500.*embedded:book"):  # it has no cache to look into
        Recorded(*transformers_serve).models()


@pytest.fixture(scope="module")
def llama_server(tmp_path_factory):
    folder = tmp_path_factory.mktemp("llama")
    write_tiny_gguf(folder / "tiny.gguf")
    port = _free_port()
    options = ["--model", str(folder / "tiny.gguf"), "--host", "127.0.0.1", "--port", str(port)]
    more = ["--model_alias", "tiny", "--n_ctx", "8192", "--chat_format", "chatml"]
    arguments = [LLAMA_PYTHON, "-m", "llama_cpp.server", *options, *more]
    with running(arguments, port, folder / "log.txt") as url:
        yield url


@needs_llama
def test_llama_cpp_refuses_one_form_of_schema_and_holds_the_model_to_the_other(llama_server):
    chat = Recorded(llama_server, "tiny")
    refiner = refiner_of(chat)
    (match,) = refiner.match(["striped road"], VOCABULARY)
    assert json.loads(chat.replies[-1].text).keys() == {"phrases"}
    assert match.name in {None, *VOCABULARY.names}
    assert refiner.spent[0].usage.prompt_tokens > 0


@needs_llama
def test_llama_cpp_lists_its_models(llama_server):
    assert Recorded(llama_server, "tiny").models() == ["tiny"]
