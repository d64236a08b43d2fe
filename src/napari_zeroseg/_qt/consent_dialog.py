"""Asking the person before a text or an image leaves the machine, while the models' thread waits."""

from __future__ import annotations

import math
from concurrent.futures import CancelledError as FutureCancelledError
from concurrent.futures import Future
from typing import TYPE_CHECKING

import numpy as np
from qtpy.QtCore import QObject, Qt, QThread
from qtpy.QtGui import QFontDatabase, QImage, QPixmap, QTextCursor
from qtpy.QtWidgets import QDialog, QHBoxLayout, QLabel, QPlainTextEdit, QPushButton, QVBoxLayout, QWidget

from napari_zeroseg._qt.section import TextLine
from napari_zeroseg.core.cancellation import CancelledError, present

if TYPE_CHECKING:
    from napari_zeroseg._qt.gui_thread import GuiThread
    from napari_zeroseg.core.consent import Letter
    from napari_zeroseg.core.image import Plane

SIZE = (620, 480)
SIZE_WITH_IMAGE = (620, 600)
PICTURE = 320
"""Longest side in pixels of an image in the dialogue."""
OWN_WORDS = "[user]"
"""How a letter marks the turn that the person's words are in."""


class ConsentDialog(QDialog):
    """Shows all of a letter and its recipient; without an answer nothing is sent.

    It leaves the window usable, so that Cancel can be pressed in place of an answer.
    """

    def __init__(self, letter: Letter, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        what = "text" if letter.image is None else "image"
        self.setWindowTitle(f"Send this {what}?")
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self.question = TextLine(f"Send this {what} to {letter.recipient}?")
        self.text = QPlainTextEdit(letter.text)
        self.send = QPushButton("Send")
        self.keep = QPushButton("Don't send")
        self._build(letter)
        self._connect()
        self.resize(*(SIZE if letter.image is None else SIZE_WITH_IMAGE))
        self._show_own_words()

    def _build(self, letter: Letter) -> None:
        font = self.question.font()
        font.setBold(True)
        self.question.setFont(font)
        self.text.setReadOnly(True)
        self.text.setFont(QFontDatabase.systemFont(QFontDatabase.SystemFont.FixedFont))
        self.text.setAccessibleName("What would be sent")
        self.send.setAutoDefault(False)
        self.keep.setDefault(True)
        buttons = QHBoxLayout()
        buttons.addStretch(1)
        buttons.addWidget(self.send)
        buttons.addWidget(self.keep)
        layout = QVBoxLayout(self)
        layout.addWidget(self.question)
        if letter.image is None:
            layout.addWidget(TextLine(f"It holds {letter.kind}. No image leaves this machine."))
            layout.addWidget(TextLine("All of it, with the instructions to the model above your own words:"))
        else:
            layout.addWidget(
                TextLine("You chose models on this server, which must see the image to find objects.")
            )
            layout.addWidget(_picture(letter.image), 2)
        layout.addWidget(self.text, 1)
        more = "texts of this kind" if letter.image is None else "images"
        layout.addWidget(
            TextLine(
                f"After Send, further {more} go there without a question, also next "
                "time. To take that back, press 'Ask me again' under Refiner."
            )
        )
        layout.addLayout(buttons)
        self.keep.setFocus()

    def _show_own_words(self) -> None:
        """Scroll to what the person's image and classes have put in; the rest is always the same."""
        own = self.text.document().find(OWN_WORDS)
        self.text.moveCursor(QTextCursor.MoveOperation.End)
        if not own.isNull():
            own.setPosition(own.selectionStart())
            self.text.setTextCursor(own)

    def _connect(self) -> None:
        self.send.clicked.connect(self.accept)
        self.keep.clicked.connect(self.reject)


def _picture(image: Plane) -> QLabel:
    """Return what would be sent, no larger than there is room for it."""
    step = max(1, math.ceil(max(image.shape[:2]) / PICTURE))
    rgb = np.ascontiguousarray((image[::step, ::step] * 255).round().astype(np.uint8))
    height, width = rgb.shape[:2]
    shown = QImage(rgb.data, width, height, 3 * width, QImage.Format.Format_RGB888)
    label = QLabel()
    label.setPixmap(QPixmap.fromImage(shown))
    label.setAlignment(Qt.AlignmentFlag.AlignCenter)
    label.setAccessibleName("The image that would be sent")
    return label


class ConsentDesk(QObject):
    """Brings the question of a thread to the person, and the answer back.

    Parameters
    ----------
    gui : GuiThread
        Calls on the thread of the window.
    parent : QWidget
        Over which the dialog is shown.
    """

    def __init__(self, gui: GuiThread, parent: QWidget) -> None:
        super().__init__(parent)
        self._gui = gui
        self._parent = parent
        self.dialog: ConsentDialog | None = None

    def ask(self, letter: Letter) -> bool:
        """Return whether the letter may be sent; waits for the person.

        Raises
        ------
        CancelledError
            As soon as the work that asks is called off.
        """
        if QThread.currentThread() == self.thread():  # a script in the console of the window
            return bool(ConsentDialog(letter, self._parent).exec())
        answer: Future[bool] = Future()

        def set_free() -> None:
            answer.cancel()

        with present().calling(set_free):
            self._gui(lambda: self._show(letter, answer))
            try:
                return answer.result()
            except FutureCancelledError:
                raise CancelledError from None

    def _show(self, letter: Letter, answer: Future[bool]) -> None:
        if answer.done():
            return
        self.dialog = ConsentDialog(letter, self._parent)
        self.dialog.finished.connect(lambda result: self._on_dialog_finished(answer, result))
        answer.add_done_callback(lambda _: self._gui(self._close))
        self.dialog.show()
        self.dialog.raise_()

    def _on_dialog_finished(self, answer: Future[bool], result: int) -> None:
        self.dialog = None
        if not answer.done():
            answer.set_result(bool(result))

    def _close(self) -> None:
        if self.dialog is not None:
            self.dialog.close()
