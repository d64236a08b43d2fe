"""The table of target classes, with a line to add more."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from qtpy.QtCore import QModelIndex, QPersistentModelIndex, Qt, QTimer
from qtpy.QtGui import QColor, QKeySequence, QShortcut
from qtpy.QtWidgets import (
    QColorDialog,
    QLineEdit,
    QPushButton,
    QStyledItemDelegate,
    QStyleOptionViewItem,
    QWidget,
)

from napari_zeroseg._qt.section import TextLine, column, row
from napari_zeroseg._qt.session_view import SessionView
from napari_zeroseg._qt.table import FittedTable
from napari_zeroseg._qt.vocabulary_model import NAME, SWATCH, SuggestedRole, VocabularyModel
from napari_zeroseg.core.errors import BadVocabularyError

if TYPE_CHECKING:
    from napari_zeroseg.session.session import Session
    from napari_zeroseg.session.state import State

WIDTHS = (26, 96, 74, 80, 0)


class VocabularyPanel(SessionView):
    """Add, rename, recolour, describe, reorder and remove classes."""

    def __init__(self, session: Session) -> None:
        super().__init__(session)
        self.model = VocabularyModel(session)
        self.table = FittedTable(self.model, WIDTHS)
        self.table.setItemDelegate(_HintingDelegate(self.table))
        self.entry = QLineEdit()
        self.error = TextLine()
        self._add = QPushButton("Add")
        self._remove = QPushButton("Remove")
        self._up = QPushButton("Move up")
        self._down = QPushButton("Move down")
        self._build()
        self._connect()
        self._show(session.state)

    def _build(self) -> None:
        self.entry.setPlaceholderText("nucleus: dark purple, round")
        self.entry.setToolTip(
            "Type a class name and press Enter. After a colon you can say what it looks like:\n"
            "nucleus: dark purple, round\n"
            "Several classes at once are parted by ; or, without looks, by commas."
        )
        self.entry.setAccessibleName("New class")
        self.table.setAccessibleName("Classes")
        self._add.setToolTip("Add the class that is typed here (Enter)")
        self._remove.setToolTip("Remove the selected class with its masks (Delete). Undo brings it back")
        self._up.setToolTip("Classes get their ids in this order: the first one is 1")
        self._down.setToolTip(self._up.toolTip())
        layout = column(self)
        layout.addWidget(self.table)
        layout.addLayout(row(self.entry, self._add))
        layout.addWidget(self.error)
        layout.addLayout(row(self._remove, self._up, self._down))

    def _connect(self) -> None:
        self.entry.returnPressed.connect(self._on_entry_returned)
        self._add.clicked.connect(self._on_entry_returned)
        self.entry.textEdited.connect(lambda: self.error.show_text(""))
        self._remove.clicked.connect(self._on_remove_clicked)
        self._up.clicked.connect(lambda: self._move(-1))
        self._down.clicked.connect(lambda: self._move(1))
        self.table.doubleClicked.connect(self._on_table_double_clicked)
        self.table.selectionModel().selectionChanged.connect(self._show_buttons)
        self.model.refused.connect(self._on_model_refused)
        delete = QShortcut(QKeySequence(QKeySequence.StandardKey.Delete), self.table)
        delete.setContext(Qt.ShortcutContext.WidgetShortcut)
        delete.activated.connect(self._on_remove_clicked)
        self._listen(self._session.changed, self._on_session_changed)

    def _on_session_changed(self, new: State, old: State) -> None:
        if new.vocabulary is not old.vocabulary or new.looks is not old.looks:
            self._show(new)

    def _show(self, state: State) -> None:
        self.model.show_state(state)
        self.table.setVisible(bool(len(state.vocabulary)))
        self._show_buttons()

    def _show_buttons(self) -> None:
        rows = self.table.chosen_rows()
        for button in (self._remove, self._up, self._down):
            button.setVisible(self.model.rowCount() > 0)
        self._remove.setEnabled(bool(rows))
        self._up.setEnabled(bool(rows) and rows[0] > 0)
        self._down.setEnabled(bool(rows) and rows[-1] < self.model.rowCount() - 1)

    def _on_entry_returned(self) -> None:
        try:
            self._session.add_classes(self.entry.text())
        except BadVocabularyError as problem:
            self.error.show_text(_inline(problem))
            return
        self.entry.clear()
        self.error.show_text("")

    def _on_model_refused(self, problem: BadVocabularyError | None) -> None:
        self.error.show_text(_inline(problem) if problem else "")

    def _on_remove_clicked(self) -> None:
        for name in [self.model.row_class(r).name for r in self.table.chosen_rows()]:
            self._session.remove_class(name)

    def _move(self, by: int) -> None:
        rows = self.table.chosen_rows()
        if not rows:
            return
        name, position = self.model.row_class(rows[0]).name, rows[0] + by
        vocabulary = self._session.state.vocabulary.moved(name, position)
        self._session.set_vocabulary(vocabulary, f"Move {name}")
        self.table.selectRow(position)

    def _on_table_double_clicked(self, index: QModelIndex) -> None:
        if index.column() != SWATCH:
            return
        target = self.model.row_class(index.row())
        color = QColorDialog.getColor(QColor(target.color), self, f"Colour of {target.name}")
        if color.isValid():
            self._session.change_class(target.name, replace(target, color=color.name()))


def _inline(problem: BadVocabularyError) -> str:
    return " ".join(t for t in (problem.happened, problem.remedy) if t)


class _HintingDelegate(QStyledItemDelegate):
    """Shows what the refiner suggests while a cell is edited, and opens a refused cell again."""

    def __init__(self, table: FittedTable) -> None:
        super().__init__(table)
        self._table = table

    def createEditor(
        self, parent: QWidget, option: QStyleOptionViewItem, index: QModelIndex | QPersistentModelIndex
    ) -> QWidget:
        editor = super().createEditor(parent, option, index)
        if isinstance(editor, QLineEdit):
            editor.setPlaceholderText(index.data(SuggestedRole))
        return editor

    def setModelData(self, editor: QWidget, model: object, index: QModelIndex) -> None:  # type: ignore[override]
        typed = editor.text() if isinstance(editor, QLineEdit) else ""
        super().setModelData(editor, model, index)  # type: ignore[arg-type]
        refused = index.column() == NAME and index.isValid() and index.data(Qt.ItemDataRole.EditRole) == typed
        if refused and index.data() != typed:
            place = QPersistentModelIndex(index)
            QTimer.singleShot(0, self._table, lambda: self._edit_again(place))

    def _edit_again(self, place: QPersistentModelIndex) -> None:
        # only after Enter: a user who went elsewhere is not called back
        if place.isValid() and self._table.hasFocus():
            self._table.edit(self.model_index(place))

    def model_index(self, place: QPersistentModelIndex) -> QModelIndex:
        return self._table.model().index(place.row(), place.column())

