"""A call that waits for a server, and that the present cancellation ends at once."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine
from concurrent.futures import CancelledError as FutureCancelledError
from concurrent.futures import Future, InvalidStateError
from contextlib import suppress
from threading import Thread
from typing import Any, TypeVar

from napari_zeroseg.core.cancellation import CancelledError, present

T = TypeVar("T")


def run(make: Callable[[], Coroutine[Any, Any, T]]) -> T:
    """Run a coroutine to its end, also where a loop is running already (in a notebook).

    Raises
    ------
    CancelledError
        As soon as the work that calls is called off; connections are closed behind its back.
    """
    cancellation, answer = present(), Future[T]()

    async def main() -> T:
        loop, task = asyncio.get_running_loop(), asyncio.current_task()
        assert task is not None

        def abort() -> None:
            with suppress(RuntimeError):  # the loop may have come to its end meanwhile
                loop.call_soon_threadsafe(task.cancel)

        with cancellation.calling(abort):
            return await make()

    def work() -> None:
        try:
            result = asyncio.run(main())
        except BaseException as error:  # noqa: BLE001 - raised where the answer is waited for
            with suppress(InvalidStateError):
                answer.set_exception(error)
        else:
            with suppress(InvalidStateError):
                answer.set_result(result)

    def set_free() -> None:
        answer.cancel()

    # the caller does not wait until the thread has closed everything: name look-ups cannot be ended
    with cancellation.calling(set_free):
        Thread(target=work, name="zeroseg-chat", daemon=True).start()
        try:
            return answer.result()
        except FutureCancelledError:
            raise CancelledError from None
