"""All keys on one sheet."""

from __future__ import annotations

from collections.abc import Sequence

from qtpy.QtCore import Qt
from qtpy.QtWidgets import QDialog, QGridLayout, QLabel, QWidget

Keys = Sequence[tuple[str, str, str]]
"""Key, what it does, and where."""

DOCK_KEYS: Keys = (
    ("A", "Accept the selected suggestions or masks", "in their tables"),
    ("R", "Reject the selected suggestions", "in their table"),
    ("Delete", "Remove the selected classes or masks", "in their tables"),
)


class ShortcutSheet(QDialog):
    """A window that can stay open beside the work."""

    def __init__(self, keys: Keys, parent: QWidget) -> None:
        super().__init__(parent)
        self.setWindowTitle("ZeroSeg: keyboard shortcuts")
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        layout = QGridLayout(self)
        layout.setContentsMargins(16, 14, 16, 14)
        layout.setHorizontalSpacing(18)
        layout.setVerticalSpacing(6)
        for number, (key, text, where) in enumerate((*keys, *DOCK_KEYS)):
            layout.addWidget(_bold(key.replace("Control", "Ctrl").replace("-", "+")), number, 0)
            layout.addWidget(QLabel(text), number, 1)
            layout.addWidget(QLabel(where), number, 2)


def _bold(text: str) -> QLabel:
    label = QLabel(text)
    font = label.font()
    font.setBold(True)
    label.setFont(font)
    return label
