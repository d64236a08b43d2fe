"""What is refused: without a word of how the program is built, and without harm to the other clients."""

from __future__ import annotations

import json
import socket
import time
from contextlib import ExitStack, closing
from threading import Event

import numpy as np
import pytest

from napari_zeroseg.backends.embedded.tagger import EmbeddedTagger
from napari_zeroseg.backends.remote.models import RemoteTagger, digest_of
from napari_zeroseg.backends.remote.problems import RemoteError
from napari_zeroseg.server.limits import Limits
from tests.server.served import TOKEN, picture, served, until_closed

LIMITS = Limits(
    max_pixels=200 * 200,
    max_question_bytes=50_000,
    connections=12,
    head_s=0.5,
    body_s=0.5,
    bytes_per_s=1e6,
    waiting_per_client=2,
)
PLANE = picture(2)
PUT = f"PUT /v1/planes/{digest_of(PLANE)}?height=96&width=96&channels=1"
GREY = PLANE[..., 0].tobytes()
QUESTION = {"model": "embedded:regions", "plane": digest_of(PLANE)}


@pytest.fixture(scope="module")
def server():
    with served(LIMITS) as running:
        yield running


@pytest.fixture(autouse=True)
def _others_are_not_harmed(server):
    """Whatever a test does, another client gets its answer during and after it."""
    yield
    with server.client() as other:
        found = RemoteTagger(server.name("embedded:regions"), other).tag(PLANE)
    assert found == EmbeddedTagger().tag(PLANE)


def answer(raw: bytes) -> tuple[int, dict]:
    head, _, body = raw.partition(b"\r\n\r\n")
    assert b"Traceback" not in raw
    assert b"/site-packages/" not in raw
    return int(head.split()[1]), json.loads(body)


def one_answer(connection):
    """The answer on a connection that stays open."""
    raw = b""
    while not raw.endswith(b"}"):  # which the problem ends with, and no header
        raw += connection.recv(1 << 16)
    return answer(raw)


def head_of(path, length):
    """The headers of a request, as bytes."""
    lines = (f"{path} HTTP/1.1", "Host: x", f"Authorization: Bearer {TOKEN}", f"Content-Length: {length}")
    return "\r\n".join((*lines, "", "")).encode()


def asked(server, verb, body, kind="application/json", token=TOKEN):
    """A question in the bytes that a test wants."""
    head = (
        f"POST /v1/{verb} HTTP/1.1\r\nHost: x\r\nConnection: close\r\nAuthorization: Bearer {token}\r\n"
        f"Content-Type: {kind}\r\nContent-Length: {len(body)}\r\n\r\n"
    )
    with closing(server.raw()) as connection:
        connection.sendall(head.encode() + body)
        return answer(until_closed(connection))


@pytest.mark.parametrize("token", ["", "wrong", TOKEN[:-1], TOKEN + "x", "ü"])
@pytest.mark.parametrize("path", ["GET /v1/about", "POST /v1/tag", PUT, "GET /v1/openapi.json", "GET /"])
def test_nothing_is_told_without_the_token(server, path, token):
    status, problem = answer(server.ask(path, token=token))
    assert status == 401
    assert problem["kind"] == "token"


def test_a_client_with_a_wrong_token_is_told_what_to_do(server):
    with server.client(token="not-the-one-that-it-wants") as one:
        with pytest.raises(RemoteError, match=r"refused the token.*ZEROSEG_SERVER_TOKEN") as told:
            one.about()
        assert "not-the-one" not in str(told.value)


def test_what_is_too_large_is_refused_before_it_is_sent(server):
    for path, length in ((PUT, 12 * LIMITS.max_pixels + 1), ("POST /v1/tag", LIMITS.max_question_bytes + 1)):
        with closing(server.raw()) as connection:
            connection.sendall(head_of(path, length))
            status, _ = one_answer(connection)  # not a byte of the body was sent
        assert status == 413


@pytest.mark.parametrize(
    ("path", "body", "status"),
    [
        (PUT, GREY[:-1], 422),
        (PUT.replace("channels=1", "channels=3"), GREY, 422),
        (PUT.replace("channels=1", "channels=2"), GREY, 422),
        (PUT.replace("height=96", "height=7"), GREY, 422),
        (PUT.replace("height=96", "height=9600"), GREY, 413),
        (PUT.replace("height=96", "height=x"), GREY, 422),
        (PUT.replace("height=96&", ""), GREY, 422),
        (PUT.replace(digest_of(PLANE), "0" * 32), GREY, 422),
        (PUT.replace(digest_of(PLANE), "../etc"), GREY, 404),
        (PUT, np.full((96, 96), np.nan, "<f4").tobytes(), 422),
        (PUT, np.full((96, 96), 2, "<f4").tobytes(), 422),
        ("GET /v1/nothing", b"", 404),
        ("GET /v1/tag", b"", 405),
    ],
)
def test_malformed_images_and_paths_are_refused(server, path, body, status):
    found, problem = answer(server.ask(path, body))
    assert found == status
    assert problem["happened"]


@pytest.mark.parametrize(
    ("body", "status"),
    [
        (b"", 422),
        (b"{", 422),
        (b"[" * 40_000, 422),
        (b"\xff\xfe", 422),
        (json.dumps(QUESTION | {"more": 1}).encode(), 422),
        (json.dumps(QUESTION | {"plane": 3}).encode(), 422),
        (json.dumps(QUESTION | {"plane": "0" * 32}).encode(), 409),
        (json.dumps(QUESTION | {"model": "sam:vit-h"}).encode(), 404),
        (json.dumps(QUESTION | {"model": "remote:http://127.0.0.1:1#x"}).encode(), 404),
    ],
)
def test_malformed_questions_are_refused(server, body, status):
    found, problem = asked(server, "caption", body)
    assert found == status
    assert problem["happened"]


