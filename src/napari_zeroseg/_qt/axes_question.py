"""Asks what the axes of an image mean."""

from __future__ import annotations

from typing import TYPE_CHECKING

from qtpy.QtWidgets import QPushButton, QWidget

from napari_zeroseg._qt.section import TextLine, column
from napari_zeroseg._qt.session_view import SessionView
from napari_zeroseg.core.axes import meaning

if TYPE_CHECKING:
    from napari_zeroseg.session.session import Session
    from napari_zeroseg.session.source import ImageSource

QUESTION = "Nothing tells what the axes of this image are. What does it hold?"
CHANNELS = (
    "The image has an axis of channels, which are seen one at a time. Shown together, as layers of "
    "their own, they become one picture, for you and for the models."
)
TEACHES = {
    "Z": "Depths are planes: each is segmented, and objects can be followed from one to the next",
    "T": "Time points are planes: each is segmented, and objects can be followed from one to the next",
    "C": "Channels are no planes: they are split into layers that are shown on top of each other, and "
    "masks are drawn once for all of them",
}


class AxesQuestion(SessionView):
    """A button for each meaning that the axes can have, while nobody has told it."""

    def __init__(self, session: Session) -> None:
        super().__init__(session)
        self.text = TextLine()
        self.choices: dict[str, QPushButton] = {}
        self.split = QPushButton("Show the channels together")
        self.split.setToolTip("Replaces the layer by one layer per channel; the pixels stay as they are")
        self.split.clicked.connect(lambda: session.sight.split_wanted.emit())
        self._buttons = QWidget()
        column(self._buttons)
        layout = column(self)
        for widget in (self.text, self._buttons, self.split):
            layout.addWidget(widget)
        self._listen(session.sight.changed, self._show)
        self._show(session.source)

    def _show(self, source: ImageSource | None) -> None:
        asks = source is not None and bool(source.choices)
        splits = source is not None and "C" in source.axes and bool(source.blocked)
        self.setVisible(asks or splits)
        self.text.show_text(QUESTION if asks else CHANNELS if splits else "")
        self.split.setVisible(splits)
        if source is not None and tuple(self.choices) != source.choices:
            self._offer(source)

    def _offer(self, source: ImageSource) -> None:
        layout = self._buttons.layout()
        assert layout is not None
        for button in self.choices.values():
            layout.removeWidget(button)
            button.hide()  # it is deleted when the event loop comes round
            button.deleteLater()
        self.choices = {axes: self._button(axes, source) for axes in source.choices}
        for button in self.choices.values():
            layout.addWidget(button)

    def _button(self, axes: str, source: ImageSource) -> QPushButton:
        button = QPushButton(meaning(axes, (*source.depth, *source.shape)))
        teaches = [TEACHES[axis] for axis in axes if axis in TEACHES]
        button.setToolTip("\n".join([*teaches, f"Axes: {axes}"]))
        button.clicked.connect(lambda: self._session.sight.axes_told.emit(axes))
        return button
