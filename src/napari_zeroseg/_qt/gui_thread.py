"""Back to the thread that owns the widgets."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, TypeVar

from qtpy.QtCore import QObject, Qt, Signal

if TYPE_CHECKING:
    from concurrent.futures import Executor

T = TypeVar("T")


class GuiThread(QObject):
    """Called with a function on any thread, calls it on the thread that made this object.

    Calls come in the order of posting, after the events that wait already.
    """

    _posted = Signal(object)

    def __init__(self) -> None:
        super().__init__()
        self._posted.connect(self._on_posted, Qt.ConnectionType.QueuedConnection)

    def __call__(self, function: Callable[[], None]) -> None:
        self._posted.emit(function)

    def _on_posted(self, function: Callable[[], None]) -> None:
        function()


def in_background(
    executor: Executor,
    deliver: Callable[[Callable[[], None]], None],
    work: Callable[[], T],
    on_done: Callable[[T], None],
    on_problem: Callable[[Exception], None],
) -> None:
    """Do ``work`` on an executor and bring its result, or its problem, back through ``deliver``."""

    def consume() -> None:
        try:
            result = work()
        except Exception as error:  # noqa: BLE001 - whatever went wrong is told to the user
            problem = error
            deliver(lambda: on_problem(problem))
        else:
            deliver(lambda: on_done(result))

    executor.submit(consume)
