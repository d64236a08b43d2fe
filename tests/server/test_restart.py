"""A server that is killed in the middle of a run and started again: the client goes on, to the same masks."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from threading import Event

from napari_zeroseg.backends.embedded.segmenter import EmbeddedSegmenter
from napari_zeroseg.backends.remote.models import RemoteSegmenter
from napari_zeroseg.core.prompt import Point, Prompt
from tests.server.served import TOKEN, Running, picture
from tests.server.test_answers import same_logits

PLANE = picture(7)


class Process:
    """``napari-zeroseg serve`` in a process of its own."""

    def __init__(self, port: int = 0) -> None:
        offer = ("--offer", "embedded:regions")
        self._process = subprocess.Popen(
            [sys.executable, "-m", "napari_zeroseg", "serve", "--port", str(port), *offer],
            stdout=subprocess.PIPE,
            text=True,
            env=os.environ | {"ZEROSEG_SERVER_TOKEN": TOKEN},
        )
        line = self._process.stdout.readline()
        self.port = int(re.fullmatch(r"Models are served at http://127\.0\.0\.1:(\d+)\n", line)[1])

    def end(self, how: signal.Signals) -> int:
        self._process.send_signal(how)
        code = self._process.wait(30)
        self._process.stdout.close()
        return code


def test_a_run_goes_on_when_the_server_was_killed_or_stopped_and_started_again():
    here = EmbeddedSegmenter()
    prompts = [Prompt((Point(8.0 + 5 * n, 40),)) for n in range(16)]
    expected = here.segment(here.embed(PLANE), prompts)
    present = Process()
    running, drawn = Running(present.port, None), []
    gone = {4: Event(), 10: Event()}
    with running.client() as one, ThreadPoolExecutor(1) as thread:
        segmenter = RemoteSegmenter(running.name("embedded:regions"), one)
        embedding = segmenter.embed(PLANE)

        def run():
            for number, prompt in enumerate(prompts):
                if number in gone:
                    gone[number].wait(60)
                drawn.extend(segmenter.segment(embedding, [prompt]))

        done = thread.submit(run)
        for how, stopped in zip((signal.SIGKILL, signal.SIGTERM), gone.values(), strict=True):
            present.end(how)  # while it answers
            stopped.set()  # from here on nobody listens
            # the embedding is gone with the server: its successor gets the image by itself
            present = Process(running.port)
        try:
            done.result(150)
        finally:
            assert present.end(signal.SIGINT) == 0
    assert all(map(same_logits, drawn, expected))
    assert len(drawn) == len(prompts)
    assert any(mask.values.size for mask in drawn)
