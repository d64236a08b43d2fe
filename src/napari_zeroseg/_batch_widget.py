"""Composition root of the batch dock: a viewer, a desk and its panel."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import TYPE_CHECKING

from qtpy.QtCore import QEvent
from qtpy.QtWidgets import QVBoxLayout, QWidget

from napari_zeroseg import opening
from napari_zeroseg._qt.batch_panel import BatchPanel
from napari_zeroseg._qt.gui_thread import Background, GuiThread
from napari_zeroseg._widget import ZeroSegWidget, open_dock
from napari_zeroseg.batch.desk import BatchDesk
from napari_zeroseg.batch.places import Places
from napari_zeroseg.core.errors import ZeroSegError

if TYPE_CHECKING:
    from pathlib import Path

    import napari.viewer


class BatchWidget(QWidget):
    """The dock widget for many images; it takes what is set in the ZeroSeg dock of the same viewer.

    Parameters
    ----------
    napari_viewer : napari.viewer.Viewer
        The viewer that it is docked in.
    """

    def __init__(self, napari_viewer: napari.viewer.Viewer) -> None:
        super().__init__()
        self._viewer = napari_viewer
        self._followed: ZeroSegWidget | None = None
        self._gui = GuiThread()
        beside = Background(ThreadPoolExecutor(1, "zeroseg-batch"), self._gui)
        self.desk = BatchDesk(beside, self._lend)
        self.panel = BatchPanel(self.desk)
        self.panel.correction_wanted.connect(self._on_correction_wanted)
        self.setSizePolicy(self.panel.sizePolicy())
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.addWidget(self.panel, 1)
        # a viewer that is closed deletes its docks without asking them to close
        self.destroyed.connect(partial(_end, self.desk))
        self._follow()

    def _lend(self) -> None:
        if self._followed is not None:
            self._followed.autosave.lend()

    def _follow(self) -> None:
        """Take what is set in the ZeroSeg dock from now on; a dock that was closed and opened is another."""
        docks = self._viewer.window.dock_widgets.values()
        found = next((dock for dock in docks if isinstance(dock, ZeroSegWidget)), None)
        if found is self._followed or found is None:
            return
        self._leave()
        self._followed = found
        for signal in (found.session.changed, found.session.source_changed, found.session.refining.changed):
            signal.connect(self._on_settings_changed)
        self._on_settings_changed()

    def _leave(self) -> None:
        if self._followed is not None:
            session = self._followed.session
            for signal in (session.changed, session.source_changed, session.refining.changed):
                signal.disconnect(self._on_settings_changed, missing_ok=True)

    def _on_settings_changed(self, *_: object) -> None:
        if self._followed is not None:
            self.desk.take_recipe(self._followed.session.recipe)

    def _on_correction_wanted(self, image: Path) -> None:
        out = self.desk.choice.out
        assert out is not None
        try:
            opening.correct(self._viewer, self._followed or open_dock(self._viewer), image, Places(out).work)
        except Exception as problem:  # noqa: BLE001 - napari's readers raise what they like
            told = f"'{image.name}' could not be opened: {type(problem).__name__}: {problem}"
            self.panel.show_problem(ZeroSegError(told, remedy="Look into the file."))
        self._follow()

    def event(self, event: QEvent) -> bool:
        if event.type() in (QEvent.Type.Show, QEvent.Type.Enter, QEvent.Type.WindowActivate):
            self._follow()
        # a dock that is closed lets go of its widget, which nothing else tells
        elif event.type() == QEvent.Type.ParentChange and self.parent() is None:
            self.release()
        return super().event(event)

    def release(self) -> None:
        """Call the batch off, and leave nothing connected."""
        self._leave()
        self._followed = None
        self.panel.release()
        self.desk.close()


def _end(desk: BatchDesk, *_: object) -> None:
    desk.close()
