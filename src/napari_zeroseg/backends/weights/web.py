"""One request for a file, or for the rest of it, which the present cancellation ends at once."""

from __future__ import annotations

import http.client
import re
import socket
import ssl
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from importlib.util import find_spec
from typing import TYPE_CHECKING, Any
from urllib.error import HTTPError
from urllib.parse import urlsplit

from napari_zeroseg.backends.weights.digests import sha256_digits
from napari_zeroseg.backends.weights.hub import token_for
from napari_zeroseg.core.cancellation import CancelledError, present

if TYPE_CHECKING:
    from email.message import Message

CONNECT_S = 10.0
SILENCE_S = 30.0
AT_ONCE = 1 << 18


class LostError(Exception):
    """The connection was lost, or the server is busy; asking again may help."""


class RefusedError(Exception):
    """The server does not give the file.

    Parameters
    ----------
    status : int
        Of HTTP; 0 where the answer is none at all.
    reason : str
        What the server says, as one word.
    """

    def __init__(self, status: int, reason: str) -> None:
        super().__init__(f"{status} {reason}".strip())
        self.status = status
        self.reason = reason


@dataclass(frozen=True, slots=True)
class Answer:
    """A file that is coming.

    Parameters
    ----------
    start : int
        The first byte that comes.
    size : int or None
        Of the whole file; None where the server does not say.
    is_framed : bool
        Whether an end of the connection can be told from an end of the file.
    etag : str
        Strong entity tag; empty where there is none.
    sha256 : str
        What the hub says of the content; empty where it says nothing.
    commit : str
        What the hub says of the repository; empty likewise.
    body : HTTPResponse
        What is read from.
    """

    start: int
    size: int | None
    is_framed: bool
    etag: str
    sha256: str
    commit: str
    body: Any

    def chunks(self) -> Iterator[bytes]:
        """Yield the bytes as they come.

        Raises
        ------
        LostError
            When the connection breaks off.
        """
        at = self.start
        while chunk := self._next():
            at += len(chunk)
            yield chunk
        if self.size is not None and at != self.size:
            raise LostError("the connection ended before the file did")

    def _next(self) -> bytes:
        with _telling_losses():
            chunk: bytes = self.body.read1(AT_ONCE)
        if present().cancelled:
            raise CancelledError
        return chunk


@contextmanager
def asking(url: str, *, start: int = 0, etag: str = "") -> Iterator[Answer]:
    """Ask for a file, and for the rest alone when ``start`` bytes with the tag ``etag`` are there.

    Raises
    ------
    CancelledError
        When the work is called off, here or while the answer is read.
    LostError, RefusedError
        When there is no answer, or a refusal.
    """
    request = urllib.request.Request(_web_address(url), headers=_headers(start, etag))  # noqa: S310 - checked
    _identify(request)
    sockets: list[socket.socket] = []
    hops = _Redirects()
    opener = urllib.request.build_opener(_Plain(sockets), _Secure(sockets), hops)
    with present().calling(lambda: _end(sockets)):
        with _telling_losses():
            response = opener.open(request, timeout=CONNECT_S)
        with response:
            yield _answer(response, [*hops.headers, response.headers], start)


def _headers(start: int, etag: str) -> dict[str, str]:
    agent = {"User-Agent": "napari-zeroseg", "Accept-Encoding": "identity"}
    return agent | ({"Range": f"bytes={start}-", "If-Range": etag} if start else {})


def _web_address(url: str) -> str:
    if urlsplit(url).scheme not in {"http", "https"}:
        raise RefusedError(0, "its address is not one of the web")
    return url


def _identify(request: urllib.request.Request) -> None:
    """Show the user's token to the servers that may see it; it does not travel on with a redirect."""
    token = token_for(request.full_url)
    if token:
        request.add_unredirected_header("Authorization", f"Bearer {token}")


class _Redirects(urllib.request.HTTPRedirectHandler):
    """Follows redirects, keeps what their headers say, and shows the token where it may be seen."""

    def __init__(self) -> None:
        self.headers: list[Message] = []

    def redirect_request(
        self, req: urllib.request.Request, fp: Any, code: int, msg: str, headers: Any, newurl: str
    ) -> urllib.request.Request | None:
        if urlsplit(req.full_url).scheme == "https" and urlsplit(newurl).scheme != "https":
            raise RefusedError(code, "it leads from https to an address that others can read")
        self.headers.append(headers)
        request = super().redirect_request(req, fp, code, msg, headers, _web_address(newurl))
        if request is not None:
            _identify(request)
        return request


