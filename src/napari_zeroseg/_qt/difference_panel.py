"""What a new run would change, and the choice between the new and the old."""

from __future__ import annotations

from typing import TYPE_CHECKING

from qtpy.QtWidgets import QCheckBox, QPushButton

from napari_zeroseg._qt.section import TextLine, column, row
from napari_zeroseg._qt.session_view import SessionView

if TYPE_CHECKING:
    from napari_zeroseg.session.session import Session


class DifferencePanel(SessionView):
    """Shown while a run that removed proposals waits for a decision."""

    def __init__(self, session: Session) -> None:
        super().__init__(session)
        self.text = TextLine()
        self.take = QPushButton("Take the new")
        self.keep = QPushButton("Keep the old")
        self.ask = QCheckBox("Ask when a run removes proposals")
        self.take.setToolTip("Keep what the run found; undo still leads back")
        self.keep.setToolTip("Take the run back: all proposals are as they were; redo leads to the new")
        self.ask.setToolTip(
            "Without the question a run replaces proposals at once, and undo brings them back.\n"
            "What you accepted or edited is never replaced"
        )
        layout = column(self)
        layout.addWidget(self.text)
        layout.addLayout(row(self.take, self.keep))
        layout.addWidget(self.ask)
        self.take.clicked.connect(lambda: self._try(session.take_new))
        self.keep.clicked.connect(lambda: self._try(session.keep_old))
        self.ask.toggled.connect(session.set_asks)
        self._listen(session.difference_changed, self._show_difference)
        self._show_difference()

    def _show_difference(self) -> None:
        difference = self._session.difference
        for widget in (self.take, self.keep):
            widget.setVisible(difference is not None)
        said = f"{difference.text}\nThose that go are framed in red." if difference is not None else ""
        self.text.show_text(said)
        self.text.setMinimumHeight(self.text.heightForWidth(self.text.width()) if said else 0)
        self.ask.setChecked(self._session.asks)
        # with the question, and as long as it is switched off, so that it can be had again
        self.ask.setVisible(difference is not None or not self._session.asks)
