"""All keys on one sheet."""

from __future__ import annotations

from qtpy.QtCore import Qt
from qtpy.QtWidgets import QDialog, QGridLayout, QLabel, QWidget

SHORTCUTS = (
    ("A", "Accept the selected suggestions or instances"),
    ("R", "Reject the selected suggestions"),
    ("N", "Start a new object of the chosen class"),
    ("S", "Switch the next point between object (+) and not object (−)"),
    ("C", "Commit the object that is being drawn"),
    ("Esc", "Discard it; what was there before stays"),
    ("Delete", "Remove the selected class or instances"),
    ("Ctrl+Z", "Undo, with the dock or the canvas in use"),
    ("Ctrl+Shift+Z", "Redo"),
)


class ShortcutSheet(QDialog):
    """A window that can stay open beside the work."""

    def __init__(self, parent: QWidget) -> None:
        super().__init__(parent)
        self.setWindowTitle("ZeroSeg: keyboard shortcuts")
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        layout = QGridLayout(self)
        layout.setContentsMargins(16, 14, 16, 14)
        layout.setHorizontalSpacing(18)
        layout.setVerticalSpacing(6)
        for number, (key, text) in enumerate(SHORTCUTS):
            label = QLabel(key)
            font = label.font()
            font.setBold(True)
            label.setFont(font)
            layout.addWidget(label, number, 0)
            layout.addWidget(QLabel(text), number, 1)
