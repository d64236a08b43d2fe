"""Asking the person before a text leaves the machine, while the models' thread waits."""

from __future__ import annotations

from concurrent.futures import CancelledError as FutureCancelledError
from concurrent.futures import Future
from typing import TYPE_CHECKING

from qtpy.QtCore import QObject, Qt, QThread
from qtpy.QtGui import QFontDatabase, QTextCursor
from qtpy.QtWidgets import QDialog, QHBoxLayout, QPlainTextEdit, QPushButton, QVBoxLayout, QWidget

from napari_zeroseg._qt.section import TextLine
from napari_zeroseg.core.cancellation import CancelledError, present

if TYPE_CHECKING:
    from napari_zeroseg._qt.gui_thread import GuiThread
    from napari_zeroseg.core.consent import Letter

SIZE = (620, 480)
OWN_WORDS = "[user]"
"""How a letter marks the turn that the person's words are in."""


class ConsentDialog(QDialog):
    """Shows all of a letter and its recipient; without an answer nothing is sent.

    It leaves the window usable, so that Cancel can be pressed in place of an answer.
    """

    def __init__(self, letter: Letter, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setWindowTitle("Send this text?")
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self.question = TextLine(f"Send this text to {letter.recipient}?")
        self.text = QPlainTextEdit(letter.text)
        self.send = QPushButton("Send")
        self.keep = QPushButton("Don't send")
        self._build(letter)
        self._connect()
        self.resize(*SIZE)
        self._show_own_words()

    def _build(self, letter: Letter) -> None:
        font = self.question.font()
        font.setBold(True)
        self.question.setFont(font)
        self.text.setReadOnly(True)
        self.text.setFont(QFontDatabase.systemFont(QFontDatabase.SystemFont.FixedFont))
        self.text.setAccessibleName("The text that would be sent")
        self.send.setAutoDefault(False)
        self.keep.setDefault(True)
        buttons = QHBoxLayout()
        buttons.addStretch(1)
        buttons.addWidget(self.send)
        buttons.addWidget(self.keep)
        layout = QVBoxLayout(self)
        layout.addWidget(self.question)
        layout.addWidget(TextLine(f"It holds {letter.kind}. No image leaves this machine."))
        layout.addWidget(TextLine("All of it, with the instructions to the model above your own words:"))
        layout.addWidget(self.text, 1)
        layout.addWidget(
            TextLine(
                "After Send, further texts of this kind go there without a question, also next "
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
