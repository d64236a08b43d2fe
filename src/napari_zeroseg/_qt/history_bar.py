"""Undo and redo, each saying what it would do."""

from __future__ import annotations

from typing import TYPE_CHECKING

from qtpy.QtWidgets import QPushButton

from napari_zeroseg._qt.action_button import ActionButton
from napari_zeroseg._qt.section import row
from napari_zeroseg._qt.session_view import SessionView
from napari_zeroseg._qt.shortcut_sheet import Keys, ShortcutSheet
from napari_zeroseg.session.readiness import Action

if TYPE_CHECKING:
    from napari_zeroseg.session.session import Session

LONGEST_TEXT = 18


class HistoryBar(SessionView):
    """One stack for classes, suggestions, prompts and masks."""

    def __init__(self, session: Session, keys: Keys = ()) -> None:
        super().__init__(session)
        self._keys = keys
        self.undo = ActionButton("Undo", Action.UNDO, "", lambda: self._try(session.undo))
        self.redo = ActionButton("Redo", Action.REDO, "", lambda: self._try(session.redo))
        self.help = QPushButton("?")
        self.help.setFixedWidth(28)
        self.help.setToolTip("Show the keyboard shortcuts")
        self.help.setAccessibleName("Keyboard shortcuts")
        self.help.clicked.connect(self._on_help_clicked)
        layout = row(self.undo, self.redo, self.help)
        layout.setStretch(0, 1)
        layout.setStretch(1, 1)
        self.setLayout(layout)
        self._listen(session.changed, self._show)
        self._listen(session.activity_changed, self._show)
        self._show()

    def _show(self, *_: object) -> None:
        readiness = self._session.readiness
        for button, verb, text in (
            (self.undo, "Undo", self._session.undo_text),
            (self.redo, "Redo", self._session.redo_text),
        ):
            button.setText(f"{verb}: {_cut(text)}" if text else verb)
            button.show_readiness(readiness)
            if text:
                button.setToolTip(f"{verb}: {text}")

    def _on_help_clicked(self) -> None:
        ShortcutSheet(self._keys, self).show()


def _cut(text: str) -> str:
    return text if len(text) <= LONGEST_TEXT else text[: LONGEST_TEXT - 1] + "…"
