"""All keys on one sheet."""

from __future__ import annotations

from qtpy.QtCore import Qt
from qtpy.QtWidgets import QDialog, QGridLayout, QLabel, QWidget

from napari_zeroseg.session.shortcuts import FIXED, SHORTCUTS, spelled


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
        changeable = ((spelled(s.key), s.text, s.where) for s in SHORTCUTS)
        for number, (key, text, where) in enumerate((*changeable, *FIXED)):
            layout.addWidget(_bold(key), number, 0)
            layout.addWidget(QLabel(text), number, 1)
            layout.addWidget(QLabel(where), number, 2)


def _bold(text: str) -> QLabel:
    label = QLabel(text)
    font = label.font()
    font.setBold(True)
    label.setFont(font)
    return label
