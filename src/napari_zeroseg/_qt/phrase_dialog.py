"""Which class each phrase means: to be seen, changed, locked, saved and shared."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from qtpy.QtCore import QAbstractItemModel
from qtpy.QtGui import QHideEvent, QShowEvent
from qtpy.QtWidgets import (
    QComboBox,
    QDialog,
    QFileDialog,
    QLineEdit,
    QPushButton,
    QStyledItemDelegate,
    QStyleOptionViewItem,
    QVBoxLayout,
    QWidget,
)

from napari_zeroseg._qt.phrase_model import CLASS, NONE, PhraseModel
from napari_zeroseg._qt.rows_model import Index, Role
from napari_zeroseg._qt.section import TextLine, row
from napari_zeroseg._qt.table import FittedTable
from napari_zeroseg.core.errors import BadFileError, ZeroSegError
from napari_zeroseg.core.phrase_table import PhraseTable

if TYPE_CHECKING:
    from napari_zeroseg._qt.gui_thread import Background
    from napari_zeroseg.session.session import Session

SIZE = (640, 420)
WIDTHS = (0, 130, 100, 130, 64)
FILES = "Phrase tables (*.json)"
LONGEST_PHRASE = 500


class PhraseDialog(QDialog):
    """Shows the phrases of the session.

    Parameters
    ----------
    session : Session
        Whose phrases they are.
    background : Background
        Where files are read and written.
    parent : QWidget
        Over which it is shown.
    """

    def __init__(self, session: Session, background: Background, parent: QWidget) -> None:
        super().__init__(parent)
        self._session = session
        self._background = background
        self.model = PhraseModel(session)
        self.table = FittedTable(self.model, WIDTHS, most_rows=12)
        self.phrase = QLineEdit()
        self.meaning = QComboBox()
        self.add = QPushButton("Add")
        self.forget = QPushButton("Forget")
        self.load = QPushButton("Load…")
        self.save = QPushButton("Save…")
        self.status = TextLine()
        self._build()
        self._connect()

    def _build(self) -> None:
        self.setWindowTitle("What phrases mean")
        self.table.setAccessibleName("Phrases")
        self.table.setItemDelegateForColumn(CLASS, _ClassDelegate(self.table, self._session))
        self.phrase.setMaxLength(LONGEST_PHRASE)
        self.phrase.setPlaceholderText("Phrase")
        self.phrase.setAccessibleName("New phrase")
        self.meaning.setAccessibleName("Its class")
        self.add.setToolTip("Decide on this phrase yourself; no machine changes it")
        self.forget.setToolTip("Drop the decisions of the selected rows")
        self.load.setToolTip("Take the decisions of a saved table; they win over those that are not locked")
        self.save.setToolTip("Write the table to a file, to keep or to share")
        for button in (self.add, self.forget, self.load, self.save):
            button.setAutoDefault(False)
        layout = QVBoxLayout(self)
        layout.addWidget(TextLine("Detectors describe what they find in phrases. Your decisions come first."))
        layout.addWidget(self.table, 1)
        layout.addLayout(row(self.phrase, self.meaning, self.add))
        layout.addWidget(self.status)
        layout.addLayout(row(self.forget, self.load, self.save))
        self.resize(*SIZE)

    def _connect(self) -> None:
        self.add.clicked.connect(self._on_add_clicked)
        self.phrase.returnPressed.connect(self._on_add_clicked)
        self.forget.clicked.connect(self._on_forget_clicked)
        self.load.clicked.connect(self._on_load_clicked)
        self.save.clicked.connect(self._on_save_clicked)

    def showEvent(self, event: QShowEvent) -> None:
        self._session.refining.changed.connect(self._show)
        self._session.changed.connect(self._show)
        self._show()
        super().showEvent(event)

    def hideEvent(self, event: QHideEvent) -> None:
        self._session.refining.changed.disconnect(self._show, missing_ok=True)
        self._session.changed.disconnect(self._show, missing_ok=True)
        super().hideEvent(event)

    def _show(self, *_: object) -> None:
        self.model.show_table()
        self.save.setEnabled(self.model.rowCount() > 0)
        self.forget.setEnabled(self.model.rowCount() > 0)
        names = [NONE, *self._session.state.vocabulary.names]
        if names != [self.meaning.itemText(i) for i in range(self.meaning.count())]:
            self.meaning.clear()
            self.meaning.addItems(names)

    def _on_add_clicked(self) -> None:
        phrase = self.phrase.text().strip()
        if phrase:
            self._session.refining.decide_phrase(phrase, _name(self.meaning.currentText()))
            self.phrase.clear()

    def _on_forget_clicked(self) -> None:
        for phrase in [self.model.row(r).phrase for r in self.table.chosen_rows()]:
            self._session.forget_phrase(phrase)

    def _on_load_clicked(self) -> None:
        path, _ = QFileDialog.getOpenFileName(self, "Load phrases", "", FILES)
        if path:
            self.read(Path(path))

    def _on_save_clicked(self) -> None:
        path, _ = QFileDialog.getSaveFileName(self, "Save phrases", "phrases.json", FILES)
        if path:
            self.write(Path(path))

    def read(self, path: Path) -> None:
        """Take the decisions in a file."""

        def take(table: PhraseTable) -> None:
            self._session.refining.take_phrases(table)
            self.status.show_text(f"{len(table.rows)} phrases were read from {path.name}.")

        self._background.do(lambda: PhraseTable.read(path), take, self._show_problem)

    def write(self, path: Path) -> None:
        """Write all decisions to a file."""
        table = self._session.refining.phrase_table(self._session.state.vocabulary)
        done = f"{len(table.rows)} phrases were written to {path.name}."
        self._background.do(
            lambda: table.write(path), lambda _: self.status.show_text(done), self._show_problem
        )

    def _show_problem(self, problem: Exception) -> None:
        told = problem if isinstance(problem, ZeroSegError) else BadFileError(f"That failed: {problem}")
        self.status.show_text(str(told))


def _name(text: str) -> str | None:
    return None if text == NONE else text


class _ClassDelegate(QStyledItemDelegate):
    """Offers the classes, and none."""

    def __init__(self, table: FittedTable, session: Session) -> None:
        super().__init__(table)
        self._session = session

    def createEditor(self, parent: QWidget, _option: QStyleOptionViewItem, _index: Index) -> QWidget:
        box = QComboBox(parent)
        box.addItems([NONE, *self._session.state.vocabulary.names])
        return box

    def setEditorData(self, editor: QWidget, index: Index) -> None:
        assert isinstance(editor, QComboBox)
        editor.setCurrentText(index.data(Role.EditRole))

    def setModelData(self, editor: QWidget, model: QAbstractItemModel, index: Index) -> None:
        assert isinstance(editor, QComboBox)
        model.setData(index, editor.currentText())
