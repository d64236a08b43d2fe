"""The vocabulary as a table; its columns are data."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from qtpy.QtCore import QAbstractTableModel, QModelIndex, Qt, Signal
from qtpy.QtGui import QColor, QPalette
from qtpy.QtWidgets import QApplication

from napari_zeroseg.core.errors import BadVocabularyError

if TYPE_CHECKING:
    from napari_zeroseg.core.vocabulary import TargetClass
    from napari_zeroseg.session.session import Session
    from napari_zeroseg.session.state import State

Role = Qt.ItemDataRole
SuggestedRole = int(Role.UserRole) + 1
"""What the refiner knows of a cell that the user left empty."""

ROOT = QModelIndex()


@dataclass(frozen=True, slots=True)
class Column:
    """One column: how a class is read into it, and how what is typed goes back."""

    title: str
    teaches: str
    read: Callable[[TargetClass], str]
    write: Callable[[TargetClass, str], TargetClass]


def _attribute(title: str, field: str, teaches: str) -> Column:
    def write(target: TargetClass, text: str) -> TargetClass:
        return replace(target, attributes=replace(target.attributes, **{field: text.strip()}))

    return Column(title, teaches, lambda target: str(getattr(target.attributes, field)), write)


COLUMNS = (
    Column("", "Double-click to choose the colour of the masks", lambda _: "", lambda c, _: c),
    Column(
        "Class",
        "What to look for. Double-click to rename",
        lambda target: target.name,
        lambda target, text: replace(target, name=text),
    ),
    _attribute("Colour", "color", "Colour in plain words: dark purple, pale pink, bright"),
    _attribute("Shape, size", "shape", "Shape and size in plain words: round, small, elongated"),
    _attribute("Texture", "texture", "Texture or material in plain words: granular, smooth"),
)
SWATCH, NAME = 0, 1


class VocabularyModel(QAbstractTableModel):
    """Rows are target classes. A refused text is kept for the next edit of its cell."""

    refused = Signal(object)
    """The BadVocabularyError of the latest edit, or None after one that was taken."""

    def __init__(self, session: Session) -> None:
        super().__init__()
        self._session = session
        self._classes = session.state.vocabulary.classes
        self._looks: dict[str, TargetClass] = {}
        self._draft: tuple[int, int, str] | None = None

    def show_state(self, state: State) -> None:
        """Take what there is to show from a state."""
        looks = {c.name: c for c in state.looks}
        same_rows = len(state.vocabulary) == len(self._classes)
        if not same_rows:
            self.beginResetModel()
        self._classes, self._looks, self._draft = state.vocabulary.classes, looks, None
        if not same_rows:
            self.endResetModel()
        elif self._classes:
            self.dataChanged.emit(self.index(0, 0), self.index(self.rowCount() - 1, len(COLUMNS) - 1))

    def row_class(self, row: int) -> TargetClass:
        return self._classes[row]

    def rowCount(self, parent: QModelIndex = ROOT) -> int:
        return 0 if parent.isValid() else len(self._classes)

    def columnCount(self, parent: QModelIndex = ROOT) -> int:
        return 0 if parent.isValid() else len(COLUMNS)

    def headerData(
        self, section: int, orientation: Qt.Orientation, role: int = Role.DisplayRole
    ) -> Any:
        if orientation == Qt.Orientation.Horizontal:
            column = COLUMNS[section]
            return {Role.DisplayRole: column.title, Role.ToolTipRole: column.teaches}.get(role)
        return None

    def flags(self, index: QModelIndex) -> Qt.ItemFlag:
        editable = Qt.ItemFlag.ItemIsEditable if index.column() != SWATCH else Qt.ItemFlag.NoItemFlags
        return super().flags(index) | editable

    def data(self, index: QModelIndex, role: int = Role.DisplayRole) -> Any:
        target, column = self._classes[index.row()], COLUMNS[index.column()]
        own = column.read(target)
        suggested = self._suggested(target, column)
        if role == Role.DisplayRole:
            return own or suggested
        if role == Role.EditRole:
            return self._draft[2] if self._draft and self._draft[:2] == _place(index) else own
        if role == SuggestedRole:
            return suggested
        if role == Role.ForegroundRole and not own:
            return QApplication.palette().color(QPalette.ColorRole.PlaceholderText)
        if role == Role.DecorationRole and index.column() == SWATCH:
            return QColor(target.color)
        if role == Role.ToolTipRole:
            return _tooltip(column, own, suggested)
        return None

    def _suggested(self, target: TargetClass, column: Column) -> str:
        look = self._looks.get(target.name)
        return column.read(look) if look is not None else ""

    def setData(self, index: QModelIndex, value: Any, role: int = Role.EditRole) -> bool:
        target, text = self._classes[index.row()], str(value)
        if role != Role.EditRole or text == COLUMNS[index.column()].read(target):
            return False
        try:
            changed = COLUMNS[index.column()].write(target, text)
            self._session.change_class(target.name, changed)
        except BadVocabularyError as problem:
            self._draft = (*_place(index), text)
            self.refused.emit(problem)
            return False
        self.refused.emit(None)
        return True


def _place(index: QModelIndex) -> tuple[int, int]:
    return (index.row(), index.column())


def _tooltip(column: Column, own: str, suggested: str) -> str:
    if own or not suggested:
        return f"{own}\n\n{column.teaches}" if own else column.teaches
    return f"{suggested}\n\nSuggested by the attribute book. Type to replace it."
