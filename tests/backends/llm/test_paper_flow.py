"""The paper's flow over a series: at most two requests per image, none for what was seen before."""

from __future__ import annotations

import threading
from dataclasses import replace

import numpy as np

from napari_zeroseg.backends.llm.openai_chat import Limits
from napari_zeroseg.core.detection import Detection
from napari_zeroseg.core.recipe import Recipe
from napari_zeroseg.core.suggestion import Tag
from napari_zeroseg.core.vocabulary import Vocabulary
from napari_zeroseg.session.readiness import Action
from napari_zeroseg.session.runner import Runner, models_thread
from napari_zeroseg.session.session import Session
from napari_zeroseg.session.source import whole
from tests.backends.llm.scripted_server import Answer, data_of, paper_like
from tests.fakes import FakeBackend, fake_backends, source, squares

VOCABULARY = Vocabulary.parse("bright, grey, sky")
PHRASES = [f"murmur {chr(97 + n // 26)}{chr(97 + n % 26)}" for n in range(30)]


class Recognisers(FakeBackend):
    """Says of image ``n`` a tag of its own, and answers with phrases 3n to 3n + 2."""

    def __init__(self, number: int) -> None:
        super().__init__()
        self._number = number

    def tag(self, image):
        return [Tag(f"shiny thing {self._number}", 0.9)]

    def caption(self, image):
        return f"picture {self._number} of something"

    def detect(self, image, classes):
        phrases = PHRASES[3 * self._number : 3 * self._number + 3]
        return [Detection((5.0, 5.0, 15.0, 15.0), 0.9, phrase) for phrase in phrases]


def run_through(refiner, number):
    """Suggest, accept and run on one image of the series, through the session."""
    fake = Recognisers(number)
    session = Session(
        recipe=Recipe().with_vocabulary(VOCABULARY),
        backends=lambda recipe: replace(fake_backends(recipe, fake), refiner=refiner),
    )
    problems = []
    session.problem_raised.connect(problems.append)
    image = np.repeat(squares()[..., None] / np.float32(255), 3, axis=2).astype(np.float32)
    session.open(whole(str(number), image))
    session.suggest()
    session.accept_above(0.5)
    session.run()
    assert problems == []
    return session.state


def test_a_series_takes_two_requests_per_image_and_its_repetition_none(serve, refiner_on):
    scene = {f"shiny thing {n}": ["bright"] for n in range(10)}
    server = serve(paper_like(scene, {p: ("bright", None)[i % 2] for i, p in enumerate(PHRASES)}))
    refiner = refiner_on(server)
    taken = []
    for number in range(10):
        before = len(server.requests)
        state = run_through(refiner, number)
        taken.append(len(server.requests) - before)
        assert state.accepted_names == ("bright",)
        assert {m.phrase for m in state.phrases} == set(PHRASES[3 * number : 3 * number + 3])
        assert {m.source for m in state.phrases} == {"llm"}
        assert len(state.instances) == 1
    assert max(taken) <= 2
    asked = [p for r in server.requests for p in data_of(r).get("phrases", {}).values()]
    assert sorted(asked) == sorted(PHRASES)
    for number in range(10):
        run_through(refiner, number)
    assert len(server.requests) == sum(taken)


def test_only_words_leave_the_machine(serve, refiner_on):
    server = serve(paper_like({"shiny thing 0": ["bright"]}, {}))
    run_through(refiner_on(server), 0)
    assert len(server.raw) == 2
    for request in server.requests:
        assert set(request) == {"model", "messages", "max_tokens", "temperature", "response_format"}
        assert all(isinstance(m["content"], str) for m in request["messages"])
        data = data_of(request)
        assert set(data) <= {"tags", "caption", "target_classes", "phrases"}
    for body in server.raw:
        assert len(body) < 10_000
        assert b"image_url" not in body
        assert b"base64" not in body
        pixels = squares()
        assert not [row for row in pixels if row.any() and row.tobytes() in body]


def test_cancel_during_a_request_that_hangs_frees_window_and_models_thread(serve, refiner_on):
    never, ready = threading.Event(), threading.Event()
    server = serve(lambda _request: Answer(wait=never))
    refiner = refiner_on(server, limits=Limits(request_s=60))
    session = Session(
        Runner(models_thread()),
        Recipe().with_vocabulary(VOCABULARY),
        lambda recipe: replace(fake_backends(recipe, Recognisers(0)), refiner=refiner),
    )
    session.open(source())
    session.suggest()
    assert server.arrived.wait(10)
    session.cancel()
    assert session.readiness[Action.SUGGEST] == ""
    assert not session.activity.running
    server.script = paper_like({"shiny thing 0": ["bright"]}, {})
    session.changed.connect(lambda new, _old: ready.set() if new.suggestions else None)
    session.suggest()
    assert ready.wait(5)
    session.close()
    never.set()
