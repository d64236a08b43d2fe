"""One thread for all models, and clients that take turns at it."""

from __future__ import annotations

from collections import OrderedDict, deque
from collections.abc import Callable
from concurrent.futures import Future
from threading import Condition, Thread
from typing import Any

from napari_zeroseg.core.cancellation import Cancellation, cancelled_by
from napari_zeroseg.server.limits import Limits
from napari_zeroseg.server.refusals import busy, stopping


class Turn:
    """Work that waits for the models' thread."""

    def __init__(self, work: Callable[[], Any]) -> None:
        self.answer: Future[Any] = Future()
        self._work = work
        self._cancellation = Cancellation()

    def call_off(self) -> None:
        """Drop the work, or end it soon where it has begun: nobody waits for its answer."""
        self._cancellation.cancel()
        self.answer.cancel()

    def run(self) -> None:
        """Do the work; what goes wrong is told to who waits."""
        if not self.answer.set_running_or_notify_cancel():
            return
        try:
            with cancelled_by(self._cancellation):
                self.answer.set_result(self._work())
        except BaseException as problem:  # noqa: BLE001 - raised where the answer is waited for
            self.answer.set_exception(problem)


class Turns:
    """A row for each client; the one whose row was served longest ago is next.

    Parameters
    ----------
    limits : Limits
        How many may wait.
    """

    def __init__(self, limits: Limits) -> None:
        self._limits = limits
        self._rows: OrderedDict[str, deque[Turn]] = OrderedDict()
        self._condition = Condition()
        self._under_way: Turn | None = None
        self._closed = False
        self._thread = Thread(target=self._serve, name="zeroseg-models", daemon=True)
        self._thread.start()

    def take(self, client: str, work: Callable[[], Any]) -> Turn:
        """Put work into a client's row.

        Raises
        ------
        RefusedError
            When too much waits there, or in all rows together, or the server ends.
        """
        turn = Turn(work)
        with self._condition:
            if self._closed:
                raise stopping()
            row = self._rows.get(client, deque())
            if len(row) >= self._limits.waiting_per_client:
                raise busy("Too many of your questions wait.")
            if sum(map(len, self._rows.values())) >= self._limits.waiting:
                raise busy("Too many questions wait.", 5)
            row.append(turn)
            self._rows[client] = row
            self._condition.notify()
        return turn

    def close(self) -> None:
        """Call all work off, and take no more."""
        with self._condition:
            self._closed = True
            left = [turn for row in self._rows.values() for turn in row]
            left += [self._under_way] if self._under_way else []
            self._rows.clear()
            self._condition.notify()
        for turn in left:
            turn.call_off()

    def _serve(self) -> None:
        while (turn := self._next()) is not None:
            turn.run()
            del turn  # it holds an image, which need not stay until the next one comes

    def _next(self) -> Turn | None:
        with self._condition:
            self._under_way = None
            self._condition.wait_for(lambda: self._rows or self._closed)
            if self._closed:
                return None
            client, row = self._rows.popitem(last=False)
            self._under_way = row.popleft()
            if row:
                self._rows[client] = row  # behind all others
            return self._under_way
