"""Python's full garbage collections, in moments in which nobody does anything."""

from __future__ import annotations

import gc
import time
from typing import ClassVar

from qtpy.QtCore import QEvent, QObject, QTimer
from qtpy.QtWidgets import QApplication

PAUSE = 2.0
"""Seconds without a key, the mouse or a change after which nobody is at work."""
DUE = 5
"""A pause is used where so many times as much was made since the last collection as Python would wait for."""
RARER = 100
"""Without a pause Python collects too, but so many times as seldom, that memory stays bounded."""
TICK = 500
"""Milliseconds between looks whether there is a pause."""
INPUT = frozenset(
    {
        QEvent.Type.KeyPress,
        QEvent.Type.MouseButtonPress,
        QEvent.Type.MouseButtonRelease,
        QEvent.Type.MouseMove,
        QEvent.Type.Wheel,
    }
)


class IdleCollector(QObject):
    """Keeps full collections out of a person's way, as long as it is not released.

    With napari there are some 400,000 objects to look through, for which everything stands still for
    a quarter of a second. The quick collections of young objects go on as ever; a full one that Python
    makes without a pause looks only at what was made since the last pause.
    """

    _usual: ClassVar[tuple[int, int, int]]
    _holders: ClassVar[set[IdleCollector]] = set()

    def __init__(self) -> None:
        super().__init__()
        self._latest = time.monotonic()
        self._timer = QTimer(self)
        self._timer.timeout.connect(self._on_tick)
        self._timer.start(TICK)
        if not self._holders:
            IdleCollector._usual = gc.get_threshold()
            gc.set_threshold(*self._usual[:2], RARER * self._usual[2])
            gc.freeze()
        self._holders.add(self)
        application = QApplication.instance()
        assert application is not None
        application.installEventFilter(self)

    def note(self, *_: object) -> None:
        """Somebody is at work."""
        self._latest = time.monotonic()

    def eventFilter(self, _watched: QObject, event: QEvent) -> bool:
        if event.type() in INPUT:
            self.note()
        return False

    def _on_tick(self) -> None:
        due = gc.get_count()[2] >= DUE * self._usual[2]
        if due and time.monotonic() - self._latest >= PAUSE:
            gc.unfreeze()
            gc.collect()
            gc.freeze()

    def release(self, *_: object) -> None:
        """Leave collecting to Python again."""
        if self in self._holders:
            self._holders.remove(self)
            self._timer.stop()
            application = QApplication.instance()
            if application is not None:
                application.removeEventFilter(self)
            if not self._holders:
                gc.set_threshold(*self._usual)
                gc.unfreeze()
