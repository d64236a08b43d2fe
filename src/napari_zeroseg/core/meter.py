"""How long some work takes, and how much memory on top of what was there."""

from __future__ import annotations

import time
from threading import Event, Thread

INTERVAL = 0.02  # s between two looks at the memory


class Meter:
    """Watches the process from the start of a ``with`` block to its end.

    Attributes
    ----------
    seconds : float
        Wall time of the block.
    memory : int
        Most bytes that the process held in main memory above those at the start of the block.
    """

    def __init__(self) -> None:
        self.seconds = 0.0
        self.memory = 0

    def __enter__(self) -> Meter:
        from psutil import Process

        self._process = Process()
        self._start, self._held = time.perf_counter(), self._resident()
        self._ended = Event()
        self._watcher = Thread(target=self._watch, name="zeroseg-meter", daemon=True)
        self._watcher.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.seconds = time.perf_counter() - self._start
        self._ended.set()
        self._watcher.join()

    def _resident(self) -> int:
        return int(self._process.memory_info().rss)

    def _watch(self) -> None:
        while True:
            self.memory = max(self.memory, self._resident() - self._held)
            if self._ended.wait(INTERVAL):
                return
