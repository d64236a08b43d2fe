"""Decisions on phrases as a table."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from qtpy.QtCore import Qt

from napari_zeroseg._qt.rows_model import Index, Role, RowsModel
from napari_zeroseg._qt.suggestion_model import SOURCES
from napari_zeroseg.core.phrase_table import PhraseRow

if TYPE_CHECKING:
    from napari_zeroseg.session.session import Session

PHRASE, CLASS, BY, WHEN, LOCKED = range(5)
HEADERS = (
    ("Phrase", "As the detector wrote it"),
    ("Class", "What it means. Double-click to decide yourself"),
    ("Decided by", "You, or which machine"),
    ("When", "Date and time, UTC"),
    ("Locked", "No machine changes a locked decision"),
)
NONE = "(no class)"


class PhraseModel(RowsModel[PhraseRow]):
    """Rows are decisions; class and lock can be changed in their cells."""

    def __init__(self, session: Session) -> None:
        super().__init__(HEADERS)
        self._session = session

    def show_table(self) -> None:
        """Take what there is to show from the session."""
        rows = list(self._session.refining.phrase_table(self._session.state.vocabulary).rows)
        self._replace(rows, same_places=[r.phrase for r in rows] == [r.phrase for r in self._rows])

    def flags(self, index: Index) -> Qt.ItemFlag:
        more = {CLASS: Qt.ItemFlag.ItemIsEditable, LOCKED: Qt.ItemFlag.ItemIsUserCheckable}
        return super().flags(index) | more.get(index.column(), Qt.ItemFlag.NoItemFlags)

    def data(self, index: Index, role: int = Role.DisplayRole) -> Any:
        row = self._rows[index.row()]
        if role == Role.CheckStateRole and index.column() == LOCKED:
            return Qt.CheckState.Checked if row.locked else Qt.CheckState.Unchecked
        if role in (Role.DisplayRole, Role.EditRole):
            return _text(row, index.column())
        # a first line of our own keeps Qt from reading a hostile phrase as HTML
        return f"Phrase:\n{row.phrase}" if role == Role.ToolTipRole else None

    def setData(self, index: Index, value: Any, role: int = Role.EditRole) -> bool:
        row, refining = self._rows[index.row()], self._session.refining
        if role == Role.CheckStateRole:
            locked = Qt.CheckState(value) == Qt.CheckState.Checked
            refining.lock_phrase(self._session.state.vocabulary, row.phrase, locked=locked)
        elif value != _text(row, CLASS):
            refining.decide_phrase(row.phrase, None if value == NONE else value)
        return True


def _text(row: PhraseRow, column: int) -> str:
    match column:
        case 0:
            return row.phrase
        case 1:
            return row.name or NONE
        case 2:
            return SOURCES.get(row.source, row.source)
        case 3:
            return row.when.replace("T", " ")[:16]
        case _:
            return ""
