"""Undo and redo, each saying what it would do."""

from __future__ import annotations

from typing import TYPE_CHECKING

from qtpy.QtCore import Qt
from qtpy.QtGui import QKeySequence, QShortcut
from qtpy.QtWidgets import QPushButton

from napari_zeroseg._qt.action_button import ActionButton
from napari_zeroseg._qt.section import row
from napari_zeroseg._qt.session_view import SessionView
from napari_zeroseg._qt.shortcut_sheet import Meaning, ShortcutSheet
from napari_zeroseg.session.readiness import Action

if TYPE_CHECKING:
    from napari_zeroseg.session.keyboard import Keyboard
    from napari_zeroseg.session.session import Session

LONGEST_TEXT = 18


class HistoryBar(SessionView):
    """One stack for classes, suggestions, prompts and masks."""

    def __init__(self, session: Session, keyboard: Keyboard, meaning: Meaning) -> None:
        super().__init__(session)
        self._keyboard, self._meaning = keyboard, meaning
        self._sheet: ShortcutSheet | None = None
        self.undo = ActionButton("Undo", Action.UNDO, "", lambda: self._try(session.undo))
        self.redo = ActionButton("Redo", Action.REDO, "", lambda: self._try(session.redo))
        self.help = QPushButton("?")
        self.help.setFixedWidth(28)
        self.help.setToolTip("Show the keyboard shortcuts, and change them (?)")
        self.help.setAccessibleName("Keyboard shortcuts")
        self.help.clicked.connect(lambda: self._show_sheet())
        self._add_key()
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

    def _add_key(self) -> None:
        # for the whole window, by Qt: napari has no name for this key. Some keyboards name Shift too
        for key in ("?", "Shift+?"):
            shortcut = QShortcut(QKeySequence(key), self)
            shortcut.setContext(Qt.ShortcutContext.WindowShortcut)
            shortcut.activated.connect(self._show_sheet)

    def _show_sheet(self) -> None:
        if self._sheet is None:
            self._sheet = ShortcutSheet(self._keyboard, self._meaning, self)
            self._sheet.destroyed.connect(self._on_sheet_destroyed)
        self._sheet.show()
        self._sheet.raise_()
        self._sheet.activateWindow()

    def _on_sheet_destroyed(self) -> None:
        self._sheet = None


def _cut(text: str) -> str:
    return text if len(text) <= LONGEST_TEXT else text[: LONGEST_TEXT - 1] + "…"
