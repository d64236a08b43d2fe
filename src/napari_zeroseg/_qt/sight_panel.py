"""What the models see of the image."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from qtpy.QtCore import Qt
from qtpy.QtGui import QImage, QPixmap
from qtpy.QtWidgets import QCheckBox, QLabel, QPushButton, QWidget

from napari_zeroseg._qt.fold import Fold
from napari_zeroseg._qt.section import TextLine, column
from napari_zeroseg._qt.session_view import SessionView
from napari_zeroseg.core.axes import meaning

if TYPE_CHECKING:
    from napari_zeroseg._qt.gui_thread import Background
    from napari_zeroseg.core.channels import Channel, Composition
    from napari_zeroseg.core.image import Plane
    from napari_zeroseg.session.session import Session
    from napari_zeroseg.session.source import ImageSource

SIDE = 160  # px of the preview
LARGEST = 1 << 26
"""Pixels of the largest plane that is looked through for a preview."""
TITLE = "What the models see"
TEACHES = (
    "The picture that the models get: the channels that are shown, in the colours and contrast that you see"
)
ABOUT = (
    "The models get what you see: these channels added up, with the colours, contrast limits and gamma "
    "of their layers. Change them in napari's layer controls."
)


class SightPanel(SessionView):
    """Channels to choose from, and a small picture of what comes of them.

    Parameters
    ----------
    session : Session
        Whose image is shown.
    background : Background
        Where the small picture is made.
    """

    def __init__(self, session: Session, background: Background) -> None:
        super().__init__(session)
        self._background = background
        self._wanted: ImageSource | None = None
        self._busy = False
        self.channels: list[QCheckBox] = []
        self.preview = QLabel()
        self.trouble = TextLine()
        self.axes = TextLine()
        self.change = QPushButton("Change what the axes mean…")
        content = QWidget()
        self.fold = Fold(content)
        self._build(content)
        self._listen(session.sight.changed, self._show)
        self._show(session.source)

    def _build(self, content: QWidget) -> None:
        self.preview.setAccessibleName("Preview of what the models see")
        self.change.setToolTip("Ask again what the axes of this image mean")
        self.change.clicked.connect(lambda: self._session.sight.axes_told.emit(""))
        self.fold.heading.toggled.connect(lambda _: self._show(self._session.source))
        self._boxes = QWidget()
        column(self._boxes)
        layout = column(content)
        parts = (TextLine(ABOUT), self._boxes, self.preview, self.trouble, self.axes, self.change)
        for widget in parts:
            layout.addWidget(widget)
        column(self).addWidget(self.fold)

    def _show(self, source: ImageSource | None) -> None:
        composition = source.composition if source is not None else None
        self.setVisible(composition is not None)
        if source is None or composition is None:
            return
        self.fold.show_heading(f"{TITLE}: {_summary(composition)}", TEACHES)
        self._show_channels(composition)
        stacked = bool(source.axes and source.depth)
        self.axes.show_text(_axes_text(source) if stacked else "")
        self.change.setVisible(stacked)
        if self.fold.heading.isChecked():
            self._wanted = source
            self._draw()

    def _show_channels(self, composition: Composition) -> None:
        channels = composition.channels if len(composition.channels) > 1 else ()
        if len(channels) != len(self.channels):
            self._build_boxes(len(channels))
        for box, channel in zip(self.channels, channels, strict=True):
            box.blockSignals(True)
            box.setText(_escaped(channel))
            box.setChecked(channel.on)
            box.blockSignals(False)

    def _build_boxes(self, count: int) -> None:
        layout = self._boxes.layout()
        assert layout is not None
        for box in self.channels:
            layout.removeWidget(box)
            box.hide()  # it is deleted when the event loop comes round
            box.deleteLater()
        self.channels = [QCheckBox() for _ in range(count)]
        for number, box in enumerate(self.channels):
            box.setToolTip("Show this channel to the models, and in the viewer")
            box.toggled.connect(lambda on, n=number: self._session.sight.channel_wanted.emit(n, on))
            layout.addWidget(box)

    # the small picture: made beside the window, one at a time, the latest wins

    def _draw(self) -> None:
        source, self._wanted = self._wanted, None
        if source is None or self._busy:
            self._wanted = source
            return
        height, width = source.shape
        if height * width > LARGEST:
            self._tell("The image is too large for a preview.")
            return
        self._busy = True
        self._background.do(lambda: _small(source), self._on_drawn, self._on_problem)

    def _on_drawn(self, picture: Plane) -> None:
        self._busy = False
        self.preview.setPixmap(_pixmap(picture))
        self.preview.show()
        self.trouble.show_text("")
        self._draw()

    def _on_problem(self, problem: Exception) -> None:
        self._busy = False
        self._tell(str(problem))
        self._draw()

    def _tell(self, text: str) -> None:
        self.preview.hide()
        self.trouble.show_text(text)


def _summary(composition: Composition) -> str:
    shown = [c for c in composition.channels if c.on]
    if len(composition.channels) > 1:
        return f"{len(shown)} of {len(composition.channels)} channels"
    return "true colour" if composition.rgb else "one channel"


def _axes_text(source: ImageSource) -> str:
    return f"Axes {source.axes}: {meaning(source.axes, (*source.depth, *source.shape))}."


def _escaped(channel: Channel) -> str:
    # an ampersand would become a shortcut
    return (channel.name or "channel").replace("&", "&&")


def _small(source: ImageSource) -> Plane:
    height, width = source.shape
    step = max(1, -(-max(height, width) // (2 * SIDE)))
    return source.read(source.plane, (slice(0, height, step), slice(0, width, step)))


def _pixmap(picture: Plane) -> QPixmap:
    bytes_ = np.ascontiguousarray((picture * 255).round().astype(np.uint8))
    height, width = bytes_.shape[:2]
    image = QImage(bytes_.data, width, height, 3 * width, QImage.Format.Format_RGB888)
    smooth, keep = Qt.TransformationMode.SmoothTransformation, Qt.AspectRatioMode.KeepAspectRatio
    return QPixmap.fromImage(image).scaled(SIDE, SIDE, keep, smooth)