def _noting(kind: Any, sockets: list[socket.socket]) -> Any:
    """Return a kind of connection that puts its socket where another thread can end it."""

    class Connection(kind):  # type: ignore[misc]
        def connect(self) -> None:
            super().connect()
            self.sock.settimeout(SILENCE_S)
            sockets.append(self.sock)
            if present().cancelled:
                raise CancelledError

    return Connection


class _Plain(urllib.request.HTTPHandler):
    def __init__(self, sockets: list[socket.socket]) -> None:
        super().__init__()
        self._kind = _noting(http.client.HTTPConnection, sockets)

    def http_open(self, req: urllib.request.Request) -> Any:
        return self.do_open(self._kind, req)


class _Secure(urllib.request.HTTPSHandler):
    def __init__(self, sockets: list[socket.socket]) -> None:
        super().__init__()
        self._kind = _noting(http.client.HTTPSConnection, sockets)

    def https_open(self, req: urllib.request.Request) -> Any:
        return self.do_open(self._kind, req, context=certificates())


def certificates() -> ssl.SSLContext:
    """Trust whom the system trusts, and whom browsers do: some Pythons know no system."""
    context = ssl.create_default_context()
    if find_spec("certifi") is not None:
        import certifi

        context.load_verify_locations(certifi.where())
    return context


def _end(sockets: list[socket.socket]) -> None:
    for connection in sockets:
        with suppress(OSError):
            connection.shutdown(socket.SHUT_RDWR)


@contextmanager
def _telling_losses() -> Iterator[None]:
    """Say of everything that can break in a connection whether asking again may help."""
    try:
        yield
    except HTTPError as error:
        with error:
            raise _refusal(error) from None
    except (OSError, ValueError, http.client.HTTPException) as error:
        if present().cancelled:
            raise CancelledError from None
        raise _loss(getattr(error, "reason", error)) from error


def _loss(reason: object) -> Exception:
    if isinstance(reason, ssl.SSLCertVerificationError):
        return RefusedError(0, "its certificate is not one that this machine trusts")
    return LostError(str(reason) or type(reason).__name__)


def _refusal(error: HTTPError) -> Exception:
    if error.code in {408, 425, 429} or error.code >= 500:
        return LostError(f"the server answered {error.code}")
    word = error.headers.get("X-Error-Code", "") if error.headers else ""
    return RefusedError(error.code, re.sub(r"\W", "", word)[:40])


def _answer(response: Any, hops: list[Message], asked_from: int) -> Answer:
    headers = response.headers
    if headers.get_content_type() == "text/html":
        raise RefusedError(0, "a web page came in place of the file, perhaps a network's sign-in page")
    if headers.get("Content-Encoding", "identity") != "identity":
        raise RefusedError(0, "it comes compressed, though that was not asked for")
    start, size = _extent(response, asked_from)
    etag = headers.get("ETag", "")
    return Answer(
        start=start,
        size=size,
        is_framed=size is not None or headers.get("Transfer-Encoding", "").lower() == "chunked",
        etag=etag if etag.startswith('"') else "",
        sha256=next(filter(None, (sha256_digits(h.get("X-Linked-Etag", "")) for h in hops)), ""),
        commit=next(filter(None, (h.get("X-Repo-Commit", "") for h in hops)), ""),
        body=response,
    )


def _extent(response: Any, asked_from: int) -> tuple[int, int | None]:
    """Return the first byte that comes and the size of the whole file."""
    length = response.headers.get("Content-Length", "")
    if response.status != 206:
        return 0, int(length) if length.isdecimal() else None
    ranged = re.fullmatch(r"bytes (\d+)-(\d+)/(\d+)", response.headers.get("Content-Range", ""))
    if ranged is None or int(ranged[1]) != asked_from:
        raise LostError("the server answered with another part than the one asked for")
    return asked_from, int(ranged[3])
