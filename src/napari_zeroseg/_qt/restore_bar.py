"""Earlier work on the image, offered until a person decides."""

from __future__ import annotations

from typing import TYPE_CHECKING

from qtpy.QtGui import QPaintEvent
from qtpy.QtWidgets import QPushButton, QVBoxLayout

from napari_zeroseg._qt.message_bar import STRIPE
from napari_zeroseg._qt.painting import paint_notice
from napari_zeroseg._qt.section import TextLine, row
from napari_zeroseg._qt.session_view import SessionView

if TYPE_CHECKING:
    from napari_zeroseg.session.saved.autosave import Autosave
    from napari_zeroseg.session.session import Session


class RestoreBar(SessionView):
    """Says what was saved of the image, and lets a person take it up or leave it."""

    def __init__(self, session: Session, autosave: Autosave) -> None:
        super().__init__(session)
        self._autosave = autosave
        self.text = TextLine()
        self.restore = QPushButton("Restore")
        self.restore.setToolTip(
            "Take up the work as it was, with its undo history. What you have done since you opened the "
            "image stays in a file of its own"
        )
        self.anew = QPushButton("Start anew")
        self._build()
        self.restore.clicked.connect(lambda: self._try(autosave.restore))
        self.anew.clicked.connect(autosave.start_anew)
        self._listen(autosave.changed, self._show)
        self._show()

    def _build(self) -> None:
        buttons = row(self.restore, self.anew)
        buttons.addStretch(1)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(8 + STRIPE, 8, 8, 8)
        layout.addWidget(self.text)
        layout.addLayout(buttons)

    def paintEvent(self, _event: QPaintEvent) -> None:
        paint_notice(self, STRIPE)

    def _show(self) -> None:
        offer = self._autosave.offer
        self.setVisible(offer is not None)
        if offer is not None:
            self.text.show_text(offer.text())
            self.anew.setToolTip(
                f"Leave the work in '{offer.path}', and save what you do now in another file"
            )
