"""The table of target classes, with a line to add more."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from qtpy.QtCore import QAbstractItemModel, QModelIndex, QPersistentModelIndex, Qt, QTimer
from qtpy.QtGui import QColor, QKeySequence, QPalette, QShortcut
from qtpy.QtWidgets import (
    QColorDialog,
    QLineEdit,
    QPushButton,
    QStyledItemDelegate,
    QStyleOptionViewItem,
    QWidget,
)

from napari_zeroseg._qt.action_button import ActionButton
from napari_zeroseg._qt.painting import SwatchDelegate, ink
from napari_zeroseg._qt.rows_model import Index, Role
from napari_zeroseg._qt.section import TextLine, column, row
from napari_zeroseg._qt.session_view import SessionView
from napari_zeroseg._qt.table import FittedTable
from napari_zeroseg._qt.vocabulary_model import SWATCH, OwnRole, SuggestedRole, VocabularyModel
from napari_zeroseg.core.errors import BadVocabularyError
from napari_zeroseg.session.readiness import Action

if TYPE_CHECKING:
    from napari_zeroseg.session.session import Session
    from napari_zeroseg.session.state import State

WIDTHS = (26, 92, 82, 86, 0)
ADDING = """Type a class name and press Enter. After a colon you can say what it looks like:
nucleus: dark purple, round
Several classes at once are parted by semicolons, or by commas where none has a look."""


class VocabularyPanel(SessionView):
    """Add, rename, recolour, describe, reorder and remove classes."""

    def __init__(self, session: Session) -> None:
        super().__init__(session)
        self.model = VocabularyModel(session)
        self.table = FittedTable(self.model, WIDTHS)
        self.entry = QLineEdit()
        self.error = TextLine()
        self.add = _button("Add", "Add the class that is typed here (Enter)")
        self.remove = _button(
            "Remove", "Remove the selected classes with their masks (Delete). Undo brings them back"
        )
        order = "Classes get their ids in this order: the first one is 1"
        self.up, self.down = _button("Move up", order), _button("Move down", order)
        self.merge = _button(
            "",
            "All masks and decisions of the class get the other name. Undo parts them again",
        )
        self._clash = ("", "")
        self.describe = ActionButton(
            "Describe looks",
            Action.DESCRIBE,
            "Have the language model write colour, shape and texture where you have not; "
            "you can change all of it",
            lambda: self._try(session.describe_looks),
        )
        self._build()
        self._connect()
        self._show(session.state)
        self._show_describe()

    def _build(self) -> None:
        self.entry.setPlaceholderText("Add a class, e.g. nucleus: dark purple, round")
        self.entry.setToolTip(ADDING)
        self.entry.setAccessibleName("New class")
        self.table.setAccessibleName("Classes")
        self.table.setItemDelegate(_TextDelegate(self.table))
        self.table.setItemDelegateForColumn(SWATCH, SwatchDelegate(self.table))
        layout = column(self)
        layout.addWidget(self.table)
        layout.addLayout(row(self.entry, self.add))
        layout.addWidget(self.error)
        layout.addWidget(self.merge)
        layout.addLayout(row(self.remove, self.up, self.down))
        layout.addWidget(self.describe)

    def _connect(self) -> None:
        self.entry.returnPressed.connect(self._on_entry_returned)
        self.add.clicked.connect(self._on_entry_returned)
        self.entry.textEdited.connect(lambda: self.error.show_text(""))
        self.remove.clicked.connect(self._on_remove_clicked)
        self.up.clicked.connect(lambda: self._move(-1))
        self.down.clicked.connect(lambda: self._move(1))
        self.table.doubleClicked.connect(self._on_table_double_clicked)
        self.table.selectionModel().selectionChanged.connect(self._show_buttons)
        self.model.refused.connect(self._on_model_refused)
        self.model.clashed.connect(self._on_model_clashed)
        self.merge.clicked.connect(self._on_merge_clicked)
        delete = QShortcut(QKeySequence(QKeySequence.StandardKey.Delete), self.table)
        delete.setContext(Qt.ShortcutContext.WidgetShortcut)
        delete.activated.connect(self._on_remove_clicked)
        self._listen(self._session.changed, self._on_session_changed)
        self._listen(self._session.refining.changed, self._show_describe)
        self._listen(self._session.activity_changed, self._show_describe)

    def _on_session_changed(self, new: State, old: State) -> None:
        if new.vocabulary is not old.vocabulary or new.looks is not old.looks:
            self._show(new)
            self._show_describe()

    def _show_describe(self, *_: object) -> None:
        # the embedded refiner fills in what it knows by itself
        self.describe.setVisible(self._session.refining.asks_a_model)
        self.describe.show_readiness(self._session.readiness)

    def _show(self, state: State) -> None:
        self.model.show_state(state)
        self.merge.hide()
        for widget in (self.table, self.remove, self.up, self.down):
            widget.setVisible(bool(len(state.vocabulary)))
        self._show_buttons()

    def _show_buttons(self) -> None:
        rows = self.table.chosen_rows()
        self.remove.setEnabled(bool(rows))
        self.up.setEnabled(bool(rows) and rows[0] > 0)
        self.down.setEnabled(bool(rows) and rows[-1] < self.model.rowCount() - 1)

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
        self.merge.hide()

    def _on_model_clashed(self, name: str, other: str) -> None:
        self._clash = (name, other)
        self.merge.setText(f"Merge '{name}' into '{other}'")
        self.merge.show()

    def _on_merge_clicked(self) -> None:
        self.error.show_text("")
        self._session.merge_classes(*self._clash)

    def _on_remove_clicked(self) -> None:
        for name in [self.model.row(r).name for r in self.table.chosen_rows()]:
            self._session.remove_class(name)

    def _move(self, by: int) -> None:
        start = self.table.chosen_rows()[0]
        name = self.model.row(start).name
        vocabulary = self._session.state.vocabulary.moved(name, start + by)
        self._session.set_vocabulary(vocabulary, f"Move {name}")
        self.table.selectRow(start + by)

    def _on_table_double_clicked(self, index: QModelIndex) -> None:
        if index.column() != SWATCH:
            return
        target = self.model.row(index.row())
        color = QColorDialog.getColor(QColor(target.color), self, f"Colour of {target.name}")
        if color.isValid():
            self._session.change_class(target.name, replace(target, color=color.name()))


def _button(text: str, teaches: str) -> QPushButton:
    button = QPushButton(text)
    button.setToolTip(teaches)
    return button


def _inline(problem: BadVocabularyError) -> str:
    return " ".join(t for t in (problem.happened, problem.remedy) if t)


class _TextDelegate(QStyledItemDelegate):
    """Greys out what the refiner filled in, and opens a refused cell again."""

    def __init__(self, table: FittedTable) -> None:
        super().__init__(table)
        self._table = table

    def initStyleOption(self, option: QStyleOptionViewItem, index: Index) -> None:
        super().initStyleOption(option, index)
        if not index.data(OwnRole):
            option.palette.setColor(QPalette.ColorRole.Text, ink(option, 0.5))
            option.palette.setColor(QPalette.ColorRole.HighlightedText, ink(option, 0.6))
            option.font.setItalic(True)

    def createEditor(self, parent: QWidget, option: QStyleOptionViewItem, index: Index) -> QWidget:
        editor = super().createEditor(parent, option, index)
        if isinstance(editor, QLineEdit):
            editor.setPlaceholderText(index.data(SuggestedRole))
        return editor

    def setModelData(self, editor: QWidget, model: QAbstractItemModel, index: Index) -> None:
        super().setModelData(editor, model, index)
        if index.isValid() and index.data(Role.EditRole) != index.data(OwnRole):
            place = QPersistentModelIndex(index)
            QTimer.singleShot(0, self._table, lambda: self._edit_again(place))

    def _edit_again(self, place: QPersistentModelIndex) -> None:
        # only after Enter: a person who went elsewhere is not called back
        if place.isValid() and self._table.hasFocus():
            self._table.edit(self._table.model().index(place.row(), place.column()))
