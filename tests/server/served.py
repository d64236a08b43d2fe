"""A server of the embedded models on loopback, in a thread of the test."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from threading import Thread

import numpy as np
from pydantic import SecretStr

from napari_zeroseg.backends.remote import client as clients
from napari_zeroseg.backends.remote.address import Address
from napari_zeroseg.backends.remote.client import RemoteServer
from napari_zeroseg.backends.remote.connection import Line, Patience
from napari_zeroseg.core.consent import Consent
from napari_zeroseg.server.limits import Limits
from napari_zeroseg.server.offers import offers
from napari_zeroseg.server.run import Server, Settings, listening

TOKEN = "a-token-for-these-tests-alone"
EMBEDDED = ("embedded:regions", "embedded:book", "embedded:texture", "embedded:scales")
SOON = Patience(connect_s=2, answer_s=30, first_s=0.3, again_s=120, busy_s=10, pause_s=0.05)


@dataclass
class Running:
    """A server that answers."""

    port: int
    server: Server

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def name(self, model: str) -> str:
        """A model's variant, as its backend is made of it."""
        return f"{self.url}#{model}"

    @contextmanager
    def client(self, token: str = TOKEN, consent: Consent | None = None) -> Iterator[RemoteServer]:
        address = Address.parse(self.url)
        line = Line(address, SOON)
        agreed = consent or Consent(lambda _: True)
        try:
            yield RemoteServer(address, agreed, line, lambda _: SecretStr(token))
        finally:
            line.close()

    def raw(self) -> socket.socket:
        """A connection on which a test writes what it likes."""
        return socket.create_connection(("127.0.0.1", self.port), timeout=10)

    def ask(self, text: str, body: bytes = b"", token: str = TOKEN) -> bytes:
        """Send a request line, with the token, and return all that comes until the connection ends."""
        head = f"{text} HTTP/1.1\r\nHost: x\r\nConnection: close\r\nAuthorization: Bearer {token}\r\n"
        with closing(self.raw()) as connection:
            connection.sendall(head.encode() + b"Content-Length: %d\r\n\r\n" % len(body) + body)
            return until_closed(connection)


def until_closed(connection: socket.socket) -> bytes:
    parts = []
    try:
        while part := connection.recv(1 << 16):
            parts.append(part)
    except ConnectionResetError:
        pass
    return b"".join(parts)


@contextmanager
def served(
    limits: Limits | None = None, certificate: tuple[Path | None, Path | None] = (None, None)
) -> Iterator[Running]:
    settings = Settings("127.0.0.1", 0, SecretStr(TOKEN), *certificate, limits or Limits())
    with listening(settings) as door:
        server = Server(settings, offers(EMBEDDED))
        thread = Thread(target=server.run, kwargs={"sockets": [door]})
        thread.start()
        try:
            yield Running(door.getsockname()[1], server)
        finally:
            server.should_exit = True
            thread.join()


def forget_servers() -> None:
    """Close the connections that models of the catalog have kept, and know no server any more."""
    for server in clients._servers.values():
        server._line.close()
    clients._servers.clear()


def picture(seed: int, side: int = 96) -> np.ndarray:
    """Bright discs on a dark ground with noise, as models see them; every seed gives another one."""
    rng = np.random.default_rng(seed)
    rows, cols = np.mgrid[:side, :side]
    grey = rng.normal(0.15, 0.02, (side, side))
    for row, col in rng.integers(12, side - 12, (6, 2)):
        grey[(rows - row) ** 2 + (cols - col) ** 2 < rng.integers(16, 64)] += 0.6
    plane = np.repeat(grey.clip(0, 1)[..., None], 3, axis=2).astype(np.float32)
    if seed % 2:
        plane[..., 0] *= 0.5  # another colour than grey
    plane.flags.writeable = False
    return plane
