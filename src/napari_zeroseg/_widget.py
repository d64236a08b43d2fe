"""Composition root of the window: a viewer, a session and the dock."""

from __future__ import annotations

from typing import TYPE_CHECKING

from qtpy.QtCore import QEvent
from qtpy.QtWidgets import QVBoxLayout, QWidget

from napari_zeroseg._qt.dock import Dock
from napari_zeroseg._qt.gui_thread import GuiThread
from napari_zeroseg.session.runner import Runner, models_thread
from napari_zeroseg.session.session import Session

if TYPE_CHECKING:
    import napari.viewer


class ZeroSegWidget(QWidget):
    """The dock widget of the plugin.

    Parameters
    ----------
    napari_viewer : napari.viewer.Viewer
        The viewer that it is docked in.
    session : Session, optional
        With a thread of its own by default.
    """

    def __init__(self, napari_viewer: napari.viewer.Viewer, session: Session | None = None) -> None:
        super().__init__()
        self.session = session or Session(Runner(models_thread(), GuiThread()))
        self.dock = Dock(self.session, {})
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.addWidget(self.dock)
