"""Connections that ask nothing, or take for ever to ask, make room for those that do."""

from __future__ import annotations

import asyncio
from typing import Any, ClassVar

from uvicorn.protocols.http.h11_impl import H11Protocol, RequestResponseCycle

from napari_zeroseg.server.limits import Limits


def limited(limits: Limits) -> type[H11Protocol]:
    """Return uvicorn's protocol within limits."""
    return type("LimitedProtocol", (_LimitedProtocol,), {"limits": limits})


class _LimitedProtocol(H11Protocol):
    """HTTP/1.1 that waits for a request's headers no longer than it must.

    uvicorn has a time limit between requests, but none within the headers of one, and none for a
    client that does not take its answer.
    """

    limits: ClassVar[Limits] = Limits()

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._deadline: asyncio.TimerHandle | None = None
        self._waits_since = self.loop.time()
        self._left_to_send = 0

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        super().connection_made(transport)
        self._expect_request()
        if len(self.connections) > self.limits.connections:
            self._make_room()

    def data_received(self, data: bytes) -> None:
        if self._deadline is None and not self._is_asking:
            self._expect_request()  # the first bytes after an answer
        super().data_received(data)

    def handle_events(self) -> None:
        super().handle_events()
        if self._is_asking:
            self._expect_nothing()

    def connection_lost(self, exc: Exception | None) -> None:
        self._expect_nothing()
        super().connection_lost(exc)

    def on_response_complete(self) -> None:
        self._waits_since = self.loop.time()
        super().on_response_complete()

    def timeout_keep_alive_handler(self) -> None:
        """Close an idle connection, but not one on which an answer is still being taken."""
        unsent = self.transport.get_write_buffer_size()
        if unsent and unsent != self._left_to_send:
            self._left_to_send = unsent
            self.timeout_keep_alive_task = self.loop.call_later(
                self.timeout_keep_alive, self.timeout_keep_alive_handler
            )
        elif unsent:
            self.transport.abort()
        else:
            super().timeout_keep_alive_handler()

    @property
    def _is_asking(self) -> bool:
        cycle: RequestResponseCycle | None = self.cycle  # which uvicorn's types do not admit
        return cycle is not None and not cycle.response_complete

    def _expect_request(self) -> None:
        self._waits_since = self.loop.time()
        self._deadline = self.loop.call_later(self.limits.head_s, self.transport.abort)

    def _expect_nothing(self) -> None:
        if self._deadline is not None:
            self._deadline.cancel()
            self._deadline = None

    def _make_room(self) -> None:
        """Close the connection that has asked nothing for longest; this one, if all others are asking."""
        silent = [c for c in self.connections if isinstance(c, _LimitedProtocol) and not c._is_asking]
        min(silent, key=lambda c: c._waits_since, default=self).transport.abort()
