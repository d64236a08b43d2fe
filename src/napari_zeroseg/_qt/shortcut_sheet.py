"""All keys on one sheet, where they can be changed."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING

from qtpy.QtCore import QSignalBlocker, Qt
from qtpy.QtGui import QKeySequence
from qtpy.QtWidgets import QDialog, QGridLayout, QKeySequenceEdit, QLabel, QPushButton, QVBoxLayout, QWidget

from napari_zeroseg._qt.section import TextLine, row
from napari_zeroseg.session.keyboard import KeyRefusedError
from napari_zeroseg.session.shortcuts import FIXED, SHORTCUTS, Shortcut, spelled

if TYPE_CHECKING:
    from napari_zeroseg.session.keyboard import Keyboard

Meaning = Callable[[str], str]
"""Says what a key means in napari itself, empty where it means nothing."""

QT_NAMES = {
    "Ctrl": "Control", "Esc": "Escape", "Del": "Delete", "Ins": "Insert", "PgUp": "PageUp",
    "PgDown": "PageDown", "Return": "Enter",
}  # fmt: skip
"""What napari calls otherwise than Qt."""


class ShortcutSheet(QDialog):
    """A window that can stay open beside the work.

    Parameters
    ----------
    keyboard : Keyboard
        The keys in force.
    meaning : callable
        What a key means in napari, which is told when it is chosen.
    parent : QWidget
        The sheet goes with it.
    """

    def __init__(self, keyboard: Keyboard, meaning: Meaning, parent: QWidget) -> None:
        super().__init__(parent)
        self._keyboard, self._meaning = keyboard, meaning
        self.setWindowTitle("ZeroSeg: keyboard shortcuts")
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self.edits: dict[str, QKeySequenceEdit] = {s.name: self._edit(s) for s in SHORTCUTS}
        self.message = TextLine()
        self.reset = QPushButton("Usual keys")
        self.reset.setToolTip("Take back all changes of keys")
        self.reset.setAutoDefault(False)
        self.reset.clicked.connect(self._on_reset)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(16, 14, 16, 14)
        layout.addWidget(TextLine("To change a key, click on it and press another one."))
        layout.addLayout(self._table())
        layout.addWidget(self.message)
        layout.addLayout(row(TextLine("Changes hold at once, and the next time too."), self.reset))
        self._show_keys()

    def _edit(self, shortcut: Shortcut) -> QKeySequenceEdit:
        edit = QKeySequenceEdit()
        edit.setMaximumSequenceLength(1)
        edit.setFixedWidth(110)
        edit.setAccessibleName(f"Key for: {shortcut.text}")
        edit.keySequenceChanged.connect(partial(self._on_key_pressed, shortcut))
        return edit

    def _table(self) -> QGridLayout:
        table = QGridLayout()
        table.setHorizontalSpacing(18)
        table.setVerticalSpacing(3)
        changeable = ((self.edits[s.name], s.text, s.where) for s in SHORTCUTS)
        fixed = ((_bold(key), text, where) for key, text, where in FIXED)
        for number, (key, text, where) in enumerate((*changeable, *fixed)):
            table.addWidget(key, number, 0)
            table.addWidget(QLabel(text), number, 1)
            table.addWidget(QLabel(where), number, 2)
        return table

    def _show_keys(self) -> None:
        for shortcut in SHORTCUTS:
            edit = self.edits[shortcut.name]
            with QSignalBlocker(edit):
                edit.setKeySequence(QKeySequence(self._keyboard.text_of(shortcut)))
        self.reset.setEnabled(bool(self._keyboard.chosen))

    def _on_key_pressed(self, shortcut: Shortcut, pressed: QKeySequence) -> None:
        if pressed.isEmpty():
            return
        key = _napari_name(pressed.toString(QKeySequence.SequenceFormat.PortableText))
        try:
            self._keyboard.change(shortcut, key)
        except KeyRefusedError as refused:
            self.message.show_text(str(refused))
        else:
            self.message.show_text(self._told(key))
        self._show_keys()

    def _told(self, key: str) -> str:
        meaning = self._meaning(key)
        if not meaning:
            return ""
        return (
            f"In napari {spelled(key)} is '{meaning}'. In layers of your own, napari's keys come first; "
            "elsewhere this one does, where it works."
        )

    def _on_reset(self) -> None:
        self._keyboard.reset()
        self.message.show_text("")
        self._show_keys()


def _napari_name(qt_name: str) -> str:
    """Return "Control-Shift-Z" for "Ctrl+Shift+Z"."""
    return "-".join(QT_NAMES.get(part, part) for part in qt_name.split("+"))


def _bold(text: str) -> QLabel:
    label = QLabel(text)
    font = label.font()
    font.setBold(True)
    label.setFont(font)
    return label
