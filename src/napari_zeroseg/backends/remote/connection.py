"""Requests to one server: on connections that are kept, patient while it starts again, ended by Cancel."""

from __future__ import annotations

import http.client
import socket
import ssl
import time
from contextlib import suppress
from dataclasses import dataclass
from threading import Event
from urllib.parse import urlsplit

from napari_zeroseg.backends.remote.address import Address
from napari_zeroseg.backends.remote.problems import RemoteError
from napari_zeroseg.backends.weights.web import certificates
from napari_zeroseg.core.cancellation import CancelledError, present

NO_ANSWER_YET = frozenset((502, 503, 504))
"""What a proxy says while the server behind it starts."""
TOO_MANY = 429


@dataclass(frozen=True, slots=True)
class Patience:
    """How long a server is waited for.

    Parameters
    ----------
    connect_s : float
        Until a connection is there.
    answer_s : float
        Without a byte of the answer: large models on a processor take minutes.
    first_s : float
        For a server that has not answered yet: it may still be starting.
    again_s : float
        For one that has answered before: it starts again, perhaps with large models.
    busy_s : float
        For one that says that too many others wait.
    pause_s, longest_pause_s : float
        Between two attempts: the first pause, doubled each time up to the longest.
    """

    connect_s: float = 5.0
    answer_s: float = 600.0
    first_s: float = 5.0
    again_s: float = 90.0
    busy_s: float = 600.0
    pause_s: float = 0.2
    longest_pause_s: float = 5.0


@dataclass(frozen=True, slots=True)
class Reply:
    """What a server answered."""

    status: int
    body: bytes
    retry_after: float | None = None


class _LostError(Exception):
    """The connection was lost or never there; asking again may help."""


class Line:
    """Connections to a server, which any thread may use.

    Parameters
    ----------
    address : Address
        Where.
    patience : Patience, optional
        How long it is waited for.
    max_bytes : int
        Longest answer.
    """

    def __init__(
        self, address: Address, patience: Patience = Patience(), max_bytes: int = (1 << 30) * 3 // 2
    ) -> None:
        self._address = address
        self._patience = patience
        self._max_bytes = max_bytes
        self._idle: list[http.client.HTTPConnection] = []
        self._has_answered = False

    def ask(self, method: str, path: str, headers: dict[str, str], body: bytes = b"") -> Reply:
        """Send a request and return the answer, whatever its status.

        Raises
        ------
        CancelledError
            As soon as the work that asks is called off.
        RemoteError
            When there is no answer in time.
        """
        gone_since, pause = 0.0, self._patience.pause_s
        while True:
            try:
                reply = self._once(method, path, headers, body)
                if reply.status not in {TOO_MANY, *NO_ANSWER_YET}:
                    self._has_answered = True
                    return reply
                problem = f"it answered {reply.status}"
            except _LostError as loss:
                reply, problem = None, str(loss)
            wait = (reply.retry_after if reply else None) or pause
            gone_since = gone_since or time.monotonic()  # a long answer that was lost used up no patience
            if time.monotonic() + wait - gone_since > self._longest(reply):
                raise self._given_up(reply, problem)
            _sleep(wait)
            pause = min(2 * pause, self._patience.longest_pause_s)

    def _longest(self, reply: Reply | None) -> float:
        if reply is not None and reply.status == TOO_MANY:
            return self._patience.busy_s
        return self._patience.again_s if self._has_answered else self._patience.first_s

    def _given_up(self, reply: Reply | None, problem: str) -> RemoteError:
        who = self._address.recipient
        if reply is not None and reply.status == TOO_MANY:
            return RemoteError(f"{who} has been busy for too long.", remedy="Try again later.")
        return RemoteError(
            f"{who} cannot be reached: {problem}.",
            remedy="Start the server or check the address and the network; then run again, or choose "
            "models of this machine under Models.",
        )

    def _once(self, method: str, path: str, headers: dict[str, str], body: bytes) -> Reply:
        """Ask once; on a kept connection that the server has closed meanwhile, once more."""
        try:
            kept = self._idle.pop()
        except IndexError:
            return self._on(self._connected(), method, path, headers, body)
        try:
            return self._on(kept, method, path, headers, body)
        except _LostError:
            self.close()  # the others are as old
            return self._on(self._connected(), method, path, headers, body)

    def close(self) -> None:
        """Close the connections that are kept."""
        while self._idle:
            with suppress(IndexError):
                self._idle.pop().close()

    def _connected(self) -> http.client.HTTPConnection:
        if present().cancelled:
            raise CancelledError
        url = urlsplit(self._address.url)
        host, timeout = url.hostname or "", self._patience.connect_s
        if self._address.is_encrypted:
            secure = http.client.HTTPSConnection(host, url.port, timeout=timeout, context=certificates())
            return self._opened(secure)
        return self._opened(http.client.HTTPConnection(host, url.port, timeout=timeout))

    def _opened(self, connection: http.client.HTTPConnection) -> http.client.HTTPConnection:
        try:
            connection.connect()
        except ssl.SSLCertVerificationError:
            raise RemoteError(
                f"{self._address.recipient} shows a certificate that this machine does not trust.",
                remedy="Ask who runs the server for its certificate, and set SSL_CERT_FILE to that file.",
            ) from None
        except OSError as error:
            raise _LostError(error.strerror or str(error) or type(error).__name__) from None
        connection.sock.settimeout(self._patience.answer_s)
        connection.sock.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
        return connection

    def _on(
        self,
        connection: http.client.HTTPConnection,
        method: str,
        path: str,
        headers: dict[str, str],
        body: bytes,
    ) -> Reply:
        cancellation = present()
        try:
            with cancellation.calling(lambda: _end(connection)):
                connection.request(method, urlsplit(self._address.url).path + path, body or None, headers)
                reply = self._read(connection)
        except (OSError, http.client.HTTPException) as error:
            connection.close()
            if cancellation.cancelled:
                raise CancelledError from None
            raise _LostError(str(error) or type(error).__name__) from None
        except BaseException:
            connection.close()
            raise
        if connection.sock is not None:  # the server keeps it open too
            self._idle.append(connection)
        return reply

    def _read(self, connection: http.client.HTTPConnection) -> Reply:
        with connection.getresponse() as response:
            length = response.headers.get("Content-Length", "")
            if response.headers.get("Content-Encoding", "identity") != "identity" or (
                length.isdecimal() and int(length) > self._max_bytes
            ):
                raise self._unreadable()
            body = response.read(self._max_bytes + 1)
            if len(body) > self._max_bytes:
                raise self._unreadable()
            return Reply(response.status, body, _seconds(response.headers.get("Retry-After", "")))

    def _unreadable(self) -> RemoteError:
        return RemoteError(f"The answer of {self._address.recipient} is far too long, or packed.")


def _seconds(text: str) -> float | None:
    return min(float(text), 60.0) if text.isdecimal() and text.isascii() else None


def _end(connection: http.client.HTTPConnection) -> None:
    """Let whoever waits on a connection go on at once."""
    if connection.sock is not None:
        with suppress(OSError):
            connection.sock.shutdown(socket.SHUT_RDWR)


def _sleep(seconds: float) -> None:
    """Wait, unless the work that waits is called off."""
    woken = Event()
    with present().calling(woken.set):
        if woken.wait(seconds):
            raise CancelledError
