"""A watch on the thread of the window."""

from __future__ import annotations

import contextlib
import time
from pathlib import Path

from qtpy.QtCore import QObject, QTimer


class FairClock:
    """Counts seconds in which this program could work.

    Time in which threads of this program were ready and had no processor is taken off: a machine
    that is busy with other programs holds up everyone. Where the system does not tell (it is Linux
    that does), the thread's own processor time counts.
    """

    def __init__(self):
        self._queued: dict[str, int] = {}

    def now(self):
        queues = list(Path("/proc/self/task").glob("*/schedstat"))
        if not queues:
            return time.thread_time()
        for queue in queues:
            with contextlib.suppress(OSError):  # a thread that has ended
                self._queued[queue.parent.name] = int(queue.read_text().split()[1])
        return time.perf_counter() - sum(self._queued.values()) / 1e9


class Watch(QObject):
    """Measures the longest hold-up of the window's thread between two rounds of its event loop."""

    def __init__(self):
        super().__init__()
        self._clock = FairClock()
        self.longest, self._last, self._worked = 0.0, self._clock.now(), time.thread_time()
        self._timer = QTimer(self)
        self._timer.timeout.connect(self._tick)
        self._timer.start(5)

    def _tick(self):
        now, worked = self._clock.now(), time.thread_time()
        # several threads may have waited at once: what this one has worked itself is no wait
        self.longest = max(self.longest, now - self._last, worked - self._worked)
        self._last, self._worked = now, worked

    def lap(self):
        """Return the longest hold-up since the last lap."""
        self._tick()
        longest, self.longest = self.longest, 0.0
        return longest

    def stop(self):
        self._timer.stop()
        return self.longest
