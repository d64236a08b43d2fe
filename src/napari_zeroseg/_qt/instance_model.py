"""Instances as a table that can be sorted by any column."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from qtpy.QtCore import QAbstractTableModel, QModelIndex, Qt
from qtpy.QtGui import QColor

from napari_zeroseg.core.instance import InstanceState

if TYPE_CHECKING:
    from napari_zeroseg.core.instance import Instance
    from napari_zeroseg.session.state import Plane, State

Role = Qt.ItemDataRole
ROOT = QModelIndex()
CLASS, ID, SCORE, AREA, STATE = range(5)
HEADERS = ("Class", "Id", "Score", "Area", "State")
TEACHES = (
    "The class of the mask",
    "The value of the mask in its Labels layer",
    "How sure the model is, 0 to 1",
    "Number of pixels",
    "Proposed masks may change in the next run; accepted and edited ones are locked",
)
STATE_TEXT = {
    InstanceState.PROPOSED: "proposed",
    InstanceState.ACCEPTED: "✓ accepted",
    InstanceState.EDITED: "✓ edited",
}
_SORT_KEYS: tuple[Callable[[Instance], Any], ...] = (
    lambda i: (i.name, i.id),
    lambda i: i.id,
    lambda i: i.score,
    lambda i: i.mask.area,
    lambda i: (i.state, i.score),
)


class InstanceModel(QAbstractTableModel):
    """Rows are the instances of one plane."""

    def __init__(self) -> None:
        super().__init__()
        self._rows: list[Instance] = []
        self._colors: dict[str, str] = {}
        self._sort = (SCORE, True)

    def show_state(self, state: State, plane: Plane) -> None:
        """Take what there is to show from a state."""
        self.beginResetModel()
        self._rows = list(state.on_plane(plane))
        self._colors = {c.name: c.color for c in state.vocabulary}
        self._order()
        self.endResetModel()

    def sort(self, column: int, order: Qt.SortOrder = Qt.SortOrder.AscendingOrder) -> None:
        self.beginResetModel()
        self._sort = (column, order == Qt.SortOrder.DescendingOrder)
        self._order()
        self.endResetModel()

    def _order(self) -> None:
        column, falling = self._sort
        self._rows.sort(key=_SORT_KEYS[column], reverse=falling)

    def instance(self, row: int) -> Instance:
        return self._rows[row]

    def row_of(self, key: tuple[str, int]) -> int | None:
        """Return where an instance is shown, None where it is not."""
        return next((row for row, i in enumerate(self._rows) if i.key == key), None)

    def rowCount(self, parent: QModelIndex = ROOT) -> int:
        return 0 if parent.isValid() else len(self._rows)

    def columnCount(self, parent: QModelIndex = ROOT) -> int:
        return 0 if parent.isValid() else len(HEADERS)

    def headerData(
        self, section: int, orientation: Qt.Orientation, role: int = Role.DisplayRole
    ) -> Any:
        if orientation == Qt.Orientation.Horizontal:
            return {Role.DisplayRole: HEADERS[section], Role.ToolTipRole: TEACHES[section]}.get(role)
        return None

    def data(self, index: QModelIndex, role: int = Role.DisplayRole) -> Any:
        instance, column = self._rows[index.row()], index.column()
        if role == Role.DisplayRole:
            return _display(instance, column)
        if role == Role.DecorationRole and column == CLASS:
            return QColor(self._colors.get(instance.name, "#808080"))
        if role == Role.ToolTipRole:
            return _explained(instance)
        return None


def _display(instance: Instance, column: int) -> str:
    return (
        instance.name,
        str(instance.id),
        f"{instance.score:.2f}",
        f"{instance.mask.area:,}",
        STATE_TEXT[instance.state],
    )[column]


def _explained(instance: Instance) -> str:
    made = instance.provenance
    if made.author == "person":
        origin = f"Drawn by you with {len(made.points)} points" if made.points else "Drawn by you"
    else:
        phrase = f" for '{made.phrase}'" if made.phrase else ""
        origin = f"Found by {made.detector or 'the detector'}{phrase}, drawn by {made.segmenter or 'the segmenter'}"
    return f"{instance.name} {instance.id}\n{origin}"
