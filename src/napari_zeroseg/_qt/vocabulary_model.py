"""The vocabulary as a table; its columns are data."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from qtpy.QtCore import Qt, Signal
from qtpy.QtGui import QColor

from napari_zeroseg._qt.rows_model import Index, Role, RowsModel
from napari_zeroseg.core.errors import BadVocabularyError
from napari_zeroseg.core.vocabulary import TargetClass
from napari_zeroseg.session.merges import clashing

if TYPE_CHECKING:
    from napari_zeroseg.session.session import Session
    from napari_zeroseg.session.state import State

OwnRole = int(Role.UserRole) + 1
"""What the user typed into a cell."""
SuggestedRole = int(Role.UserRole) + 2
"""What the refiner knows of a cell that the user left empty."""


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


class VocabularyModel(RowsModel[TargetClass]):
    """Rows are target classes. A refused text is kept for the next edit of its cell."""

    refused = Signal(object)
    """The BadVocabularyError of the latest edit, or None after one that was taken."""
    clashed = Signal(str, str)
    """A class was given the name of another one, which comes second; after :attr:`refused`."""

    def __init__(self, session: Session) -> None:
        super().__init__([(c.title, c.teaches) for c in COLUMNS])
        self._session = session
        self._looks: dict[str, TargetClass] = {}
        self._draft: tuple[int, int, str] | None = None

    def show_state(self, state: State) -> None:
        """Take what there is to show from a state."""
        self._looks = {c.name: c for c in state.looks}
        self._draft = None
        rows = list(state.vocabulary)
        self._replace(rows, same_places=len(rows) == len(self._rows))

    def flags(self, index: Index) -> Qt.ItemFlag:
        editable = Qt.ItemFlag.ItemIsEditable if index.column() != SWATCH else Qt.ItemFlag.NoItemFlags
        return super().flags(index) | editable

    def data(self, index: Index, role: int = Role.DisplayRole) -> Any:
        target, column = self._rows[index.row()], COLUMNS[index.column()]
        own, suggested = column.read(target), self._suggested(target, column)
        match role:
            case Role.DisplayRole:
                return own or suggested
            case Role.EditRole:
                return self._typed(index, own)
            case Role.DecorationRole if index.column() == SWATCH:
                return QColor(target.color)
            case Role.ToolTipRole:
                return _tooltip(column, own, suggested)
        return {OwnRole: own, SuggestedRole: suggested}.get(role)

    def _suggested(self, target: TargetClass, column: Column) -> str:
        look = self._looks.get(target.name)
        return column.read(look) if look is not None else ""

    def _typed(self, index: Index, own: str) -> str:
        draft = self._draft
        return draft[2] if draft and draft[:2] == (index.row(), index.column()) else own

    def setData(self, index: Index, value: Any, role: int = Role.EditRole) -> bool:
        target, column, text = self._rows[index.row()], COLUMNS[index.column()], str(value)
        if role != Role.EditRole:
            return False
        self._draft = None
        try:
            self._session.change_class(target.name, column.write(target, text))
        except BadVocabularyError as problem:
            self._draft = (index.row(), index.column(), text)
            self.refused.emit(problem)
            other = clashing(self._session.state.vocabulary, target, text) if column is COLUMNS[NAME] else ""
            if other:
                self.clashed.emit(target.name, other)
            return False
        self.refused.emit(None)
        return True


def _tooltip(column: Column, own: str, suggested: str) -> str:
    if own or not suggested:
        return f"{own}\n\n{column.teaches}" if own else column.teaches
    return f"{suggested}\n\nFilled in from what is known of the class. Type to replace it."
