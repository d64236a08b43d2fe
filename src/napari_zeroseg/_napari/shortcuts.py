"""The keys, as data that a sheet can show, and their binding to a viewer."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from napari_zeroseg.core.errors import ZeroSegError
from napari_zeroseg.session.readiness import Action

if TYPE_CHECKING:
    from collections.abc import Callable

    from napari.components import ViewerModel
    from napari.layers import Layer

    from napari_zeroseg._napari.layer_view import LayerView
    from napari_zeroseg.session.session import Session


@dataclass(frozen=True, slots=True)
class Shortcut:
    """A key and what it does.

    Parameters
    ----------
    key : str
        As napari spells it: "C", "Control-Z".
    text : str
        What it does, for a person.
    where : str
        Where it works, for a person.
    """

    key: str
    text: str
    where: str


COMMIT = Shortcut("C", "Commit the object", "while drawing")
DISCARD = Shortcut("Escape", "Discard the object", "while drawing")
NEXT = Shortcut("N", "Commit the object and start the next one", "everywhere")
FLIP = Shortcut("F", "Flip the sign of the next clicks, or of the selected points", "while drawing")
UNDO = Shortcut("Control-Z", "Undo", "everywhere but in layers of your own")
REDO = Shortcut("Control-Shift-Z", "Redo", "everywhere but in layers of your own")

SHORTCUTS = (COMMIT, DISCARD, NEXT, FLIP, UNDO, REDO)
"""The keys of the canvas.

napari's own keys of the active layer come first: on an image, C is still napari's automatic
contrast; in a Labels layer, F is its fill bucket and Escape leaves its polygon. While an object
is drawn the Prompts layer is active, where all of these letters are free.
"""


def install_shortcuts(viewer: ViewerModel, session: Session, view: LayerView) -> Callable[[], None]:
    """Bind the keys to the viewer; return what takes them away again.

    Keys that the viewer already uses are left alone.
    """
    actions: dict[Shortcut, Callable[[], None]] = {
        COMMIT: session.commit,
        DISCARD: session.discard,
        NEXT: lambda: next_object(session),
        FLIP: view.flip,
        UNDO: session.undo,
        REDO: session.redo,
    }
    bound = [shortcut.key for shortcut, action in actions.items() if _bind(viewer, shortcut, session, action)]

    def uninstall() -> None:
        for key in bound:
            viewer.bind_key(key, None)

    return uninstall


def bind_history(layer: Layer, session: Session) -> None:
    """Give a layer the session's undo and redo in the place of napari's own."""
    _bind(layer, UNDO, session, session.undo)
    _bind(layer, REDO, session, session.redo)


def unbind_history(layer: Layer) -> None:
    """Give a layer napari's undo back."""
    layer.bind_key(UNDO.key, None)
    layer.bind_key(REDO.key, None)


def next_object(session: Session) -> None:
    """Commit what is drawn and start the next object of its class; else one of the class in hand."""
    draft = session.state.draft
    if draft is None:
        session.begin(session.hand.class_in(session.state))
    elif not session.readiness[Action.COMMIT]:
        session.commit()
        session.begin(draft.name)


def _bind(provider: Any, shortcut: Shortcut, session: Session, action: Callable[[], None]) -> bool:
    def act(_provider: Any) -> None:
        try:
            action()
        except ZeroSegError as error:
            session.noticed.emit(str(error))

    try:
        provider.bind_key(shortcut.key, act)
    except ValueError:  # the user, or another plugin, has given the key a meaning
        return False
    return True
