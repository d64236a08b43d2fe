"""What is near is encoded while nothing is asked, and makes way for what is."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

import numpy as np
import pytest

from napari_zeroseg.backends.embeddings import Latest, RememberingSegmenter
from napari_zeroseg.core.cancellation import CancelledError, present
from napari_zeroseg.core.channels import Channel, colored
from napari_zeroseg.core.image import plane_from_array
from napari_zeroseg.session import foreseeing
from napari_zeroseg.session.asking import SIDE
from napari_zeroseg.session.runner import Runner
from napari_zeroseg.session.session import Session
from napari_zeroseg.session.source import ImageSource
from tests.fakes import FakeBackend, fake_backends, squares


class Counting(FakeBackend):
    def __init__(self):
        super().__init__()
        self.seen = []

    def embed(self, image):
        self.seen.append(image.shape[:2])
        return super().embed(image)


def stack(count=7, blank=()):
    data = np.stack([np.roll(squares(), number, 0) for number in range(count)])
    for number in blank:
        data[number] = 0
    return ImageSource("s", "s", (64, 64), lambda p, w: plane_from_array(data[p]), (3,), (count,))


def opened(source):
    model = Counting()
    backends = replace(fake_backends(fake=model), segmenter=RememberingSegmenter(model, Latest(lambda: 100)))
    session = Session(backends=lambda _: backends)
    session.set_foresight(True)
    session.open(source)
    session.add_classes("bright")
    session.begin("bright")
    return session, model


def test_the_planes_beside_a_click_are_encoded_and_then_known():
    session, model = opened(stack())
    assert not model.seen
    session.click(8, 10)
    assert len(model.seen) == 5
    session.open(session.source.on((4,)))
    assert len(model.seen) == 6  # plane 6; the others are known


def test_the_first_and_the_last_plane_have_fewer_neighbours_and_blank_ones_are_left_out():
    session, model = opened(stack(5, blank=(2,)).on((4,)))
    session.click(8, 10)
    assert len(model.seen) == 2


def test_the_windows_around_a_click_are_encoded_in_a_large_plane():
    data = np.random.default_rng(0).integers(0, 9, (4000, 4000), dtype=np.uint8)
    data[2000:2010, 2000:2010] = 255
    read = lambda _, window: colored(Channel(), data[window], (0, 255))  # noqa: E731
    session, model = opened(ImageSource("l", "l", data.shape, read))
    session.click(2005, 2005)
    assert model.seen == [(SIDE, SIDE)] * 5


def test_where_all_that_is_near_is_encoded_a_click_reads_nothing():
    data = np.random.default_rng(0).integers(0, 9, (4000, 4000), dtype=np.uint8)
    data[2000:2010, 2000:2010] = 255
    reads = []

    def read(_, window):
        reads.append(window)
        return colored(Channel(), data[window], (0, 255))

    session, _ = opened(ImageSource("l", "l", data.shape, read))
    session.click(2005, 2005)
    assert len(reads) == 5
    session.click(2006, 2006)
    assert len(reads) == 5


def test_it_stays_within_its_part_of_the_memory(monkeypatch):
    one = plane_from_array(squares()).nbytes
    monkeypatch.setattr(foreseeing.embedding_limits, "in_memory", lambda: int(2.5 * one / foreseeing.SHARE))
    session, model = opened(stack())
    session.click(8, 10)
    assert len(model.seen) == 3  # the one that goes beyond is the last


def test_it_can_be_switched_off_and_is_off_at_first():
    session, model = opened(stack())
    session.set_foresight(False)
    session.click(8, 10)
    assert len(model.seen) == 1
    assert not Session(backends=fake_backends).foresight


def test_progress_is_told_where_it_takes_time_and_its_end_always(monkeypatch):
    session, _ = opened(stack())
    told = []
    session.preparing_changed.connect(told.append)
    session.click(8, 10)
    assert [t.running for t in told] == [False]
    monkeypatch.setattr(foreseeing, "WORTH_A_WORD", -1.0)
    session.open(session.source.on((4,)))
    assert [(t.running, t.done, t.total) for t in told[1:]] == [(True, n, 5) for n in range(1, 6)] + [
        (False, 0, 0)
    ]


@pytest.fixture
def runner():
    made = Runner(ThreadPoolExecutor(1))
    yield made
    made.close()


@pytest.mark.parametrize("ask", ["ask", "start", "idle", "close"])
def test_what_is_asked_ends_what_is_idle_at_once(runner, ask):
    going, ended, answered = threading.Event(), threading.Event(), threading.Event()

    def forever():
        with present().calling(ended.set):
            going.set()
            assert ended.wait(10)
        yield "late"

    heard = []
    runner.idle(forever, heard.append, lambda: heard.append("end"))
    assert going.wait(10)
    match ask:
        case "ask":
            runner.ask(lambda: 1, lambda _: answered.set(), heard.append)
        case "start":
            runner.start(lambda: iter(()), heard.append, lambda _: answered.set())
        case "idle":
            runner.idle(lambda: iter(()), heard.append, answered.set)
        case "close":
            runner.close()
            answered.set()
    assert answered.wait(10)
    assert "late" not in heard


def test_idle_work_that_fails_or_is_called_off_tells_nobody():
    runner, heard = Runner(), []

    def fails():
        raise ValueError("no")
        yield

    def called_off():
        raise CancelledError
        yield

    for work in (fails, called_off):
        runner.idle(work, heard.append, lambda: heard.append("end"))
    assert heard == ["end", "end"]


def test_a_network_is_called_off_between_its_layers():
    torch = pytest.importorskip("torch")
    from napari_zeroseg.backends.stoppable import stoppable
    from napari_zeroseg.core.cancellation import Cancellation, cancelled_by

    cancellation, passed = Cancellation(), []

    class Layer(torch.nn.Module):
        def forward(self, x):
            passed.append(1)
            cancellation.cancel()
            return x

    network = torch.nn.Sequential(Layer(), Layer())
    with cancelled_by(cancellation), pytest.raises(CancelledError), stoppable():
        network(torch.zeros(1))
    assert len(passed) == 1
    network(torch.zeros(1))  # outside nothing is checked
    assert len(passed) == 3
