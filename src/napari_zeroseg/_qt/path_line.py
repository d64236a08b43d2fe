"""A file or folder: typed, or chosen in a dialogue."""

from __future__ import annotations

from pathlib import Path

from qtpy.QtCore import Signal
from qtpy.QtWidgets import QFileDialog, QLineEdit, QPushButton, QWidget

from napari_zeroseg._qt.section import row


class PathLine(QWidget):
    """Emits ``chosen`` with a Path, or None where the line was emptied.

    Parameters
    ----------
    name : str
        What is chosen, for dialogues and screen readers: "Folder with images".
    teaches : str
        The tooltip.
    """

    chosen = Signal(object)

    def __init__(self, name: str, teaches: str) -> None:
        super().__init__()
        self._name = name
        self.line = QLineEdit()
        self.line.setAccessibleName(name)
        self.line.setToolTip(teaches)
        # what is dropped on it is for the panel around it
        self.line.setAcceptDrops(False)
        self.browse = QPushButton("Browse…")
        self.browse.setAccessibleName(f"{name}: browse")
        self.browse.setToolTip(f"Choose: {name[0].lower()}{name[1:]}")
        self.setLayout(row(self.line, self.browse))
        self.line.editingFinished.connect(self._on_editing_finished)
        self.browse.clicked.connect(self._on_browse_clicked)

    def show_path(self, path: Path | None) -> None:
        """Show what is chosen; what is being typed stays."""
        text = str(path or "")
        if text != self.line.text() and not self.line.isModified():
            self.line.setText(text)

    def _typed(self) -> Path | None:
        text = self.line.text().strip()
        return Path(text).expanduser().absolute() if text else None

    def _on_editing_finished(self) -> None:
        if self.line.isModified():
            self.line.setModified(False)
            self.chosen.emit(self._typed())

    def _on_browse_clicked(self) -> None:
        folder = QFileDialog.getExistingDirectory(self, self._name, self.line.text())
        if folder:
            self.chosen.emit(Path(folder))
