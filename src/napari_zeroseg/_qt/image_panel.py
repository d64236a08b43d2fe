"""Which image is being worked on, and what to do while there is none."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING

from qtpy.QtWidgets import QPushButton, QWidget

from napari_zeroseg._qt.axes_question import AxesQuestion
from napari_zeroseg._qt.section import TextLine, column
from napari_zeroseg._qt.session_view import SessionView
from napari_zeroseg._qt.sight_panel import SightPanel

if TYPE_CHECKING:
    from napari_zeroseg._qt.gui_thread import Background
    from napari_zeroseg.session.session import Session
    from napari_zeroseg.session.source import ImageSource

EMPTY = (
    "Open an image with File ▸ Open File(s)…, or drop it onto the canvas, and select its layer. "
    "To try ZeroSeg first, open a sample:"
)


class ImagePanel(SessionView):
    """Name and size of the image, what the models see of it, or how to get one.

    Parameters
    ----------
    session : Session
        Whose image is shown.
    background : Background
        Where its small picture is made.
    samples : mapping of str to callable
        What opens each sample image, by its title.
    """

    def __init__(
        self, session: Session, background: Background, samples: Mapping[str, Callable[[], object]]
    ) -> None:
        super().__init__(session)
        self.name = TextLine()
        self.question = AxesQuestion(session)
        self.sight = SightPanel(session, background)
        self._empty = self._build_empty(samples)
        layout = column(self)
        layout.addWidget(self.name)
        layout.addWidget(self._empty)
        layout.addWidget(self.question)
        layout.addWidget(self.sight)
        self._listen(session.sight.changed, self._show)
        self._show(session.source)

    def _build_empty(self, samples: Mapping[str, Callable[[], object]]) -> QWidget:
        empty = QWidget()
        layout = column(empty)
        layout.addWidget(TextLine(EMPTY))
        for title, open_sample in samples.items():
            button = QPushButton(title)
            button.setToolTip("Open this sample image (also in File ▸ Open Sample ▸ ZeroSeg)")
            button.clicked.connect(lambda _=False, act=open_sample: self._try(act))
            layout.addWidget(button)
        return empty

    def release(self) -> None:
        super().release()
        self.question.release()
        self.sight.release()

    def _show(self, source: ImageSource | None) -> None:
        self._empty.setVisible(source is None)
        self.name.show_text("" if source is None else _described(source))


def _described(source: ImageSource) -> str:
    height, width = source.shape
    letters = source.axes.removesuffix("YX")
    named = [f"{letter} {index}" for letter, index in zip(letters, source.plane, strict=False)]
    place = f", plane {', '.join(named or map(str, source.plane))}" if source.plane else ""
    return f"{source.name}  ·  {width} × {height} px{place}"
