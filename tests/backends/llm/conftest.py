"""A scripted server, a person who agrees, and refiners that hear of nothing but spelling."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest

from napari_zeroseg.backends.embedded.refiner import EmbeddedRefiner
from napari_zeroseg.backends.llm.openai_chat import Limits, OpenAIChat
from napari_zeroseg.backends.llm.refiner import LlmRefiner
from napari_zeroseg.backends.llm.servers import server_at
from napari_zeroseg.core.consent import Consent, agree
from tests.backends.llm.scripted_server import Script, ScriptedServer

QUICK = Limits(connect_s=5, request_s=5, retries=3, pause_s=0.001, longest_pause_s=1, max_bytes=50_000)


@pytest.fixture
def serve(monkeypatch) -> Iterator[Callable[[Script], ScriptedServer]]:
    """Start scripted servers; no key is in the environment."""
    for variable in ("OPENAI_API_KEY", "ZEROSEG_API_KEY"):
        monkeypatch.delenv(variable, raising=False)
    servers: list[ScriptedServer] = []

    def start(script: Script) -> ScriptedServer:
        servers.append(ScriptedServer(script))
        return servers[-1]

    yield start
    for server in servers:
        server.close()


@pytest.fixture
def chat_on() -> Callable[[ScriptedServer], OpenAIChat]:
    """A chat with short limits."""

    def make(server: ScriptedServer, limits: Limits = QUICK) -> OpenAIChat:
        return OpenAIChat(server_at(server.url), "scripted", limits=limits)

    return make


@pytest.fixture
def refiner_on(chat_on) -> Callable[..., LlmRefiner]:
    """A refiner on a server, of a person who agrees to everything unless said otherwise."""

    def make(server: ScriptedServer, consent: Consent | None = None, limits: Limits = QUICK) -> LlmRefiner:
        chat = chat_on(server, limits)
        words = EmbeddedRefiner(encoder=None)
        return LlmRefiner(chat, chat, words=words, consent=consent or Consent(agree))

    return make
