"""The keys, as data: what a sheet shows, and what the canvas and the dock bind."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Shortcut:
    """A key and what it does.

    Parameters
    ----------
    name : str
        What it is called in files; never changed.
    key : str
        As napari spells it: "C", "Control-Z".
    text : str
        What it does, for a person.
    where : str
        Where it works, for a person.
    first : bool
        In the plugin's own layers it comes before the meaning that napari gives the key there.
    in_dock : bool
        It works while the dock is in use too. Not for keys that its tables and lists need.
    """

    name: str
    key: str
    text: str
    where: str
    first: bool = False
    in_dock: bool = True


def _always() -> bool:
    return True


@dataclass(frozen=True, slots=True)
class Command:
    """A shortcut with what it does.

    Parameters
    ----------
    shortcut : Shortcut
        The key.
    act : callable
        Called without arguments; a ``ZeroSegError`` is told to the person.
    when : callable
        Asked at each press; while it says False, the key keeps the meaning that it has in napari.
    """

    shortcut: Shortcut
    act: Callable[[], object]
    when: Callable[[], bool] = _always


DRAWING = "while drawing"
CHOSEN = "with an object chosen"
HISTORY = "everywhere but in layers of your own"
REVIEWING = "in the review"
SEEK = Shortcut("find more", "G", "Find more like the accepted objects of the class in hand", "everywhere")

NEXT = Shortcut("next", "N", "Commit the object and start the next one", "everywhere")
COMMIT = Shortcut("commit", "C", "Commit the object", DRAWING, first=True)
DISCARD = Shortcut("discard", "Escape", "Discard the object", DRAWING, first=True)
FLIP = Shortcut(
    "flip", "S", "Flip the sign of the next clicks, or of the selected points", DRAWING, first=True
)
ACCEPT = Shortcut("accept", "A", "Accept the mask under review and go on", REVIEWING, in_dock=False)
REJECT = Shortcut("reject", "R", "Reject the mask under review and go on", REVIEWING, in_dock=False)
EDIT = Shortcut("edit", "E", "Correct the mask under review with clicks", REVIEWING, in_dock=False)
NEXT_MASK = Shortcut("next mask", "Right", "Next mask", REVIEWING, in_dock=False)
PREVIOUS_MASK = Shortcut("previous mask", "Left", "Previous mask", REVIEWING, in_dock=False)
POINTS = Shortcut("points", "P", "Draw with points: click", DRAWING, first=True)
BOX = Shortcut("box", "B", "Draw with a box; once more: move or resize it", DRAWING, first=True)
SCRIBBLE = Shortcut("scribble", "L", "Draw with strokes: drag along the object", DRAWING, first=True)
ADD = Shortcut("add", "U", "Draw a part to unite with the chosen object", CHOSEN, first=True)
TAKE = Shortcut("take", "T", "Draw a part to take away from the chosen object", CHOSEN, first=True)
UNDO = Shortcut("undo", "Control-Z", "Undo", HISTORY, first=True)
REDO = Shortcut("redo", "Control-Shift-Z", "Redo", HISTORY, first=True)

SHORTCUTS = (
    NEXT, COMMIT, DISCARD, FLIP, POINTS, BOX, SCRIBBLE, ADD, TAKE, SEEK,
    ACCEPT, REJECT, EDIT, NEXT_MASK, PREVIOUS_MASK, UNDO, REDO
)  # fmt: skip
"""The keys of the canvas, in the order of the sheet."""

FIXED = (
    ("?", "Show this sheet", "everywhere"),
    ("A", "Accept the selected suggestions or masks", "in their tables"),
    ("R", "Reject the selected suggestions", "in their table"),
    ("Delete", "Remove the selected classes or masks", "in their tables"),
)
"""Keys of the dock's widgets, which are no key bindings of napari: key, what it does, where."""


def spelled(key: str) -> str:
    """Return a key as a person reads it, and as Qt does: "Ctrl+Z" for "Control-Z"."""
    return key.replace("Control", "Ctrl").replace("Escape", "Esc").replace("-", "+")
