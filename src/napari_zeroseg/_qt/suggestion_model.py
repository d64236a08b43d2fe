"""Suggestions as a table, the most confident first."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from qtpy.QtCore import QAbstractTableModel, QModelIndex, Qt
from qtpy.QtGui import QColor

from napari_zeroseg.core.suggestion import Decision

if TYPE_CHECKING:
    from napari_zeroseg.core.suggestion import Suggestion
    from napari_zeroseg.session.state import State

Role = Qt.ItemDataRole
DetailRole = int(Role.UserRole) + 1
"""The second line of a cell: the decision, or the reason."""
ChipsRole = int(Role.UserRole) + 2
"""Words of evidence."""
ChosenRole = int(Role.UserRole) + 3
"""Whether a decision cell holds the decision that was made."""

ROOT = QModelIndex()
HEADERS = ("Class", "Why", "Sure", "", "")
CLASS, WHY, SURE, ACCEPT, REJECT = range(5)
DECISIONS = {ACCEPT: Decision.ACCEPTED, REJECT: Decision.REJECTED}
DECISION_TEXT = {
    Decision.PENDING: "undecided",
    Decision.ACCEPTED: "✓ accepted",
    Decision.REJECTED: "✗ rejected",
}
_SIGNS = {ACCEPT: "✓", REJECT: "✗"}
_DECIDE_TIPS = {
    ACCEPT: "Accept: draw this class in the next run (A)",
    REJECT: "Reject: leave this class out (R)",
}


class SuggestionModel(QAbstractTableModel):
    """Rows are suggestions."""

    def __init__(self) -> None:
        super().__init__()
        self._rows: list[Suggestion] = []
        self._colors: dict[str, str] = {}

    def show_state(self, state: State) -> None:
        """Take what there is to show from a state."""
        rows = sorted(state.suggestions, key=lambda s: -s.confidence)
        same = [s.name for s in rows] == [s.name for s in self._rows]
        if not same:
            self.beginResetModel()
        self._rows = rows
        self._colors = {c.name: c.color for c in state.vocabulary}
        if not same:
            self.endResetModel()
        elif rows:
            self.dataChanged.emit(self.index(0, 0), self.index(len(rows) - 1, REJECT))

    def suggestion(self, row: int) -> Suggestion:
        return self._rows[row]

    def rowCount(self, parent: QModelIndex = ROOT) -> int:
        return 0 if parent.isValid() else len(self._rows)

    def columnCount(self, parent: QModelIndex = ROOT) -> int:
        return 0 if parent.isValid() else len(HEADERS)

    def headerData(
        self, section: int, orientation: Qt.Orientation, role: int = Role.DisplayRole
    ) -> Any:
        if orientation == Qt.Orientation.Horizontal and role == Role.DisplayRole:
            return HEADERS[section]
        return None

    def data(self, index: QModelIndex, role: int = Role.DisplayRole) -> Any:
        suggestion, column = self._rows[index.row()], index.column()
        if role == Role.DisplayRole:
            return _display(suggestion, column)
        if role == DetailRole:
            return DECISION_TEXT[suggestion.decision] if column == CLASS else suggestion.reason
        if role == ChipsRole:
            return suggestion.evidence
        if role == ChosenRole:
            return DECISIONS.get(column) is suggestion.decision
        if role == Role.DecorationRole and column == CLASS:
            return QColor(self._colors.get(suggestion.name, "#808080"))
        if role in (Role.ToolTipRole, Role.AccessibleTextRole):
            return _DECIDE_TIPS.get(column) or _explained(suggestion)
        return None


def _display(suggestion: Suggestion, column: int) -> Any:
    match column:
        case 0:
            return suggestion.name
        case 1:
            return suggestion.reason
        case 2:
            return suggestion.confidence
        case _:
            return _SIGNS[column]


def _explained(suggestion: Suggestion) -> str:
    evidence = f"\nEvidence: {', '.join(suggestion.evidence)}" if suggestion.evidence else ""
    state = DECISION_TEXT[suggestion.decision]
    return f"{suggestion.name}, {suggestion.confidence:.2f}, {state}\n{suggestion.reason}{evidence}"
