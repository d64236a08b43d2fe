"""Instances as a table that can be sorted by any column."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from qtpy.QtCore import Qt
from qtpy.QtGui import QColor

from napari_zeroseg._qt.rows_model import Index, Role, RowsModel
from napari_zeroseg.core.instance import Instance, InstanceKey, InstanceState

if TYPE_CHECKING:
    from napari_zeroseg.session.source import PlaneIndex
    from napari_zeroseg.session.state import State

CLASS, ID, SCORE, AREA, STATE = range(5)
HEADERS = (
    ("Class", "The class of the mask"),
    ("Id", "The value of the mask in its Labels layer"),
    ("Score", "How sure the machine is, 0 to 1"),
    ("Area", "Number of pixels"),
    ("State", "Proposed masks may change in the next run; accepted and edited ones are locked"),
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


class InstanceModel(RowsModel[Instance]):
    """Rows are the instances of one plane."""

    def __init__(self) -> None:
        super().__init__(HEADERS)
        self._colors: dict[str, str] = {}
        self._sort_by, self._falling = SCORE, True

    def show_state(self, state: State, plane: PlaneIndex) -> None:
        """Take what there is to show from a state."""
        self._colors = {c.name: c.color for c in state.vocabulary}
        self._show(list(state.on_plane(plane)))

    def sort(self, column: int, order: Qt.SortOrder = Qt.SortOrder.AscendingOrder) -> None:
        self._sort_by, self._falling = column, order == Qt.SortOrder.DescendingOrder
        self._show(self._rows)

    def _show(self, instances: list[Instance]) -> None:
        rows = sorted(instances, key=_SORT_KEYS[self._sort_by], reverse=self._falling)
        same = [i.key for i in rows] == [i.key for i in self._rows]
        self._replace(rows, same_places=same)

    def row_of(self, key: InstanceKey) -> int | None:
        """Return where an instance is shown, None where it is not."""
        return next((row for row, i in enumerate(self._rows) if i.key == key), None)

    def data(self, index: Index, role: int = Role.DisplayRole) -> Any:
        instance, column = self._rows[index.row()], index.column()
        match role:
            case Role.DisplayRole:
                return _display(instance, column)
            case Role.DecorationRole if column == CLASS:
                return QColor(self._colors.get(instance.name, "#808080"))
            case Role.ToolTipRole:
                return f"{instance.name} {instance.id}\n{_origin(instance)}"
        return None


def _display(instance: Instance, column: int) -> str:
    match column:
        case 0:
            return instance.name
        case 1:
            return str(instance.id)
        case 2:
            return f"{instance.score:.2f}"
        case 3:
            return f"{instance.mask.area:,}"
        case _:
            return STATE_TEXT[instance.state]


def _origin(instance: Instance) -> str:
    made = instance.provenance
    if made.author == "person":
        return f"Drawn by you with {len(made.points)} points" if made.points else "Drawn by you"
    phrase = f" for '{made.phrase}'" if made.phrase else ""
    finder, drawer = made.detector or "the detector", made.segmenter or "the segmenter"
    return f"Found by {finder}{phrase}, drawn by {drawer}"
