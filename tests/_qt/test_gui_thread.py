"""Results come back to the thread that owns the widgets."""

from __future__ import annotations

import threading
import time

from qtpy.QtCore import QTimer

from napari_zeroseg._qt.gui_thread import TURN, GuiThread
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


def test_many_results_leave_turns_to_the_user_and_keep_their_order(qtbot):
    gui_thread, told = GuiThread(), []

    def tell(what):
        told.append(what)
        time.sleep(TURN / 4)

    for number in range(20):
        gui_thread(lambda number=number: tell(number))
    QTimer.singleShot(0, lambda: told.append("user"))
    qtbot.waitUntil(lambda: 19 in told)
    assert told.index("user") < 19
    told.remove("user")
    assert told == list(range(20))


def test_a_result_that_fails_does_not_hold_back_the_next(qtbot):
    gui_thread, told = GuiThread(), []

    def fail():
        time.sleep(2 * TURN)
        raise ValueError

    with qtbot.captureExceptions() as problems:
        gui_thread(lambda: time.sleep(2 * TURN))
        gui_thread(fail)
        gui_thread(lambda: told.append(1))
        qtbot.waitUntil(lambda: bool(told))
    assert [kind for kind, *_ in problems] == [ValueError]


def test_what_comes_after_the_window_is_gone_is_dropped(qtbot):
    gui_thread, told = GuiThread(), []
    gui_thread.deleteLater()
    with qtbot.waitSignal(gui_thread.destroyed):
        pass
    gui_thread(lambda: told.append(1))
    assert not told
