"""What works on this machine, in a window of its own."""

from __future__ import annotations

from typing import TYPE_CHECKING

from qtpy.QtCore import Qt
from qtpy.QtGui import QFontDatabase
from qtpy.QtWidgets import (
    QApplication,
    QDialog,
    QHBoxLayout,
    QPlainTextEdit,
    QPushButton,
    QVBoxLayout,
    QWidget,
)

from napari_zeroseg.session.machine import machine_in_words

if TYPE_CHECKING:
    from napari_zeroseg._qt.gui_thread import Background


class MachineDialog(QDialog):
    """Devices, memory, packages and models, with the lines to type for what is missing.

    Parameters
    ----------
    background : Background
        Where the machine is looked at, which takes a second or more.
    """

    def __init__(self, background: Background, parent: QWidget) -> None:
        super().__init__(parent)
        self._background = background
        self._is_open = True
        self.setWindowTitle("ZeroSeg: what works on this machine")
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self.resize(720, 560)
        self.text = QPlainTextEdit()
        self.text.setReadOnly(True)
        self.text.setFont(QFontDatabase.systemFont(QFontDatabase.SystemFont.FixedFont))
        self.copy = QPushButton("Copy")
        self.copy.setToolTip("Copy the text, to type its lines in a terminal or to ask for help")
        self.copy.clicked.connect(lambda: QApplication.clipboard().setText(self.text.toPlainText()))
        buttons = QHBoxLayout()
        buttons.addStretch(1)
        buttons.addWidget(self.copy)
        layout = QVBoxLayout(self)
        layout.addWidget(self.text)
        layout.addLayout(buttons)
        self.destroyed.connect(self._forget)
        self.look()

    def look(self) -> None:
        """Look at the machine and show what was found."""
        self.text.setPlainText("Looking at this machine …")
        self._background.do(machine_in_words, self._show, self._on_problem)

    def _forget(self) -> None:
        self._is_open = False

    def done(self, result: int) -> None:
        self._forget()
        super().done(result)

    def _show(self, text: str) -> None:
        if self._is_open:
            self.text.setPlainText(text)

    def _on_problem(self, problem: Exception) -> None:
        self._show(f"That failed: {problem}")
