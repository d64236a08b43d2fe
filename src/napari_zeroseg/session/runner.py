"""Long work: exactly one thread calls models, and what arrives late is dropped."""

from __future__ import annotations

import logging
import math
import time
from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures import Executor, Future, wait
from contextlib import suppress
from typing import Any, TypeVar

from napari_zeroseg.backends.allocator import thread_on_main_heap
from napari_zeroseg.core.cancellation import Cancellation, CancelledError, cancelled_by, interruptible

_log = logging.getLogger(__name__)

T = TypeVar("T")

Deliver = Callable[[Callable[[], None]], None]
"""Calls a function on the thread that owns the session."""


class InlineExecutor(Executor):
    """Runs everything at once on the calling thread: for scripts and tests."""

    def submit(self, fn: Callable[..., Any], /, *args: Any, **kwargs: Any) -> Future[Any]:
        future: Future[Any] = Future()
        future.set_result(fn(*args, **kwargs))
        return future


def models_thread() -> Executor:
    """Return an executor with the one thread that calls models."""
    return thread_on_main_heap("zeroseg-models")


def _call(function: Callable[[], None]) -> None:
    function()


class Runner:
    """Runs generators of events, one after the other, and answers questions between them.

    Parameters
    ----------
    executor : Executor, optional
        Must run one call at a time; inline by default.
    deliver : callable, optional
        Brings results back to the thread that owns the session.
    """

    def __init__(self, executor: Executor | None = None, deliver: Deliver = _call) -> None:
        self._executor = executor or InlineExecutor()
        self._deliver = deliver
        self._run = 0
        self._cancellation = Cancellation()
        self._idle = Cancellation()
        self._questions: Counter[str] = Counter()
        self._worked: dict[str, float] = {}
        """Seconds of work that the latest answer on a topic took."""
        self._closed = False

    @property
    def run(self) -> int:
        """The number of the present run."""
        return self._run

    @property
    def question_count(self) -> int:
        """How many questions were asked until now."""
        return self._questions.total()

    def start(
        self,
        work: Callable[[], Iterator[T]],
        on_event: Callable[[T], None],
        on_end: Callable[[BaseException | None], None],
    ) -> None:
        """Consume ``work()`` on the models' thread; a run that is going on is dropped.

        ``on_end`` gets the exception that ended the run, or None. Neither is called after
        :meth:`cancel`.
        """
        self.cancel()
        self.rest()
        number = self._run
        self._cancellation = cancellation = Cancellation()

        def deliver(callback: Callable[[], None]) -> None:
            self._deliver(lambda: callback() if self._run == number else None)

        def consume() -> None:
            problem: BaseException | None = None
            try:
                with cancelled_by(cancellation):
                    for event in work():
                        if self._run != number:
                            return
                        deliver(lambda event=event: on_event(event))  # type: ignore[misc]
            except Exception as error:  # noqa: BLE001 - every failure of a model is told to the user
                problem = error
            deliver(lambda: on_end(problem))

        self._executor.submit(consume)

    def ask(
        self,
        work: Callable[[], T],
        on_answer: Callable[[T], None],
        on_problem: Callable[[BaseException], None],
        topic: str = "",
        patience: float = 0.0,
    ) -> None:
        """Answer a question; a newer question on the same topic makes an older one void.

        Where the latest answer on the topic took no more work than ``patience`` seconds, this one is
        waited for, no longer than that: what it brings can be drawn with what the question
        changed, and the thread that draws does not take the answering one's time.
        """
        self.rest()
        self._questions[topic] += 1
        number = self._questions[topic]

        def is_latest() -> bool:
            return not self._closed and self._questions[topic] == number

        def deliver(callback: Callable[[], None]) -> None:
            self._deliver(lambda: callback() if is_latest() else None)

        def answer() -> None:
            if not is_latest():
                return
            try:
                result = self._timed(topic, work)
            except Exception as error:  # noqa: BLE001 - told to the user
                problem = error
                deliver(lambda: on_problem(problem))
            else:
                deliver(lambda: on_answer(result))

        answered = self._executor.submit(answer)
        if self._worked.get(topic, math.inf) <= patience:
            wait([answered], patience)

    def _timed(self, topic: str, work: Callable[[], T]) -> T:
        start = time.thread_time()
        try:
            return work()
        finally:
            self._worked[topic] = time.thread_time() - start

    def idle(
        self,
        work: Callable[[], Iterator[T]],
        on_event: Callable[[T], None],
        on_end: Callable[[], None],
    ) -> None:
        """Consume ``work()`` until anything else is asked for; what it has not done then is dropped.

        ``on_end`` is called in any case, once. Nobody has asked for this work, so that nobody is told
        what goes wrong with it.
        """
        self.rest()
        self._idle = cancellation = Cancellation()

        def consume() -> None:
            with suppress(CancelledError), cancelled_by(cancellation):
                try:
                    for event in interruptible(work()):
                        self._deliver(lambda event=event: None if cancellation.cancelled else on_event(event))  # type: ignore[misc]
                except CancelledError:
                    raise
                except Exception:  # noqa: BLE001 - the question itself will tell, if it is ever asked
                    _log.debug("What was prepared failed", exc_info=True)
            self._deliver(lambda: None if self._closed or self._idle is not cancellation else on_end())

        self._executor.submit(consume)

    def rest(self) -> None:
        """End what :meth:`idle` does."""
        self._idle.cancel()

    def cancel(self) -> None:
        """Drop the present run: nothing of it is delivered from now on, and calls that wait end."""
        self._run += 1
        self._cancellation.cancel()

    def close(self) -> None:
        """Drop everything and let the thread end."""
        self.cancel()
        self.rest()
        self._closed = True
        self._executor.shutdown(wait=False, cancel_futures=True)
