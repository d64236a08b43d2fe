"""Words in rounded frames, wrapped onto as many lines as they need."""

from __future__ import annotations

from collections.abc import Sequence

from qtpy.QtCore import QRect, QSize
from qtpy.QtGui import QPainter, QPaintEvent, QPalette
from qtpy.QtWidgets import QSizePolicy, QWidget

from napari_zeroseg._qt.painting import paint_chips

PADDING, GAP = 10, 4


class ChipsLine(QWidget):
    """Tags of the image; takes no place while there are none."""

    def __init__(self) -> None:
        super().__init__()
        self._texts: tuple[str, ...] = ()
        policy = QSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Minimum)
        policy.setHeightForWidth(True)
        self.setSizePolicy(policy)
        self.hide()

    @property
    def texts(self) -> tuple[str, ...]:
        return self._texts

    def show_texts(self, texts: Sequence[str]) -> None:
        self._texts = tuple(texts)
        self.setVisible(bool(texts))
        self.setToolTip(f"What was seen in the image:\n{', '.join(texts)}" if texts else "")
        self.setAccessibleName(self.toolTip())
        self.updateGeometry()
        self.update()

    def hasHeightForWidth(self) -> bool:
        return True

    def heightForWidth(self, width: int) -> int:
        return len(self._lines(width)) * (self._line_height + GAP)

    def sizeHint(self) -> QSize:
        return QSize(300, self.heightForWidth(max(self.width(), 300)))

    @property
    def _line_height(self) -> int:
        return self.fontMetrics().height() + 4

    def _lines(self, width: int) -> list[list[str]]:
        lines: list[list[str]] = []
        left = width
        for text in self._texts:
            needed = self.fontMetrics().horizontalAdvance(text) + PADDING + GAP
            if left + needed > width:
                lines.append([])
                left = 0
            lines[-1].append(text)
            left += needed
        return lines

    def paintEvent(self, _event: QPaintEvent) -> None:
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        color = self.palette().color(QPalette.ColorRole.WindowText)
        for number, texts in enumerate(self._lines(self.width())):
            line = QRect(0, number * (self._line_height + GAP), self.width(), self._line_height)
            paint_chips(painter, line, texts, color, self.font())
