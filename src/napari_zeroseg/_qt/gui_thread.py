"""Back to the thread that owns the widgets."""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Callable
from contextlib import suppress
from typing import TYPE_CHECKING, TypeVar

from qtpy.QtCore import QObject, Qt, QTimer, Signal

from napari_zeroseg.core.cancellation import Cancellation, cancelled_by

if TYPE_CHECKING:
    from concurrent.futures import Executor

    from napari_zeroseg.session.runner import Deliver

T = TypeVar("T")

TURN = 0.02
"""Seconds after which further calls wait, so that the window can answer its user in between."""


class GuiThread(QObject):
    """Called with a function on any thread, calls it on the thread that made this object.

    Calls come in the order of posting, after the events that wait already. Many calls at once are
    made in several turns of the event loop.
    """

    _posted = Signal()

    def __init__(self) -> None:
        super().__init__()
        self._waiting: deque[Callable[[], None]] = deque()
        self._next_turn = QTimer(self)
        self._next_turn.setSingleShot(True)
        self._next_turn.timeout.connect(self._take_turn)
        self._posted.connect(self._on_posted, Qt.ConnectionType.QueuedConnection)

    def __call__(self, function: Callable[[], None]) -> None:
        self._waiting.append(function)
        with suppress(RuntimeError):  # the window is gone, and with it who would be told
            self._posted.emit()

    def _on_posted(self) -> None:
        if not self._next_turn.isActive():
            self._take_turn()

    def _take_turn(self) -> None:
        end = time.perf_counter() + TURN
        try:
            while self._waiting and time.perf_counter() < end:
                self._waiting.popleft()()
        finally:
            if self._waiting:
                self._next_turn.start(0)


class Background:
    """Does work beside the window and brings what comes of it back.

    Parameters
    ----------
    executor : Executor
        Does the work.
    deliver : callable
        Calls a function on the thread of the window.
    """

    def __init__(self, executor: Executor, deliver: Deliver) -> None:
        self._executor = executor
        self._deliver = deliver
        self._closed = False
        self._cancellation = Cancellation()

    def do(
        self,
        work: Callable[[], T],
        on_done: Callable[[T], None],
        on_problem: Callable[[Exception], None],
    ) -> None:
        """Call ``work`` elsewhere, then ``on_done`` or ``on_problem`` here; at the very end at once."""
        cancellation = self._cancellation

        def consume() -> None:
            try:
                with cancelled_by(cancellation):
                    result = work()
            except Exception as error:  # noqa: BLE001 - whatever went wrong is told to the user
                problem = error
                self.tell(on_problem, problem)
            else:
                self.tell(on_done, result)

        try:
            self._executor.submit(consume)
        except RuntimeError:  # Python is ending, and has ended the thread already
            consume()

    def tell(self, listener: Callable[..., None], *said: object) -> None:
        """Call ``listener`` here, from work that goes on elsewhere; not after the end."""
        self._deliver(lambda: None if self._closed else listener(*said))

    def cancel(self) -> None:
        """Call off what was begun, where it can be; ``on_problem`` gets the CancelledError."""
        self._cancellation.cancel()
        self._cancellation = Cancellation()

    def close(self) -> None:
        """Call off what can be, finish the rest, and tell nobody."""
        self._closed = True
        self.cancel()
        self._executor.shutdown(wait=False)
