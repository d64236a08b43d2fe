"""One small line: whether the work is saved, and where."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

from qtpy.QtCore import Qt, QTimer
from qtpy.QtGui import QAction
from qtpy.QtWidgets import QFileDialog, QMenu, QToolButton

from napari_zeroseg._qt.section import row
from napari_zeroseg._qt.session_view import SessionView
from napari_zeroseg.session.saved.offer import ago

if TYPE_CHECKING:
    from napari_zeroseg.session.saved.autosave import Autosave, SaveStatus
    from napari_zeroseg.session.session import Session

REFRESH = 5000  # ms


class SavedLine(SessionView):
    """Says when the work was saved; its menu says where it is saved from now on."""

    def __init__(self, session: Session, autosave: Autosave) -> None:
        super().__init__(session)
        self._autosave = autosave
        self.line = QToolButton()
        self.on = QAction("Save by itself", self, checkable=True)
        self.beside = QAction("Beside the image", self, checkable=True)
        self.elsewhere = QAction("In a folder…", self, checkable=True)
        self._build()
        self.on.triggered.connect(lambda on: self._set(on=on))
        self.beside.triggered.connect(lambda _: self._set(folder=None))
        self.elsewhere.triggered.connect(self._on_elsewhere_triggered)
        self._timer = QTimer(self)
        self._timer.setInterval(REFRESH)
        self._timer.timeout.connect(self._show)
        self._timer.start()
        self._listen(autosave.changed, self._show)
        self._show()

    def _build(self) -> None:
        menu = QMenu(self)
        menu.addAction(self.on)
        menu.addSeparator()
        menu.addActions([self.beside, self.elsewhere])
        self.line.setMenu(menu)
        self.line.setPopupMode(QToolButton.ToolButtonPopupMode.InstantPopup)
        self.line.setAutoRaise(True)
        # themes draw the arrow of the menu over the end of the text
        self.line.setStyleSheet("QToolButton { padding-right: 14px; }")
        self.line.setToolButtonStyle(Qt.ToolButtonStyle.ToolButtonTextOnly)
        self.line.setAccessibleName("Autosave")
        layout = row(self.line)
        layout.insertStretch(0, 1)
        self.setLayout(layout)

    def _show(self) -> None:
        settings, status = self._autosave.settings, self._autosave.status
        self.line.setText(_described(status) if settings.on else "Autosave is off")
        self.line.setToolTip(_tooltip(status) if settings.on else "Press to save what you do by itself")
        self.on.setChecked(settings.on)
        self.beside.setChecked(settings.folder is None)
        self.elsewhere.setChecked(settings.folder is not None)
        self.elsewhere.setText(f"In {settings.folder}" if settings.folder else "In a folder…")
        for action in (self.beside, self.elsewhere):
            action.setEnabled(settings.on)

    def _set(self, **changes: object) -> None:
        self._autosave.set_settings(self._autosave.settings.model_copy(update=changes))
        self._show()

    def _on_elsewhere_triggered(self) -> None:
        chosen = QFileDialog.getExistingDirectory(self, "Folder for saved work")
        if chosen:
            self._set(folder=Path(chosen))
        self._show()

    def release(self) -> None:
        self._timer.stop()
        super().release()


def _described(status: SaveStatus) -> str:
    if status.problem:
        return "Not saved"
    if status.when is None:
        return "Autosave"
    return f"Saved {ago(datetime.now(UTC) - status.when)}"


def _tooltip(status: SaveStatus) -> str:
    if status.problem:
        return f"{status.problem} It is tried again."
    if status.path is None:
        return "Classes, decisions, masks and undo history are saved by themselves once there are any"
    return f"All that you do is saved in '{status.path}'"
