"""Bounds on what goes to a server beside the words, and on what it may send back."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable

import httpx2

from napari_zeroseg.backends.llm.problems import ChatError

_NEEDED = frozenset(
    ("content-type", "content-length", "content-encoding", "transfer-encoding", "retry-after")
)


_MARK = "x-stainless-raw-response"  # which the client looks for in its own request when the answer comes
_SENT = frozenset(
    (
        "host",
        "authorization",
        "accept",
        "accept-encoding",
        "connection",
        "content-type",
        "content-length",
        _MARK,
    )
)
_PROGRAM = "napari-zeroseg"


async def plain_headers(request: httpx2.Request) -> None:
    """Leave out of a request what the client tells of the system, the processor and its version."""
    kept = [(name, value) for name, value in request.headers.multi_items() if name.lower() in _SENT]
    request.headers = httpx2.Headers([*kept, ("User-Agent", _PROGRAM)])


class _BoundedStream(httpx2.AsyncByteStream):
    def __init__(self, stream: httpx2.AsyncByteStream, max_bytes: int) -> None:
        self._stream = stream
        self._left = max_bytes

    async def __aiter__(self) -> AsyncIterator[bytes]:
        async for chunk in self._stream:
            self._left -= len(chunk)
            if self._left < 0:
                raise ChatError("The server's answer was far too long, and was not read to its end.")
            yield chunk

    async def aclose(self) -> None:
        await self._stream.aclose()


def bounding(max_bytes: int) -> Callable[[httpx2.Response], Awaitable[None]]:
    """Return a response hook that refuses long and compressed answers (which could be of any length).

    Headers that nobody needs are dropped before anything logs them.
    """

    async def bound(response: httpx2.Response) -> None:
        if response.headers.get("content-encoding", "identity") != "identity":
            raise ChatError("The server compressed its answer, though it was asked not to.")
        response.headers = httpx2.Headers([(k, v) for k, v in response.headers.items() if k in _NEEDED])
        assert isinstance(response.stream, httpx2.AsyncByteStream)
        response.stream = _BoundedStream(response.stream, max_bytes)

    return bound
