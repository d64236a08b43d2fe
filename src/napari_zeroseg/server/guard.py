"""What stands before the program: who may ask, and how much, before a byte of it is kept."""

from __future__ import annotations

import asyncio
import secrets
from typing import TYPE_CHECKING

from pydantic import SecretStr

from napari_zeroseg.backends.remote.verbs import PLANES_PATH
from napari_zeroseg.server.limits import Limits
from napari_zeroseg.server.refusals import RefusedError, busy

if TYPE_CHECKING:
    from starlette.types import ASGIApp, Message, Receive, Scope, Send


class Guard:
    """Lets requests through that show the token and are not too large, once they have arrived.

    Parameters
    ----------
    app : callable
        Answers what is let through; it gets each body in one piece.
    token : SecretStr
        What clients must show.
    limits : Limits
        Sizes and times.
    """

    def __init__(self, app: ASGIApp, token: SecretStr, limits: Limits) -> None:
        self._app = app
        self._expected = f"Bearer {token.get_secret_value()}".encode()
        self._limits = limits
        self._arriving = 0

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer a request, or refuse it."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        try:
            length = self._admitted(scope)
        except RefusedError as refusal:
            await refusal.response()(scope, receive, send)
            return
        self._arriving += length
        try:
            body = await self._body(receive, length)
            await self._app(scope, _replayed(body, receive), send)
        except RefusedError as refusal:
            await refusal.response()(scope, receive, send)
        finally:
            self._arriving -= length

    def _admitted(self, scope: Scope) -> int:
        """Return how many bytes come, or raise RefusedError."""
        headers = dict(scope["headers"])
        if not secrets.compare_digest(headers.get(b"authorization", b""), self._expected):
            raise RefusedError(
                "token", "The token is missing or wrong.", headers={"WWW-Authenticate": "Bearer"}
            )
        if b"transfer-encoding" in headers:
            raise RefusedError("bad request", "A request must say how long it is.", status=411)
        length = int(headers.get(b"content-length", b"0"))  # only digits get through the protocol
        if length > self._longest(scope["path"]):
            raise RefusedError("too large", f"At most {self._longest(scope['path'])} bytes are taken here.")
        if self._arriving and self._arriving + length > self._limits.arriving_bytes:
            raise busy("Too much is being sent at once.")
        return length

    def _longest(self, path: str) -> int:
        is_plane = path.startswith(f"{PLANES_PATH}/")
        return self._limits.max_plane_bytes if is_plane else self._limits.max_question_bytes

    async def _body(self, receive: Receive, length: int) -> bytes:
        """Return the body, or raise RefusedError where it takes too long to come."""
        parts: list[bytes] = []
        more = length > 0
        try:
            async with asyncio.timeout(self._limits.body_s + length / self._limits.bytes_per_s):
                while more:
                    message = await receive()
                    if message["type"] == "http.disconnect":
                        raise RefusedError("slow", "The connection was lost.")
                    parts.append(message.get("body", b""))
                    more = message.get("more_body", False)
        except TimeoutError:
            raise RefusedError(
                "slow", "The request took too long to arrive.", headers={"Connection": "close"}
            ) from None
        return b"".join(parts)


def _replayed(body: bytes, receive: Receive) -> Receive:
    """Return what gives the body once, and then tells whether the client is still there."""
    given = False

    async def again() -> Message:
        nonlocal given
        if given:
            return await receive()
        given = True
        return {"type": "http.request", "body": body, "more_body": False}

    return again
