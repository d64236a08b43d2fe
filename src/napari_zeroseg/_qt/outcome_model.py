"""Methods that can be compared, and what each made of the image, as a table."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from qtpy.QtCore import Qt

from napari_zeroseg._qt.need_model import bytes_in_words
from napari_zeroseg._qt.rows_model import Index, Role, RowsModel

if TYPE_CHECKING:
    from napari_zeroseg.core.outcome import Outcome
    from napari_zeroseg.session.contest import Contestant

NAME, OBJECTS, TIME, MEMORY, IOU = range(5)
HEADERS = (
    ("Method", "The method and its models; tick what is to be compared"),
    ("Objects", "How many masks it found"),
    ("Time", "Wall time, with the loading of models where they were not loaded yet"),
    ("Memory", "Main memory that the run took at its peak, above what was taken before it"),
    (
        "IoU",
        "Overlap with the masks that you accepted, edited or drew: intersection over union, mean of classes",
    ),
)


class OutcomeModel(RowsModel["Contestant"]):
    """Rows are methods; those that can run are ticked by a person."""

    def __init__(self) -> None:
        super().__init__(HEADERS)
        self._ticked: set[str] = set()
        self._outcomes: Mapping[str, Outcome] = {}

    @property
    def chosen(self) -> list[Contestant]:
        """The methods that are ticked."""
        return [one for one in self._rows if one.name in self._ticked and not one.obstacle]

    def outcome(self, row: int) -> Outcome | None:
        """Return what the method of a row found; None before it ran."""
        return self._outcomes.get(self._rows[row].name)

    def show_contestants(self, rows: Sequence[Contestant]) -> None:
        """Show who can take part, those that can run first; at first these are ticked."""
        rows = sorted(rows, key=lambda one: bool(one.obstacle))
        known = {one.name for one in self._rows}
        self._ticked |= {one.name for one in rows if one.name not in known and not one.obstacle}
        self._replace(rows, same_places=[o.name for o in rows] == [o.name for o in self._rows])

    def show_outcomes(self, outcomes: Sequence[Outcome]) -> None:
        """Show what was found."""
        self._outcomes = {outcome.name: outcome for outcome in outcomes}
        self._replace(self._rows, same_places=True)

    def flags(self, index: Index) -> Qt.ItemFlag:
        flags = Qt.ItemFlag.ItemIsSelectable
        if not self._rows[index.row()].obstacle:
            flags |= Qt.ItemFlag.ItemIsEnabled
            if index.column() == NAME:
                flags |= Qt.ItemFlag.ItemIsUserCheckable
        return flags

    def setData(self, index: Index, value: Any, role: int = Role.EditRole) -> bool:
        if role != Role.CheckStateRole:
            return False
        change = self._ticked.add if Qt.CheckState(value) == Qt.CheckState.Checked else self._ticked.discard
        change(self._rows[index.row()].name)
        self.dataChanged.emit(index, index)
        return True

    def data(self, index: Index, role: int = Role.DisplayRole) -> Any:
        one, column = self._rows[index.row()], index.column()
        outcome = self._outcomes.get(one.name)
        match role:
            case Role.DisplayRole:
                return one.name if column == NAME else _display(outcome, column)
            case Role.CheckStateRole if column == NAME:
                ticked = one.name in self._ticked and not one.obstacle
                return Qt.CheckState.Checked if ticked else Qt.CheckState.Unchecked
            case Role.ToolTipRole:
                return one.obstacle or _in_full(outcome)
        return None


def _display(outcome: Outcome | None, column: int) -> str:
    if outcome is None:
        return ""
    if outcome.problem:
        return "failed" if column == OBJECTS else ""
    mean = outcome.mean_iou
    return (
        f"{len(outcome.instances):,}",
        f"{outcome.seconds:.1f} s",
        bytes_in_words(outcome.memory),
        "–" if mean is None else f"{mean:.3f}",
    )[column - 1]


def _in_full(outcome: Outcome | None) -> str:
    if outcome is None:
        return ""
    if outcome.problem:
        return outcome.problem
    return "\n".join(f"{name}: IoU {iou:.3f}" for name, iou in outcome.ious.items())
