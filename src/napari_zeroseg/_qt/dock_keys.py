"""The keys of the canvas, for when the dock is in use."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from qtpy.QtCore import Qt
from qtpy.QtGui import QKeySequence, QShortcut

from napari_zeroseg._qt.session_view import SessionView
from napari_zeroseg.core.errors import ZeroSegError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from qtpy.QtWidgets import QWidget

    from napari_zeroseg.session.keyboard import Keyboard
    from napari_zeroseg.session.session import Session
    from napari_zeroseg.session.shortcuts import Command


class DockKeys(SessionView):
    """Binds the keys that work in the dock; where text is written they are letters.

    A child of the dock without a picture of its own.
    """

    def __init__(
        self, dock: QWidget, session: Session, commands: Sequence[Command], keyboard: Keyboard
    ) -> None:
        super().__init__(session, dock)
        self.hide()
        self._keyboard = keyboard
        self._bound = [(c, self._bind(dock, c)) for c in commands if c.shortcut.in_dock]
        self._listen(keyboard.changed, self._show_keys)
        self._show_keys()

    def _bind(self, dock: QWidget, command: Command) -> QShortcut:
        shortcut = QShortcut(dock)
        shortcut.setContext(Qt.ShortcutContext.WidgetWithChildrenShortcut)
        shortcut.activated.connect(partial(self._act, command))
        return shortcut

    def _show_keys(self) -> None:
        for command, shortcut in self._bound:
            shortcut.setKey(QKeySequence(self._keyboard.text_of(command.shortcut)))

    def _act(self, command: Command) -> None:
        if not command.when():
            return
        try:
            command.act()
        except ZeroSegError as error:
            self._session.noticed.emit(str(error))
