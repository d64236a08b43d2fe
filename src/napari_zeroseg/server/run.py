"""A server from its settings to its end."""

from __future__ import annotations

import logging
import os
import socket
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

import uvicorn
from pydantic import SecretStr

from napari_zeroseg.backends import embedding_limits
from napari_zeroseg.core.errors import ZeroSegError
from napari_zeroseg.server.app import make_app
from napari_zeroseg.server.connections import limited
from napari_zeroseg.server.desk import Desk
from napari_zeroseg.server.guard import Guard
from napari_zeroseg.server.limits import Limits
from napari_zeroseg.server.turns import Turns

if TYPE_CHECKING:
    from napari_zeroseg.backends.remote.wire import Offer

LAST_ANSWERS_S = 5
"""For what is being answered when the server is stopped."""
BACKLOG = 256


class CannotServeError(ZeroSegError):
    """The server cannot be started as it is asked for."""


@dataclass(frozen=True, slots=True)
class Settings:
    """Where and for whom.

    Parameters
    ----------
    host, port : str, int
        Where to listen; port 0 takes a free one.
    token : SecretStr
        What clients must show.
    certificate, key : Path, optional
        For https, both as PEM files.
    limits : Limits
        What is taken.
    """

    host: str
    port: int
    token: SecretStr
    certificate: Path | None = None
    key: Path | None = None
    limits: Limits = field(default_factory=Limits)


class Server(uvicorn.Server):
    """A server that tells waiting clients when it is stopped, so that they ask its successor.

    Parameters
    ----------
    settings : Settings
        Where and for whom.
    offers : sequence of Offer
        The models.
    """

    def __init__(self, settings: Settings, offers: Sequence[Offer]) -> None:
        limits = settings.limits
        self._turns = Turns(limits)
        app = Guard(make_app(Desk(offers, limits), self._turns, limits), settings.token, limits)
        super().__init__(
            uvicorn.Config(
                app,
                http=limited(limits),
                ws="none",
                lifespan="off",
                log_config=None,
                access_log=False,
                proxy_headers=False,
                server_header=False,
                timeout_keep_alive=round(limits.idle_s),
                timeout_graceful_shutdown=LAST_ANSWERS_S,
                ssl_certfile=settings.certificate,
                ssl_keyfile=settings.key,
            )
        )

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        self._turns.close()
        await super().shutdown(sockets)


def serve(settings: Settings, offers: Sequence[Offer], tell: Callable[[str], None]) -> None:
    """Answer until the program is stopped.

    Parameters
    ----------
    settings : Settings
        Where and for whom.
    offers : sequence of Offer
        The models.
    tell : callable
        Hears the address as soon as clients can connect.

    Raises
    ------
    CannotServeError
        When nobody can listen there, or the certificate cannot be used.
    """
    keep_nothing_on_the_disk()
    logging.getLogger("uvicorn").setLevel(logging.WARNING)
    with listening(settings) as door:
        server = _made(settings, offers)
        host, port = settings.host, door.getsockname()[1]
        tell(f"{'https' if settings.certificate else 'http'}://{f'[{host}]' if ':' in host else host}:{port}")
        with suppress(KeyboardInterrupt):  # Ctrl+C is how it is stopped
            server.run(sockets=[door])


def keep_nothing_on_the_disk() -> None:
    """Leave embeddings of other people's images in the memory, unless the person who serves wants more."""
    os.environ.setdefault(embedding_limits.VARIABLE, "disk=0")


def listening(settings: Settings) -> socket.socket:
    """Return a socket at which clients can knock already."""
    family = socket.AF_INET6 if ":" in settings.host else socket.AF_INET
    try:
        return socket.create_server((settings.host, settings.port), family=family, backlog=BACKLOG)
    except OSError as error:
        raise CannotServeError(
            f"Nobody can listen at {settings.host}:{settings.port}: {error.strerror}.",
            remedy="Choose another --port, or stop the program that listens there.",
        ) from None


def _made(settings: Settings, offers: Sequence[Offer]) -> Server:
    server = Server(settings, offers)
    try:
        server.config.load()
    except OSError as error:  # which what is wrong with a certificate is too
        raise CannotServeError(
            f"The certificate or its key cannot be used: {error.strerror or error}.",
            remedy="Give both as PEM files, the key without a password.",
        ) from None
    return server
