"""What may be missing among the classes, what the language model took, and what the person tells it."""

from __future__ import annotations

from functools import partial
from textwrap import shorten
from typing import TYPE_CHECKING

from qtpy.QtWidgets import QLineEdit, QPushButton, QWidget

from napari_zeroseg._qt.action_button import ActionButton
from napari_zeroseg._qt.phrase_dialog import PhraseDialog
from napari_zeroseg._qt.section import TextLine, column, row
from napari_zeroseg._qt.session_view import SessionView
from napari_zeroseg.session.readiness import Action
from napari_zeroseg.session.refining import MAX_NOTE

if TYPE_CHECKING:
    from napari_zeroseg._qt.gui_thread import Background
    from napari_zeroseg.core.guidance import Example
    from napari_zeroseg.core.suggestion import Idea
    from napari_zeroseg.session.session import Session
    from napari_zeroseg.session.state import State


SHOWN_EXAMPLES = 3


class GuidancePanel(SessionView):
    """Ideas, a note for the next question, the bill, and the phrases.

    Parameters
    ----------
    session : Session
        Whose refiner it is.
    background : Background
        Where phrase tables are read and written.
    """

    def __init__(self, session: Session, background: Background) -> None:
        super().__init__(session)
        self._background = background
        self.ideas = IdeaList(session)
        self.note = QLineEdit(session.refining.note)
        self.again = ActionButton(
            "Ask again",
            Action.SUGGEST,
            "Ask the language model again, with your note; the note is kept in the recipe",
            self._on_again_clicked,
        )
        self.teach = ActionButton(
            "Use as example",
            Action.TEACH,
            "Show the language model, with every later question, what was said of this image "
            "and which of its classes you accepted or drew",
            self._on_teach_clicked,
        )
        self.examples = TextLine()
        self.forget_examples = QPushButton("Drop examples")
        self.bill = TextLine()
        self.phrases = QPushButton("Phrases…")
        self.phrase_dialog: PhraseDialog | None = None
        self._asking = QWidget()
        self._build()
        self._connect()
        self._show()

    def _build(self) -> None:
        self.note.setMaxLength(MAX_NOTE)
        self.note.setPlaceholderText("A note, e.g. cross-sections of roots")
        self.note.setAccessibleName("Note for the language model")
        self.phrases.setToolTip("See and decide which class each detected phrase means")
        asking = column(self._asking)
        asking.addLayout(row(self.note, self.again))
        asking.addLayout(row(self.teach, self.forget_examples))
        asking.addWidget(self.examples)
        asking.addWidget(self.bill)
        layout = column(self)
        for part in (self.ideas, self._asking, self.phrases):
            layout.addWidget(part)

    def _connect(self) -> None:
        self.note.returnPressed.connect(self.again.click)
        self.forget_examples.clicked.connect(self._session.refining.forget_examples)
        self.phrases.clicked.connect(self._on_phrases_clicked)
        self._listen(self._session.refining.changed, self._show)
        self._listen(self._session.changed, self._show_readiness)
        self._listen(self._session.source_changed, self._show_readiness)
        self._listen(self._session.activity_changed, self._show_readiness)

    def _show(self) -> None:
        refining = self._session.refining
        self._asking.setVisible(refining.asks_a_model)
        self.bill.show_text(_in_words(refining.bill))
        examples = refining.recipe.guidance.examples
        self.examples.show_text(_examples_text(examples))
        self.forget_examples.setVisible(bool(examples))
        self._show_readiness()

    def _show_readiness(self, *_: object) -> None:
        self.again.show_readiness(self._session.readiness)
        self.teach.show_readiness(self._session.readiness)

    def _on_again_clicked(self) -> None:
        self._try(self._session.ask_again, self.note.text())

    def _on_teach_clicked(self) -> None:
        self._try(self._session.teach)

    def _on_phrases_clicked(self) -> None:
        if self.phrase_dialog is None:
            self.phrase_dialog = PhraseDialog(self._session, self._background, self)
        self.phrase_dialog.show()
        self.phrase_dialog.raise_()

    def release(self) -> None:
        if self.phrase_dialog is not None:
            self.phrase_dialog.close()
        super().release()


def _in_words(bill: tuple[str, ...] | None) -> str:
    if bill is None:
        return ""
    return "\n".join(bill) or "No request was needed: all of it was known."


def _examples_text(examples: tuple[Example, ...]) -> str:
    """Tell of the latest examples, and how many there are besides."""
    lines = [_example_text(example) for example in examples[-SHOWN_EXAMPLES:]]
    if more := len(examples) - len(lines):
        lines.insert(0, f"{more} earlier example{'s' if more > 1 else ''}, and:")
    return "\n".join(lines)


def _example_text(example: Example) -> str:
    said = example.caption or ", ".join(example.tags)
    return f"Example: {shorten(said, 60, placeholder='…')} → {', '.join(example.classes)}"


class IdeaList(SessionView):
    """What a language model misses in the list or a caption names, each with a button that adds it."""

    def __init__(self, session: Session) -> None:
        super().__init__(session)
        self._layout = column(self)
        self._shown: tuple[Idea, ...] = ()
        self.buttons: list[QPushButton] = []
        self._rows: list[QWidget] = []
        self.hide()
        self._listen(session.changed, lambda new, _old: self._show(new))
        self._show(session.state)

    def _show(self, state: State) -> None:
        taken = {n.casefold() for n in state.vocabulary.names}
        ideas = tuple(i for i in state.ideas if i.name.casefold() not in taken)
        if ideas == self._shown:
            return
        self._shown = ideas
        for gone in self._rows:
            self._layout.removeWidget(gone)
            gone.hide()
            gone.deleteLater()
        self._rows, self.buttons = [], []
        for idea in ideas:
            self._add_row(idea)
        self.setVisible(bool(ideas))

    def _add_row(self, idea: Idea) -> None:
        line, button = QWidget(), QPushButton("Add as class")
        button.setToolTip("Take it into your classes; nothing is added without you")
        button.setAccessibleName(f"Add {idea.name} as class")
        button.clicked.connect(partial(self._try, self._session.add_idea, idea.name))
        layout = row(TextLine(_idea_text(idea)), button)
        layout.setStretch(0, 1)
        line.setLayout(layout)
        self.buttons.append(button)
        self._rows.append(line)
        self._layout.addWidget(line)


def _idea_text(idea: Idea) -> str:
    because = idea.reason or ", ".join(idea.evidence)
    return f"Missing? {idea.name}" + (f": {because}" if because else "")
