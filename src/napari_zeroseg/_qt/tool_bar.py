"""What the mouse draws on the canvas, and with which sign."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from qtpy.QtWidgets import QButtonGroup, QPushButton

from napari_zeroseg._qt.section import column, row
from napari_zeroseg._qt.session_view import SessionView
from napari_zeroseg.session import shortcuts as keys
from napari_zeroseg.session.hand import Tool

if TYPE_CHECKING:
    from napari_zeroseg.session.keyboard import Keyboard
    from napari_zeroseg.session.session import Session

TOOLS = (
    (Tool.POINTS, keys.POINTS, "Points"),
    (Tool.BOX, keys.BOX, "Box"),
    (Tool.SCRIBBLE, keys.SCRIBBLE, "Scribble"),
)
TEACHES = {
    Tool.POINTS: "Click on the object; with the right button on what does not belong.",
    Tool.BOX: (
        "Drag a box around the object; a new box takes the place of the one before.\n"
        "Press the key once more to move or resize the box, Delete to remove it."
    ),
    Tool.SCRIBBLE: (
        "Drag along the object, with the right button along what does not belong:\n"
        "a few points of the stroke are used."
    ),
}
SIGNS = (
    (True, "+ object", "What you draw next says: this belongs to the object"),
    (False, "− not object", "What you draw next says: this does not belong to the object"),
)


class ToolBar(SessionView):
    """Points, box or scribble; object or not.

    Parameters
    ----------
    session : Session
        Whose hand it shows.
    keyboard : Keyboard
        Whose keys are on the buttons.
    """

    def __init__(self, session: Session, keyboard: Keyboard) -> None:
        super().__init__(session)
        self._keyboard = keyboard
        self.tools = {tool: QPushButton() for tool, *_ in TOOLS}
        self.signs = {sign: QPushButton(text) for sign, text, _ in SIGNS}
        self._groups = [self._grouped(*self.tools.values()), self._grouped(*self.signs.values())]
        for tool, button in self.tools.items():
            button.clicked.connect(partial(self._on_tool_clicked, tool))
        for sign, button in self.signs.items():
            button.clicked.connect(partial(self._on_sign_clicked, sign))
        layout = column(self)
        layout.addLayout(row(*self.tools.values()))
        layout.addLayout(row(*self.signs.values()))
        self._listen(session.changed, self._show)
        self._listen(session.hand.changed, self._show)
        self._listen(keyboard.changed, self._show_keys)
        self._show_keys()
        self._show()

    def _grouped(self, *buttons: QPushButton) -> QButtonGroup:
        group = QButtonGroup(self)
        for button in buttons:
            button.setCheckable(True)
            group.addButton(button)
        return group

    def _on_tool_clicked(self, tool: Tool, *_: object) -> None:
        self._session.hand.take(tool)

    def _on_sign_clicked(self, sign: bool, *_: object) -> None:
        self._session.hand.set_positive(sign)

    def _show_keys(self) -> None:
        for tool, shortcut, name in TOOLS:
            self.tools[tool].setText(f"{name} ({self._keyboard.text_of(shortcut)})")
            self.tools[tool].setToolTip(TEACHES[tool])
        for sign, _, teaches in SIGNS:
            self.signs[sign].setToolTip(f"{teaches} ({self._keyboard.text_of(keys.FLIP)} switches)")

    def _show(self, *_: object) -> None:
        hand, drawing = self._session.hand, self._session.state.draft is not None
        self.tools[hand.tool].setChecked(True)
        self.signs[hand.positive].setChecked(True)
        for button in self.signs.values():
            button.setEnabled(drawing)
