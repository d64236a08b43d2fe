"""Results come back to the thread that owns the widgets."""

from __future__ import annotations

import threading

from napari_zeroseg._qt.gui_thread import GuiThread
from napari_zeroseg.session.runner import Runner, models_thread


def test_models_run_elsewhere_and_results_arrive_here(qtbot):
    runner = Runner(models_thread(), GuiThread())
    threads = {}

    def work():
        threads["work"] = threading.current_thread()
        yield 1

    def on_end(problem):
        threads["end"] = threading.current_thread()

    runner.start(work, lambda event: None, on_end)
    qtbot.waitUntil(lambda: "end" in threads)
    assert threads["work"] is not threading.current_thread()
    assert threads["end"] is threading.current_thread()
    runner.close()
