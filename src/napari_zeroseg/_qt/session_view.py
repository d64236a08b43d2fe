"""The base of all views: connected to a session until released."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from qtpy.QtWidgets import QWidget

from napari_zeroseg.core.errors import ZeroSegError

if TYPE_CHECKING:
    from psygnal import SignalInstance

    from napari_zeroseg.session.session import Session


class SessionView(QWidget):
    """A widget that shows a part of a session and holds no truth of its own."""

    def __init__(self, session: Session, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._session = session
        self._heard: list[tuple[SignalInstance, Callable[..., Any]]] = []

    def _listen(self, signal: SignalInstance, slot: Callable[..., Any]) -> None:
        signal.connect(slot)
        self._heard.append((signal, slot))

    def release(self) -> None:
        """Stop listening; the session may outlive the widget."""
        for signal, slot in self._heard:
            signal.disconnect(slot, missing_ok=True)
        self._heard.clear()

    def _try(self, action: Callable[..., Any], *args: Any) -> None:
        """Call an action of the session and say what it refuses."""
        try:
            action(*args)
        except ZeroSegError as problem:
            self._session.problem_raised.emit(problem)
