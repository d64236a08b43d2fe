"""A real HTTP server on loopback that answers as a test tells it to, and remembers what it was asked."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import jsonschema


@dataclass
class Answer:
    """One HTTP answer; ``body`` is sent as it is."""

    status: int = 200
    body: bytes = b""
    headers: dict[str, str] = field(default_factory=dict)
    cut: int = 0
    """Promise this many bytes more than are sent."""
    wait: threading.Event | None = None
    """Answer no sooner than this is set."""


def said(content: str | None, prompt_tokens: int = 100, answer_tokens: int = 20) -> Answer:
    """A completion that says ``content``."""
    body = {
        "id": "1",
        "object": "chat.completion",
        "created": 0,
        "model": "scripted",
        "choices": [
            {"index": 0, "finish_reason": "stop", "message": {"role": "assistant", "content": content}}
        ],
        "usage": {
            "prompt_tokens": prompt_tokens,
            "completion_tokens": answer_tokens,
            "total_tokens": prompt_tokens + answer_tokens,
        },
    }
    return Answer(body=json.dumps(body).encode())


def error(status: int, message: str = "no", **more: Any) -> Answer:
    """An error as OpenAI writes it; ``headers`` may be among ``more``."""
    headers = more.pop("headers", {})
    return Answer(status, json.dumps({"error": {"message": message, **more}}).encode(), headers)


Script = Callable[[dict[str, Any]], Answer]


class ScriptedServer:
    """Calls ``script`` with each request's body; ``requests`` and ``raw`` keep what came."""

    def __init__(self, script: Script) -> None:
        self.script = script
        self.requests: list[dict[str, Any]] = []
        self.raw: list[bytes] = []
        self.headers: list[dict[str, str]] = []
        self.arrived = threading.Event()
        self.broken_off = threading.Event()
        self._http = ThreadingHTTPServer(("127.0.0.1", 0), self._handler())
        self._http.daemon_threads = True
        self._thread = threading.Thread(target=self._http.serve_forever, kwargs={"poll_interval": 0.02})
        self._thread.start()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self._http.server_port}/v1"

    @property
    def variant(self) -> str:
        return f"scripted@{self.url}"

    def close(self) -> None:
        self._http.shutdown()
        self._http.server_close()
        self._thread.join()

    def _handler(self) -> type[BaseHTTPRequestHandler]:
        outer = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                self._answer({})

            def do_POST(self) -> None:
                raw = self.rfile.read(int(self.headers["Content-Length"]))
                outer.raw.append(raw)
                self._answer(json.loads(raw))

            def _answer(self, body: dict[str, Any]) -> None:
                outer.requests.append(body)
                outer.headers.append({k.lower(): v for k, v in self.headers.items()})
                outer.arrived.set()
                try:
                    self._send(outer.script(body))
                except (BrokenPipeError, ConnectionResetError):
                    outer.broken_off.set()

            def _send(self, answer: Answer) -> None:
                if answer.wait is not None and not answer.wait.wait(30):
                    return
                self.send_response(answer.status)
                headers = {"Content-Type": "application/json"} | answer.headers
                for name, value in headers.items():
                    self.send_header(name, value)
                self.send_header("Content-Length", str(len(answer.body) + answer.cut))
                self.end_headers()
                self.wfile.write(answer.body)

            def log_message(self, *_args: Any) -> None:
                """Stay silent."""

        return Handler


def data_of(request: dict[str, Any]) -> dict[str, Any]:
    """What the user's message holds."""
    messages = request["messages"]
    return json.loads(next(m["content"] for m in messages if m["role"] == "user"))


def schema_of(request: dict[str, Any]) -> dict[str, Any] | None:
    """The schema that an answer is asked to follow."""
    form = request.get("response_format", {})
    return form.get("json_schema", {}).get("schema") or form.get("schema")


def conforming(request: dict[str, Any], answer: dict[str, Any]) -> Answer:
    """An answer that is checked against the request's schema."""
    schema = schema_of(request)
    if schema is not None:
        jsonschema.validate(answer, schema)
    return said(json.dumps(answer))


def paper_like(scene: dict[str, list[str]], phrases: dict[str, str | None]) -> Script:
    """A model that knows which classes a tag means, and which class a phrase means."""

    def script(request: dict[str, Any]) -> Answer:
        data = data_of(request)
        names = [c["class"] for c in data["target_classes"]]
        if "phrases" in data:
            meant = {n: phrases.get(p) for n, p in data["phrases"].items()}
            rows = [
                {"number": int(n), "class": c if c in names else None, "confidence": 0.9}
                for n, c in meant.items()
            ]
            return conforming(request, {"phrases": rows})
        found = {c: tag for tag in data["tags"] for c in scene.get(tag, []) if c in names}
        rows = [
            {
                "class": c,
                "present": True,
                "implied": False,
                "confidence": 0.9,
                "evidence": [tag],
                "reason": f"'{tag}' speaks for it.",
            }
            for c, tag in found.items()
        ]
        return conforming(request, {"classes": rows, "ideas": []})

    return script
