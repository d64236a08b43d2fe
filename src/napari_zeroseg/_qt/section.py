"""One step of the work: a numbered heading with what belongs to it."""

from __future__ import annotations

from qtpy.QtCore import Qt
from qtpy.QtWidgets import QFrame, QHBoxLayout, QLabel, QLayout, QSizePolicy, QVBoxLayout, QWidget

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
    font = label.font()
    font.setBold(True)
    label.setFont(font)
    line = QFrame()
    line.setFrameShape(QFrame.Shape.HLine)
    line.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
    row = QHBoxLayout()
    row.setSpacing(8)
    row.addWidget(label)
    row.addWidget(line, 1, Qt.AlignmentFlag.AlignVCenter)
    return row


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
        self.setTextFormat(Qt.TextFormat.PlainText)
        self.show_text(text)

    def show_text(self, text: str) -> None:
        self.setText(text)
        self.setVisible(bool(text))
