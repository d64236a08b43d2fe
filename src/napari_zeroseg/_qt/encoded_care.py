"""What is kept of encoded images: how much, and a button that removes it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from qtpy.QtWidgets import QPushButton, QWidget

from napari_zeroseg._qt.section import TextLine, column, row
from napari_zeroseg.session.encoded import Kept, clear, kept

if TYPE_CHECKING:
    from qtpy.QtGui import QShowEvent

    from napari_zeroseg._qt.gui_thread import Background

TEACHES = (
    "Large segmenters encode an image once and keep the result, so that a click is answered at once, also "
    "tomorrow. Removing it costs time alone: no masks, images or models are touched."
)


class EncodedCare(QWidget):
    """Tell what is kept of encoded images, and clear it.

    Parameters
    ----------
    background : Background
        Where the disk is looked at.
    """

    def __init__(self, background: Background) -> None:
        super().__init__()
        self._background = background
        self.status = TextLine()
        self.clear = QPushButton("Clear encoded images")
        for part in (self.status, self.clear):
            part.setToolTip(TEACHES)
        self.clear.clicked.connect(self._on_clear_clicked)
        layout = column(self)
        layout.addWidget(self.status)
        layout.addLayout(row(self.clear))

    def showEvent(self, event: QShowEvent) -> None:
        self._background.do(kept, self._on_looked_up, self._on_problem)
        super().showEvent(event)

    def _on_looked_up(self, found: Kept) -> None:
        self.status.show_text(f"Kept: {found.in_short()}")
        self.status.setToolTip(f"{TEACHES}\n\n{found.in_words()}")
        self.clear.setEnabled(bool(found.on_disk.count or found.in_memory.count))

    def _on_clear_clicked(self) -> None:
        self.clear.setEnabled(False)
        self._background.do(clear, self.status.show_text, self._on_problem)

    def _on_problem(self, problem: Exception) -> None:
        self.status.show_text(str(problem))