def test_a_question_in_another_form_is_refused(server):
    assert asked(server, "caption", json.dumps(QUESTION).encode(), "text/plain")[0] == 415
    chunked = f"POST /v1/tag HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {TOKEN}\r\n"
    with closing(server.raw()) as connection:
        connection.sendall(chunked.encode() + b"Transfer-Encoding: chunked\r\n\r\n")
        assert one_answer(connection)[0] == 411


@pytest.mark.parametrize(
    "prompt",
    [
        {"points": [{"x": 500.0, "y": 3.0}]},
        {"points": [{"x": float("nan"), "y": 3.0}]},
        {"box": [10.0, 10.0, 5.0, 20.0]},
        {"box": [200.0, 10.0, 220.0, 20.0]},
        {"mask": {"origin": [90, 90], "pixels": {"dtype": "bool", "shape": [8, 8], "data": "AAAAAAAAAAA="}}},
        {"mask": {"origin": [0, 0], "pixels": {"dtype": "bool", "shape": [8, 8], "data": "AAAA"}}},
        {"mask": {"origin": [0, 0], "pixels": {"dtype": "bool", "shape": [8, 8], "data": "????????????"}}},
        {"mask": {"origin": [0, 0], "pixels": {"dtype": "float32", "shape": [1, 1], "data": "AAAAAA=="}}},
        {"mask": {"origin": [0, 0], "pixels": {"dtype": "object", "shape": [1, 1], "data": "AAAAAA=="}}},
    ],
)
def test_prompts_that_contradict_themselves_are_refused(server, prompt):
    answer(server.ask(PUT, GREY))
    status, _ = asked(server, "segment", json.dumps(QUESTION | {"prompts": [prompt]}).encode())
    assert status == 422


def test_headers_that_never_end_cost_the_others_nothing(server):
    with ExitStack() as stack:
        slow = [stack.enter_context(closing(server.raw())) for _ in range(8)]
        for connection in slow:
            connection.sendall(b"POST /v1/tag HTTP/1.1\r\nHost: x\r\nX-Slow: ")
        with server.client() as other:  # while they hang
            RemoteTagger(server.name("embedded:regions"), other).tag(PLANE)
        end = time.monotonic() + 10
        for number, connection in enumerate(slow):
            try:
                while time.monotonic() < end:  # a byte now and then keeps no connection open
                    connection.sendall(b"%d" % (number % 10))
                    time.sleep(0.05)
            except OSError:
                continue
            pytest.fail("a connection without a request stays open")


def test_a_body_that_never_ends_is_refused(server):
    with closing(server.raw()) as connection:
        connection.sendall(head_of(PUT, len(GREY)) + GREY[:100])
        status, problem = answer(until_closed(connection))
    assert status == 408
    assert problem["kind"] == "slow"


def test_silent_connections_make_room_for_those_who_ask(server):
    with ExitStack() as stack:
        silent = [stack.enter_context(closing(server.raw())) for _ in range(3 * LIMITS.connections)]
        with server.client() as other:
            RemoteTagger(server.name("embedded:regions"), other).tag(PLANE)
        assert until_closed(silent[0]) == b""


def test_too_many_questions_of_a_client_are_put_off_and_no_other_client_waits_for_them(server, monkeypatch):
    begun, go = Event(), Event()
    turns = server.server._turns

    def hold():
        begun.set()
        go.wait(10)

    turns.take("holder", hold)
    begun.wait(10)
    mine = "0" * 32
    for _ in range(LIMITS.waiting_per_client):
        turns.take(mine, int)
    answer(server.ask(PUT, GREY))
    body = json.dumps(QUESTION).encode()
    head = (
        f"POST /v1/caption HTTP/1.1\r\nHost: x\r\nConnection: close\r\nAuthorization: Bearer {TOKEN}\r\n"
        f"X-Zeroseg-Client: {mine}\r\nContent-Type: application/json\r\nContent-Length: {len(body)}\r\n\r\n"
    )
    with closing(server.raw()) as connection:
        connection.sendall(head.encode() + body)
        raw = until_closed(connection)
    assert answer(raw)[0] == 429
    assert b"retry-after: 1" in raw.lower()
    go.set()


def test_a_client_that_leaves_is_not_worked_for(server):
    begun, go = Event(), Event()
    turns = server.server._turns
    turns.take("holder", lambda: (begun.set(), go.wait(10)))
    begun.wait(10)
    answer(server.ask(PUT, GREY))
    body = json.dumps(QUESTION).encode()
    connection = server.raw()
    head = (
        f"POST /v1/caption HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {TOKEN}\r\n"
        f"Content-Type: application/json\r\nContent-Length: {len(body)}\r\n\r\n"
    )
    connection.sendall(head.encode() + body)
    row = _row(turns)
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0")
    connection.close()
    end = time.monotonic() + 10
    while not row.answer.cancelled() and time.monotonic() < end:
        time.sleep(0.01)
    assert row.answer.cancelled()
    go.set()


def _row(turns):
    end = time.monotonic() + 10
    while time.monotonic() < end:
        rows = [turn for row in list(turns._rows.values()) for turn in row]
        if rows:
            return rows[0]
        time.sleep(0.01)
    raise AssertionError("the question never came")


def test_a_model_that_fails_tells_the_log_and_not_the_client(server, monkeypatch, caplog):
    answer(server.ask(PUT, GREY))
    monkeypatch.setattr(EmbeddedTagger, "caption", lambda *_: 1 / 0)
    status, problem = asked(server, "caption", json.dumps(QUESTION).encode())
    assert (status, problem["kind"]) == (500, "failed")
    assert "division" not in json.dumps(problem)
    assert "ZeroDivisionError" in caplog.text
