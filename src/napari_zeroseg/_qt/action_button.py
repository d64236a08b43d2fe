"""Buttons that know when they can be pressed, and say why not."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING

from qtpy.QtWidgets import QPushButton

from napari_zeroseg._qt.section import TextLine
from napari_zeroseg.session.readiness import RUNNING

if TYPE_CHECKING:
    from napari_zeroseg.session.readiness import Action


class ActionButton(QPushButton):
    """A button for one action of the session.

    Parameters
    ----------
    text : str
        What the button says.
    action : Action
        What decides whether it can be pressed.
    teaches : str
        The tooltip while it can be pressed.
    pressed : callable
        Called without arguments.
    """

    def __init__(self, text: str, action: Action, teaches: str, pressed: Callable[[], object]) -> None:
        super().__init__(text)
        self._action = action
        self._teaches = teaches
        self.setAccessibleName(text)
        self.clicked.connect(lambda: pressed())

    @property
    def action(self) -> Action:
        return self._action

    def show_readiness(self, readiness: Mapping[Action, str], reason: str = "") -> None:
        """Enable or disable; ``reason`` is one that only the view knows."""
        reason = readiness[self._action] or reason
        self.setEnabled(not reason)
        tip = f"{self._teaches}\n\nNot now: {reason}" if reason else self._teaches
        if tip != self.toolTip():  # Qt tells every filter of events of it, also where it is the same
            self.setToolTip(tip)


class ReasonLine(TextLine):
    """Says in words why the first of some actions cannot be done."""

    def show_readiness(self, readiness: Mapping[Action, str], actions: Sequence[Action]) -> None:
        # that something is running is said once, beside its progress
        reasons = [r for a in actions if (r := readiness[a]) and r != RUNNING]
        self.show_text(reasons[0] if reasons else "")
