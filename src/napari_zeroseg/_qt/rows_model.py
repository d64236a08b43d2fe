"""What all tables share: fixed columns with titles and tooltips, rows that are replaced whole."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Generic, TypeVar

from qtpy.QtCore import QAbstractTableModel, QModelIndex, QPersistentModelIndex, Qt

Row = TypeVar("Row")
Index = QModelIndex | QPersistentModelIndex
Role = Qt.ItemDataRole
ROOT = QModelIndex()


class RowsModel(QAbstractTableModel, Generic[Row]):
    """A table of values, one per row.

    Parameters
    ----------
    headers : sequence of (str, str)
        Title and tooltip of each column.
    """

    def __init__(self, headers: Sequence[tuple[str, str]]) -> None:
        super().__init__()
        self._headers = headers
        self._rows: list[Row] = []

    def row(self, row: int) -> Row:
        """Return the value of a row."""
        return self._rows[row]

    def _replace(self, rows: list[Row], *, same_places: bool) -> None:
        """Show other values; with ``same_places`` the selection stays."""
        if not same_places:
            self.beginResetModel()
            self._rows = rows
            self.endResetModel()
        elif rows:
            self._rows = rows
            last = self.index(len(rows) - 1, len(self._headers) - 1)
            self.dataChanged.emit(self.index(0, 0), last)

    def rowCount(self, parent: Index = ROOT) -> int:
        return 0 if parent.isValid() else len(self._rows)

    def columnCount(self, parent: Index = ROOT) -> int:
        return 0 if parent.isValid() else len(self._headers)

    def headerData(self, section: int, orientation: Qt.Orientation, role: int = Role.DisplayRole) -> Any:
        if orientation != Qt.Orientation.Horizontal:
            return None
        title, teaches = self._headers[section]
        if role == Role.DisplayRole:
            return title
        return teaches if role == Role.ToolTipRole else None
