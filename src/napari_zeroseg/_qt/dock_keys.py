"""The keys of the canvas, for when the dock is in use."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from qtpy.QtCore import Qt
from qtpy.QtGui import QKeySequence, QShortcut

from napari_zeroseg.core.errors import ZeroSegError
from napari_zeroseg.session.shortcuts import spelled

if TYPE_CHECKING:
    from collections.abc import Sequence

    from qtpy.QtWidgets import QWidget

    from napari_zeroseg.session.session import Session
    from napari_zeroseg.session.shortcuts import Command


def bind_keys(dock: QWidget, session: Session, commands: Sequence[Command]) -> None:
    """Bind the keys that work in the dock; where text is written they are letters."""
    for command in commands:
        if command.shortcut.in_dock:
            shortcut = QShortcut(QKeySequence(spelled(command.shortcut.key)), dock)
            shortcut.setContext(Qt.ShortcutContext.WidgetWithChildrenShortcut)
            shortcut.activated.connect(partial(_act, session, command))


def _act(session: Session, command: Command) -> None:
    if not command.when():
        return
    try:
        command.act()
    except ZeroSegError as error:
        session.noticed.emit(str(error))
