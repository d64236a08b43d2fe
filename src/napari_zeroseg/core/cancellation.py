"""A word to the work on the models' thread: stop, also in the middle of a call that waits."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from threading import Lock
from typing import TypeVar

T = TypeVar("T")


class CancelledError(Exception):
    """The work was called off; nobody waits for its answer."""


class Cancellation:
    """Set once, from any thread; callbacks registered for the time of a call then run."""

    def __init__(self) -> None:
        self._lock = Lock()
        self._callbacks: list[Callable[[], None]] = []
        self._cancelled = False

    @property
    def cancelled(self) -> bool:
        return self._cancelled

    def cancel(self) -> None:
        """Call the work off; callbacks must be quick, for this may be the GUI thread."""
        with self._lock:
            self._cancelled = True
            callbacks, self._callbacks = self._callbacks, []
        for callback in callbacks:
            callback()

    @contextmanager
    def calling(self, callback: Callable[[], None]) -> Iterator[None]:
        """Have ``callback`` called if the work is called off while the block runs.

        Raises
        ------
        CancelledError
            At the start when the work has been called off already.
        """
        with self._lock:
            if self._cancelled:
                raise CancelledError
            self._callbacks.append(callback)
        try:
            yield
        finally:
            with self._lock:
                if callback in self._callbacks:
                    self._callbacks.remove(callback)


_present: ContextVar[Cancellation | None] = ContextVar("zeroseg_cancellation", default=None)


def present() -> Cancellation:
    """Return the cancellation of the work that calls; one that nobody sets outside of a run."""
    return _present.get() or Cancellation()


@contextmanager
def cancelled_by(cancellation: Cancellation) -> Iterator[None]:
    """Let what runs in the block be called off by ``cancellation``."""
    token = _present.set(cancellation)
    try:
        yield
    finally:
        _present.reset(token)


def interruptible(items: Iterable[T]) -> Iterator[T]:
    """Yield items as long as the work that calls is wanted.

    Raises
    ------
    CancelledError
        Before the next item when the work has been called off.
    """
    cancellation = present()
    for item in items:
        if cancellation.cancelled:
            raise CancelledError
        yield item
