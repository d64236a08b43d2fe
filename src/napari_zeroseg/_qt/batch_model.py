"""The images of a batch as a table that fills as it goes on."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from qtpy.QtCore import QSortFilterProxyModel, Qt

from napari_zeroseg._qt.rows_model import Index, Role, RowsModel
from napari_zeroseg.batch.desk import Line
from napari_zeroseg.batch.ledger import CORRECTED, DONE, FAILED

if TYPE_CHECKING:
    from pathlib import Path

IMAGE, STATE, OBJECTS, FOUND = range(4)
HEADERS = (
    ("Image", "The file; double click or Enter opens it for correction"),
    ("State", "What has become of it; what you corrected by hand stays, and is the result"),
    ("Objects", "How many masks there are in all"),
    ("Found", "Objects of each class, or why the image failed"),
)
WAITING = ""
STATUS_TEXT = {WAITING: "waiting", DONE: "done", CORRECTED: "✓ corrected", FAILED: "failed"}
SORT = Qt.ItemDataRole.UserRole
STATUS = Qt.ItemDataRole.UserRole + 1


class BatchModel(RowsModel[Line]):
    """Rows are images, in the order of their paths."""

    def __init__(self) -> None:
        super().__init__(HEADERS)
        self._folder: Path | None = None

    def show_lines(self, lines: Sequence[Line], folder: Path | None) -> None:
        """Show other images; their names are told from the folder on."""
        self._folder = folder
        self._replace(list(lines), same_places=False)

    def show_line(self, row: int, line: Line) -> None:
        """Show what has become of one image."""
        self._rows[row] = line
        self.dataChanged.emit(self.index(row, 0), self.index(row, FOUND))

    def data(self, index: Index, role: int = Role.DisplayRole) -> Any:
        line, column = self._rows[index.row()], index.column()
        match role:
            case Role.DisplayRole:
                return self._display(line, column)
            case Role.ToolTipRole:
                # a first line of our own keeps Qt from reading names of files as HTML
                return f"{STATUS_TEXT[line.status]}\n{line.path}\n{_found(line)}".rstrip()
            case Role.TextAlignmentRole if column == OBJECTS:
                return Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter
            case _ if role == SORT:
                return _sort_key(line, column)
            case _ if role == STATUS:
                return line.status
        return None

    def _display(self, line: Line, column: int) -> str:
        if column == IMAGE:
            return self._name(line.path)
        if column == STATE:
            return STATUS_TEXT[line.status]
        if column == OBJECTS:
            return f"{sum(line.counts.values()):,}" if line.status in (DONE, CORRECTED) else ""
        return _found(line)

    def _name(self, path: Path) -> str:
        inside = self._folder is not None and path.is_relative_to(self._folder)
        return str(path.relative_to(self._folder)) if inside and self._folder is not None else str(path)


class StatusFilter(QSortFilterProxyModel):
    """The images of one state, in the order of any column."""

    def __init__(self, model: BatchModel) -> None:
        super().__init__()
        self.setSourceModel(model)
        self.setSortRole(SORT)
        self.setFilterRole(STATUS)

    def show_status(self, status: str | None) -> None:
        """Show the images of one state; None shows all."""
        self.setFilterRegularExpression("" if status is None else f"^{status}$")


def _found(line: Line) -> str:
    return line.problem or ", ".join(f"{count} {name}" for name, count in line.counts.items() if count)


def _sort_key(line: Line, column: int) -> str | int:
    if column == OBJECTS:
        return sum(line.counts.values())
    if column == STATE:
        return tuple(STATUS_TEXT).index(line.status)
    return str(line.path) if column == IMAGE else _found(line)
