"""Servers that are slow, gone, hostile or of another time; consent and the token."""

from __future__ import annotations

import http.server
import json
import logging
import subprocess
import sys
import threading
import time
from contextlib import contextmanager

import numpy as np
import pytest
from pydantic import SecretStr

from napari_zeroseg.backends.remote.address import Address
from napari_zeroseg.backends.remote.client import RemoteServer
from napari_zeroseg.backends.remote.connection import Line, Patience
from napari_zeroseg.backends.remote.models import RemoteCaptioner, RemoteDetector, RemoteSegmenter
from napari_zeroseg.backends.remote.problems import RemoteError
from napari_zeroseg.core.cancellation import Cancellation, CancelledError, cancelled_by
from napari_zeroseg.core.consent import Consent, NotConsentedError, TextKind, agree, agreeing
from napari_zeroseg.core.prompt import Prompt
from napari_zeroseg.core.vocabulary import TargetClass

TOKEN = "a-token-that-nobody-may-see"
PLANE = np.linspace(0, 1, 3 * 64, dtype=np.float32).reshape(8, 8, 3)
ABOUT = {"protocol": 1, "program": "1", "offers": [], "max_pixels": 64, "max_question_bytes": 10_000}
SOON = Patience(connect_s=2, answer_s=5, first_s=0.2, again_s=0.5, busy_s=0.5, pause_s=0.05)


