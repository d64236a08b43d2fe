"""A real HTTP server on loopback that gives files as a hub does, as well or badly as a test wants."""

from __future__ import annotations

import hashlib
import re
import ssl
import threading
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any


@dataclass
class Served:
    """One file, and how it is given.

    ``cuts`` are the byte counts after which the first answers break off; ``then`` takes the place of
    the content once they are used up. ``elsewhere`` is where the file really is.
    """

    content: bytes
    ranges: bool = True
    etag: str | None = None
    length: bool = True
    cuts: list[int] = field(default_factory=list)
    then: bytes | None = None
    always_cut: int = 0
    """Break off each answer that gives the file from its start after so many bytes."""
    status: int = 200
    headers: dict[str, str] = field(default_factory=dict)
    elsewhere: str = ""
    pause: threading.Event | None = None
    """Send half, then wait for this."""

    @property
    def tag(self) -> str:
        digest = hashlib.md5(self.content, usedforsecurity=False).hexdigest()
        return f'"{digest}"' if self.etag is None else self.etag


class _Handler(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        self.server.owner.asked.append((self.path, {k.lower(): v for k, v in self.headers.items()}))
        served = self.server.owner.files.get(self.path)
        try:
            if served is None:
                self.send_error(404)
            elif served.elsewhere:
                self._head(302, {"Location": served.elsewhere, **served.headers})
            elif served.status != 200:
                self._head(served.status, {"Content-Length": "0", **served.headers})
            else:
                self._give(served)
        except (BrokenPipeError, ConnectionResetError):
            self.close_connection = True

    def _give(self, served: Served) -> None:
        if not served.cuts and served.then is not None:
            served.content, served.then = served.then, None
        start = self._start(served)
        body = served.content[start:]
        headers = {"ETag": served.tag} if served.tag else {}
        if served.length:
            headers["Content-Length"] = str(len(body))
        if start:
            total = len(served.content)
            headers["Content-Range"] = f"bytes {start}-{total - 1}/{total}"
        self._head(206 if start else 200, headers | served.headers)
        if served.cuts:
            body = body[: min(served.cuts.pop(0), len(body) - 1)]
        elif served.always_cut and not start:
            body = body[: served.always_cut]
        self._send(body, served)

    def _send(self, body: bytes, served: Served) -> None:
        half = len(body) // 2 if served.pause else 0
        self.wfile.write(body[:half])
        self.server.owner.half_sent.set()
        if served.pause and not served.pause.wait(30):
            return
        self.wfile.write(body[half:])
        self.server.owner.sent += len(body)

    def _start(self, served: Served) -> int:
        wanted = re.fullmatch(r"bytes=(\d+)-", self.headers.get("Range", ""))
        fits = self.headers.get("If-Range", served.tag) == served.tag
        return int(wanted[1]) if wanted and served.ranges and fits else 0

    def _head(self, status: int, headers: dict[str, str]) -> None:
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name, value)
        self.end_headers()

    def log_message(self, *_args: Any) -> None:
        """Stay silent."""


class FileServer:
    """Gives ``files`` by their path; ``asked`` keeps path and headers of each request."""

    def __init__(self, secured: ssl.SSLContext | None = None) -> None:
        self.files: dict[str, Served] = {}
        self.asked: list[tuple[str, dict[str, str]]] = []
        self.sent = 0
        self.half_sent = threading.Event()
        self._http = ThreadingHTTPServer(("127.0.0.1", 0), _Handler)
        self._http.owner = self
        self._scheme = "https" if secured else "http"
        if secured:
            self._http.socket = secured.wrap_socket(self._http.socket, server_side=True)
        self._http.daemon_threads = True
        self._thread = threading.Thread(target=self._http.serve_forever, kwargs={"poll_interval": 0.02})
        self._thread.start()

    @property
    def url(self) -> str:
        return f"{self._scheme}://127.0.0.1:{self._http.server_port}"

    def close(self) -> None:
        self._http.shutdown()
        self._http.server_close()
        self._thread.join()
