"""The download of models: progress, Cancel, and what became of it."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from qtpy.QtWidgets import QFileDialog, QProgressBar, QPushButton, QWidget

from napari_zeroseg._qt.need_model import bytes_in_words
from napari_zeroseg._qt.section import TextLine, column, row
from napari_zeroseg.core.cancellation import CancelledError
from napari_zeroseg.core.errors import ZeroSegError
from napari_zeroseg.session.model_files import Need, fetch, use_own_copy

if TYPE_CHECKING:
    from napari_zeroseg._qt.gui_thread import Background

TICK_S = 0.1
STEPS = 1000


class ModelFetch(QWidget):
    """Fetch what is missing, or say where it is already.

    Parameters
    ----------
    background : Background
        Where files come down.
    on_changed : callable
        Called when files have come, or another folder is used.
    """

    def __init__(self, background: Background, on_changed: Callable[[], object]) -> None:
        super().__init__()
        self._background = background
        self._on_changed = on_changed
        self._missing: Sequence[Need] = ()
        self._fetching = False
        self.fetch = QPushButton()
        self.own = QPushButton("Own copy…")
        self.cancel = QPushButton("Cancel")
        self.progress = QProgressBar()
        self.status = TextLine()
        self._build()
        self.show_missing(())

    def _build(self) -> None:
        self.fetch.setToolTip("Fetch the files that are missing; what came stays when you cancel")
        self.own.setToolTip("Use files that you have already, in a folder of your own")
        self.cancel.setToolTip("Stop; the next download goes on from there")
        self.progress.setRange(0, STEPS)
        self.progress.setTextVisible(False)
        self.progress.setFixedHeight(10)
        self.fetch.clicked.connect(self._on_fetch_clicked)
        self.own.clicked.connect(self._on_own_clicked)
        self.cancel.clicked.connect(self.stop)
        layout = column(self)
        layout.addLayout(row(self.fetch, self.own, self.cancel, stretch_last=False))
        layout.addWidget(self.progress)
        layout.addWidget(self.status)

    def show_missing(self, missing: Sequence[Need]) -> None:
        """Offer to fetch what is missing."""
        self._missing = missing
        self.fetch.setText(f"Download {bytes_in_words(sum(n.size for n in missing))}")
        self._show_buttons()

    def _show_buttons(self) -> None:
        needed = bool(self._missing)
        self.fetch.setVisible(needed and not self._fetching)
        self.own.setVisible(needed and not self._fetching)
        self.cancel.setVisible(self._fetching)
        self.progress.setVisible(self._fetching)

    def _on_fetch_clicked(self) -> None:
        names = [need.name for need in self._missing]
        self._fetching = True
        self.progress.setValue(0)
        self.status.show_text("Asking for the files …")
        self._show_buttons()
        tell = _Ticker(partial(self._background.tell, self._show_progress))
        self._background.do(lambda: fetch(names, tell), self._on_fetched, self._on_not_fetched)

    def stop(self) -> None:
        """End the download; what came is kept."""
        if self._fetching:
            self._background.cancel()

    def _show_progress(self, name: str, done: int, total: int) -> None:
        self.progress.setValue(round(STEPS * done / max(total, 1)))
        self.status.show_text(f"{name}: {bytes_in_words(done)} of {bytes_in_words(total)}")

    def _on_fetched(self, _: object) -> None:
        self._end("All files are here.")

    def _on_not_fetched(self, problem: Exception) -> None:
        if isinstance(problem, CancelledError):
            self._end("Stopped. What came is kept; the next download goes on from there.")
        elif isinstance(problem, ZeroSegError):
            self._end(str(problem))
        else:
            self._end(f"The download failed ({type(problem).__name__}). Try again; what came is kept.")

    def _end(self, text: str) -> None:
        self._fetching = False
        self.status.show_text(text)
        self._show_buttons()
        self._on_changed()

    def _on_own_clicked(self) -> None:
        need = self._missing[0]
        folder = QFileDialog.getExistingDirectory(self, f"Folder with the files of {need.name}")
        if folder:
            self.use_own(need.name, folder)

    def use_own(self, name: str, folder: str | Path) -> None:
        """Load a model from a folder of the person's from now on."""
        try:
            use_own_copy(name, Path(folder))
        except ZeroSegError as problem:
            self.status.show_text(str(problem))
            return
        self.status.show_text(f"{name} is loaded from {folder} from now on.")
        self._on_changed()


class _Ticker:
    """Passes progress on, but not more often than a person can see."""

    def __init__(self, tell: Callable[[str, int, int], None]) -> None:
        self._tell = tell
        self._next = 0.0

    def __call__(self, name: str, done: int, total: int) -> None:
        now = time.monotonic()
        if now >= self._next or done >= total:
            self._next = now + TICK_S
            self._tell(name, done, total)