class Scripted:
    """Answers as a test says, and remembers what it was asked."""

    def __init__(self):
        self.asked, self.answers = [], {}
        outer = self

        class Handler(http.server.BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def answer(self):
                length = int(self.headers.get("Content-Length", 0))
                outer.asked.append((self.path, dict(self.headers), self.rfile.read(length)))
                script = outer.answers.get(self.path.partition("?")[0], (200, {}))
                status, body, *headers = script() if callable(script) else script
                body = body if isinstance(body, bytes) else json.dumps(body).encode()
                self.send_response(status)
                for name, value in (headers[0] if headers else {}).items():
                    self.send_header(name, value)
                if "Content-Length" not in (headers[0] if headers else {}):
                    self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            do_GET = do_POST = do_PUT = answer

            def log_message(self, *_):
                pass

        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.server.daemon_threads = True
        self.url = f"http://127.0.0.1:{self.server.server_port}"
        self.answers["/v1/about"] = (200, ABOUT)


@pytest.fixture
def script():
    made = Scripted()
    thread = threading.Thread(target=made.server.serve_forever, args=(0.01,))
    thread.start()
    yield made
    made.server.shutdown()
    thread.join()
    made.server.server_close()


@contextmanager
def client(url, consent=None, patience=SOON, max_bytes=1 << 20):
    line = Line(Address.parse(url), patience, max_bytes)
    try:
        yield RemoteServer(
            Address.parse(url), consent or Consent(lambda _: True), line, lambda _: SecretStr(TOKEN)
        )
    finally:
        line.close()


def caption(script, **more):
    with client(script.url, **more) as one:
        return RemoteCaptioner(f"{script.url}#m", one).caption(PLANE)


def test_nothing_is_sent_before_a_person_agrees_and_then_all_of_it_was_shown(script):
    shown = []

    def ask(letter):
        shown.append(letter)
        return len(shown) > 1

    consent = Consent(ask)
    with pytest.raises(NotConsentedError, match=rf"--yes-send-images {script.url}"):
        caption(script, consent=consent)
    assert script.asked == []
    script.answers["/v1/caption"] = (200, {"caption": "A ramp."})
    assert caption(script, consent=consent) == "A ramp."
    assert caption(script, consent=consent) == "A ramp."
    assert len(shown) == 2
    assert shown[1].kind is TextKind.IMAGES
    assert shown[1].recipient == script.url
    assert shown[1].image is PLANE
    assert "8 × 8" in shown[1].text


def test_agreeing_to_words_agrees_to_no_image(script):
    for ask in (agree, agreeing(words=True, images_to=["https://other.lab"])):
        with pytest.raises(NotConsentedError):
            caption(script, consent=Consent(ask))
    assert script.asked == []


def test_the_token_goes_into_one_header_alone(script, caplog):
    caplog.set_level(logging.DEBUG)
    script.answers["/v1/caption"] = (200, {"caption": "A ramp."})
    caption(script)
    for path, headers, body in script.asked:
        assert headers.pop("Authorization") == f"Bearer {TOKEN}"
        assert TOKEN not in f"{path} {headers} {body}"
    assert TOKEN not in caplog.text


def test_a_server_that_repeats_the_token_is_not_quoted(script):
    problem = {"kind": "refused", "happened": f"no {TOKEN} no", "remedy": f"use {TOKEN}"}
    script.answers["/v1/caption"] = (422, problem)
    with pytest.raises(RemoteError, match="no … no") as told:
        caption(script)
    assert TOKEN not in str(told.value)


def test_the_plane_is_sent_when_the_server_lacks_it_and_not_before(script):
    def answer():
        sent = [path for path, *_ in script.asked if "/planes/" in path]
        name = json.loads(script.asked[-1][2])["plane"]
        missing = {"kind": "unknown plane", "happened": "", "plane": name}
        return (200, {"caption": "Seen."}) if sent else (409, missing)

    script.answers["/v1/caption"] = answer
    with client(script.url) as one:
        captioner = RemoteCaptioner(f"{script.url}#m", one)
        for _ in range(2):
            assert captioner.caption(PLANE) == "Seen."
    sent = [body for path, _, body in script.asked if "/planes/" in path]
    assert sent == [PLANE.tobytes()]


def test_a_server_that_forgets_all_it_gets_is_given_up(script):
    def answer():
        name = json.loads(script.asked[-1][2])["plane"]
        return 409, {"kind": "unknown plane", "happened": "", "plane": name}

    script.answers["/v1/caption"] = answer
    with pytest.raises(RemoteError, match="too small for the images"):
        caption(script)


def test_a_server_asks_for_no_image_but_the_one_in_question(script):
    script.answers["/v1/caption"] = (409, {"kind": "unknown plane", "happened": "x", "plane": "0" * 32})
    with pytest.raises(RemoteError):
        caption(script)
    assert not any("/planes/" in path for path, *_ in script.asked)


def test_an_image_that_is_too_large_there_is_not_sent(script):
    script.answers["/v1/about"] = (200, ABOUT | {"max_pixels": 63})

    def answer():
        return 409, {
            "kind": "unknown plane",
            "happened": "",
            "plane": json.loads(script.asked[-1][2])["plane"],
        }

    script.answers["/v1/caption"] = answer
    with pytest.raises(RemoteError, match=r"at most 0\.0 megapixels"):
        caption(script)


def test_another_protocol_is_told(script):
    script.answers["/v1/about"] = (200, {"protocol": 2})
    with pytest.raises(RemoteError, match="protocol 2 and this program 1"):
        caption(script)


@pytest.mark.parametrize(
    ("script_of", "told"),
    [
        ((200, b"<html>"), "makes no sense"),
        ((200, {"caption": 3}), "makes no sense"),
        ((200, {"caption": "x", "more": 1}), "makes no sense"),
        ((302, {}, {"Location": "http://127.0.0.1:1/"}), "was not followed"),
        ((404, b"nothing here"), "error 404"),
        ((200, b"", {"Content-Length": str(1 << 40)}), "too long"),
        ((200, b"x", {"Content-Encoding": "gzip"}), "packed"),
        ((422, {"kind": "refused", "happened": "\x1b[2Jbad\u202e"}), r"says: \[2Jbad"),
    ],
)
def test_answers_that_make_no_sense_are_refused(script, script_of, told):
    script.answers["/v1/caption"] = script_of
    with pytest.raises(RemoteError, match=told):
        caption(script)


EMPTY = {"dtype": "float32", "shape": [1, 1], "data": "AAAAAA=="}


@pytest.mark.parametrize(
    "answers",
    [
        [],
        [{"origin": [0, 0], "values": EMPTY, "score": 1}] * 2,
        [{"origin": [8, 0], "values": EMPTY, "score": 1}],
        [{"origin": [-1, 0], "values": EMPTY, "score": 1}],
        [{"origin": [0, 0], "values": EMPTY | {"dtype": "bool", "data": "AA=="}, "score": 1}],
        [{"origin": [0, 0], "values": EMPTY, "score": "NaN"}],
    ],
)
def test_masks_that_do_not_belong_to_the_question_are_refused(script, answers):
    script.answers["/v1/embed"] = (200, {})
    script.answers["/v1/segment"] = (200, {"answers": answers})
    with client(script.url) as one:
        segmenter = RemoteSegmenter(f"{script.url}#m", one)
        embedding = segmenter.embed(PLANE)
        with pytest.raises(RemoteError, match="makes no sense"):
            segmenter.segment(embedding, [Prompt(box=(0, 0, 4, 4))])


def test_a_class_that_nobody_asked_for_is_refused(script):
    box = {"box": [0, 0, 1, 1], "score": 1, "phrase": "x", "name": "other", "text_score": 1}
    script.answers["/v1/detect"] = (200, {"detections": [box]})
    with client(script.url) as one, pytest.raises(RemoteError, match="makes no sense"):
        RemoteDetector(f"{script.url}#m", one).detect(PLANE, [TargetClass("mine")])


def test_the_same_boxes_are_asked_for_once(script):
    script.answers["/v1/detect"] = (200, {"detections": []})
    with client(script.url) as one:
        detector = RemoteDetector(f"{script.url}#m", one)
        for _ in range(3):
            detector.detect(PLANE, [TargetClass("mine")])
    assert sum(path == "/v1/detect" for path, *_ in script.asked) == 1


def test_a_busy_server_is_asked_again_when_it_says(script):
    busy = iter([(429, {}, {"Retry-After": "0"}), (503, {}), (200, {"caption": "At last."})])
    script.answers["/v1/caption"] = lambda: next(busy)
    assert caption(script) == "At last."


def test_a_server_that_stays_busy_is_given_up(script):
    script.answers["/v1/caption"] = (429, {})
    with pytest.raises(RemoteError, match="busy for too long"):
        caption(script)


def test_a_server_that_is_not_there_is_told_soon():
    with client("http://127.0.0.1:9") as one, pytest.raises(RemoteError, match="cannot be reached"):
        one.about()


def test_cancel_ends_waiting_for_a_server_that_is_gone():
    patience = Patience(first_s=60, pause_s=30)
    with client("http://127.0.0.1:9", patience=patience) as one:
        assert _cancelled(one) < 20


def test_cancel_ends_waiting_for_an_answer(script):
    go = threading.Event()

    def answer():
        go.wait(30)
        return 200, ABOUT

    script.answers["/v1/about"] = answer
    with client(script.url) as one:
        assert _cancelled(one) < 20
    go.set()


def _cancelled(one):
    cancellation = Cancellation()
    timer = threading.Timer(0.2, cancellation.cancel)
    timer.start()
    began = time.monotonic()
    with cancelled_by(cancellation), pytest.raises(CancelledError):
        one.about()
    timer.join()
    return time.monotonic() - began


def test_the_client_needs_neither_torch_nor_a_package_for_servers(script):
    script.answers["/v1/caption"] = (200, {"caption": "A ramp."})
    code = f"""
import sys
import numpy as np
from napari_zeroseg.backends.entry import Role
from napari_zeroseg.backends.registry import create
from napari_zeroseg.core.consent import PERSON, agreeing
PERSON.ask = agreeing(words=False, images_to=["{script.url}"])
for role in Role:
    made = create(role, "remote:{script.url}#m")
    if role is Role.CAPTIONER:
        print(made.caption(np.zeros((8, 8, 3), np.float32)))
print(*sorted(m.partition(".")[0] for m in sys.modules))
"""
    answer = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    said, loaded = answer.stdout.splitlines()
    assert said == "A ramp."
    assert not {
        "torch",
        "transformers",
        "fastapi",
        "uvicorn",
        "starlette",
        "httpx",
        "httpx2",
        "openai",
    }.intersection(loaded.split())
