"""How much of a job is done, as a bar with a text.

Qt's own progress bar draws the whole window at once whenever its value changes, which takes longer
than a person takes to press the next key.
"""

from __future__ import annotations

from qtpy.QtCore import QSize, Qt
from qtpy.QtGui import QPainter, QPaintEvent, QPalette
from qtpy.QtWidgets import QWidget

HEIGHT = 16


class Meter(QWidget):
    """A bar that is drawn when the window is drawn next."""

    def __init__(self) -> None:
        super().__init__()
        self.setFixedHeight(HEIGHT)
        self._done = self._total = 0
        self.text = ""
        """What the bar says."""

    def show_progress(self, done: int, total: int, text: str) -> None:
        self._done, self._total, self.text = done, total, text
        self.setAccessibleName(text)
        self.update()

    def sizeHint(self) -> QSize:
        return QSize(100, HEIGHT)

    def paintEvent(self, _event: QPaintEvent) -> None:
        tint = self.palette().color(QPalette.ColorRole.WindowText)
        painter = QPainter(self)
        painter.setPen(tint)
        painter.drawText(self.rect(), Qt.AlignmentFlag.AlignCenter, self.text)
        tint.setAlphaF(0.12)
        painter.fillRect(self.rect(), tint)
        tint.setAlphaF(0.3)
        painter.fillRect(0, 0, self.width() * self._done // max(self._total, 1), self.height(), tint)
