"""Folders of their own, downloads switched on, and servers on loopback."""

from __future__ import annotations

import ssl
from collections.abc import Callable, Iterator

import pytest

from napari_zeroseg.backends.weights import transfer
from tests.backends.weights.file_server import FileServer


@pytest.fixture
def online(monkeypatch, tmp_path):
    """Downloads go to a folder of the test, with no token and no pauses."""
    for variable in ("HF_HUB_OFFLINE", "NAPARI_ZEROSEG_OFFLINE", "HF_ENDPOINT", "HF_TOKEN"):
        monkeypatch.delenv(variable, raising=False)
    monkeypatch.setenv("NAPARI_ZEROSEG_MODELS", str(tmp_path / "models"))
    monkeypatch.setenv("NAPARI_ZEROSEG_CONFIG", str(tmp_path / "config"))
    monkeypatch.setattr(transfer, "PAUSES", (0.0, 0.0, 0.0))
    return tmp_path / "models"


@pytest.fixture
def serve() -> Iterator[Callable[..., FileServer]]:
    servers: list[FileServer] = []

    def start(secured: ssl.SSLContext | None = None) -> FileServer:
        servers.append(FileServer(secured))
        return servers[-1]

    yield start
    for server in servers:
        server.close()


@pytest.fixture
def hub(online, serve, monkeypatch) -> FileServer:
    """A server in the place of the hub."""
    server = serve()
    monkeypatch.setenv("HF_ENDPOINT", server.url)
    return server
