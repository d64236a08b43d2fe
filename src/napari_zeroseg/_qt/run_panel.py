"""The run: find and draw the accepted classes."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

from qtpy.QtWidgets import QPushButton

from napari_zeroseg._qt.action_button import ActionButton, ReasonLine
from napari_zeroseg._qt.bench_dialog import BenchDialog
from napari_zeroseg._qt.scope_panel import ScopePanel
from napari_zeroseg._qt.section import TextLine, column
from napari_zeroseg._qt.session_view import SessionView
from napari_zeroseg.session.readiness import Action

if TYPE_CHECKING:
    from napari_zeroseg._qt.gui_thread import Background
    from napari_zeroseg.session.session import Session
    from napari_zeroseg.session.state import State


class RunPanel(SessionView):
    """Start the run and see what it has found.

    Parameters
    ----------
    session : Session
        Whose run it is.
    background : Background
        Where the disk is looked at and pictures are drawn.
    """

    def __init__(self, session: Session, background: Background) -> None:
        super().__init__(session)
        self._background = background
        self.bench: BenchDialog | None = None
        self.run = ActionButton(
            "Run",
            Action.RUN,
            "Find and draw the accepted classes, one Labels layer per class.\n"
            "What you accepted or edited stays as it is",
            lambda: self._try(session.run),
        )
        self.scope = ScopePanel(session)
        self.reason = ReasonLine()
        self.found = TextLine()
        self.compare = QPushButton("Compare methods…")
        self.compare.setToolTip(
            "See what other methods and models make of this image: side by side, with time, memory and the "
            "overlap with your own masks"
        )
        self.compare.clicked.connect(self._on_compare_clicked)
        layout = column(self)
        for widget in (self.scope, self.run, self.reason, self.found, self.compare):
            layout.addWidget(widget)
        self._listen(session.changed, self._on_session_changed)
        self._listen(session.source_changed, self._show_readiness)
        self._listen(session.activity_changed, self._show_readiness)
        self._listen(session.reach.changed, self._show_readiness)
        self._show_found(session.state)
        self._show_readiness()

    def _on_compare_clicked(self) -> None:
        if self.bench is None:
            self.bench = BenchDialog(self._session, self._background, self)
        self.bench.show()
        self.bench.raise_()

    def _on_session_changed(self, new: State, old: State) -> None:
        if new.instances is not old.instances:
            self._show_found(new)
        self._show_readiness()

    def _show_found(self, state: State) -> None:
        counts = Counter(i.name for i in state.instances)
        found = ", ".join(f"{counts[n]} {n}" for n in state.layered)
        self.found.show_text(f"In the layers: {found}." if found else "")

    def _show_readiness(self, *_: object) -> None:
        readiness = self._session.readiness
        self.run.show_readiness(readiness)
        self.reason.show_readiness(readiness, [Action.RUN])
