"""One step of the work: a numbered heading with what belongs to it."""

from __future__ import annotations

from qtpy.QtCore import Qt
from qtpy.QtGui import QPainter, QPaintEvent, QPalette
from qtpy.QtWidgets import QHBoxLayout, QLabel, QLayout, QVBoxLayout, QWidget

GAP = 6


def section(number: int, title: str, content: QWidget) -> QWidget:
    """Return ``content`` under a heading such as "1  Image and classes"."""
    frame = QWidget()
    layout = QVBoxLayout(frame)
    layout.setContentsMargins(0, 0, 0, 10)
    layout.setSpacing(GAP)
    layout.addLayout(_heading(f"{number}   {title}"))
    layout.addWidget(content)
    return frame


def _heading(text: str) -> QLayout:
    label = QLabel(text)
    label.setIndent(0)
    font = label.font()
    font.setBold(True)
    label.setFont(font)
    heading = row(label, _Rule(), stretch_last=True)
    heading.setSpacing(10)
    return heading


class _Rule(QWidget):
    """A thin line in the colour of the text."""

    def paintEvent(self, _event: QPaintEvent) -> None:
        color = self.palette().color(QPalette.ColorRole.WindowText)
        color.setAlphaF(0.25)
        painter = QPainter(self)
        painter.setPen(color)
        painter.drawLine(0, self.height() // 2, self.width(), self.height() // 2)


def column(parent: QWidget) -> QVBoxLayout:
    """Give a widget a plain column without outer margins."""
    layout = QVBoxLayout(parent)
    layout.setContentsMargins(0, 0, 0, 0)
    layout.setSpacing(GAP)
    return layout


def row(*widgets: QWidget, stretch_last: bool = False) -> QHBoxLayout:
    """Return widgets side by side."""
    layout = QHBoxLayout()
    layout.setContentsMargins(0, 0, 0, 0)
    layout.setSpacing(GAP)
    for index, widget in enumerate(widgets):
        layout.addWidget(widget, int(stretch_last and index == len(widgets) - 1))
    return layout


class TextLine(QLabel):
    """Wrapped text that takes no place while it is empty."""

    def __init__(self, text: str = "") -> None:
        super().__init__()
        self.setWordWrap(True)
        self.setIndent(0)
        self.setTextFormat(Qt.TextFormat.PlainText)
        self.setText(text)
        self.setHidden(not text)

    def show_text(self, text: str) -> None:
        self.setText(text)
        self.setVisible(bool(text))


class SteadyLine(TextLine):
    """Stays as high as it was until it is empty: what lies below must not move under the mouse."""

    def show_text(self, text: str) -> None:
        before = self.heightForWidth(self.width()) if self.text() and text else 0
        self.setMinimumHeight(max(self.minimumHeight(), before) if text else 0)
        super().show_text(text)
