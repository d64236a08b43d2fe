"""Suggestions as a table, the most confident first."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from qtpy.QtGui import QColor

from napari_zeroseg._qt.rows_model import Index, Role, RowsModel
from napari_zeroseg.core.suggestion import Decision, Suggestion

if TYPE_CHECKING:
    from napari_zeroseg.session.state import State

DetailRole = int(Role.UserRole) + 1
"""The second line of a cell: the decision, or the reason."""
ChipsRole = int(Role.UserRole) + 2
"""Words of evidence."""
ChosenRole = int(Role.UserRole) + 3
"""Whether a decision cell holds the decision that was made."""
CarriedRole = int(Role.UserRole) + 4
"""Whether the decision was taken over from an earlier image."""

LIKELY = 0.25
"""A class of less confidence than this is not believed to be in the image."""

CLASS, WHY, SURE, ACCEPT, REJECT = range(5)
HEADERS = (
    ("Class", "A class of your list, and what you decided"),
    ("Why", "What speaks for it in the image"),
    ("Sure", "How sure the machine is, 0 to 1"),
    ("", "Accept"),
    ("", "Reject"),
)
DECISIONS = {ACCEPT: Decision.ACCEPTED, REJECT: Decision.REJECTED}
DECISION_TEXT = {
    Decision.PENDING: "undecided",
    Decision.ACCEPTED: "✓ accepted",
    Decision.REJECTED: "✗ rejected",
}
CARRIED_TEXT = {
    Decision.ACCEPTED: "✓ as before",
    Decision.REJECTED: "✗ as before",
}
"""For decisions of an earlier image that nobody has confirmed on this one."""
SOURCES = {
    "name": "Name",
    "synonym": "Synonym",
    "embedding": "Embedding",
    "attributes": "Attributes",
    "llm": "LLM",
    "you": "You",
}
"""Who says so, in words."""
IMPLIED = "implied by the scene"
_SIGNS = {ACCEPT: "✓", REJECT: "✗"}
_DECIDING = {
    ACCEPT: "Accept: the next run draws this class (A). A second click takes it back",
    REJECT: "Reject: the next run leaves this class out (R). A second click takes it back",
}


class SuggestionModel(RowsModel[Suggestion]):
    """Rows are suggestions."""

    def __init__(self) -> None:
        super().__init__(HEADERS)
        self._colors: dict[str, str] = {}

    def show_state(self, state: State) -> None:
        """Take what there is to show from a state."""
        self._colors = {c.name: c.color for c in state.vocabulary}
        rows = sorted(state.suggestions, key=lambda s: -s.confidence)
        same = [s.name for s in rows] == [s.name for s in self._rows]
        self._replace(rows, same_places=same)

    def data(self, index: Index, role: int = Role.DisplayRole) -> Any:
        suggestion, column = self._rows[index.row()], index.column()
        match role:
            case Role.DisplayRole:
                return _display(suggestion, column)
            case Role.DecorationRole if column == CLASS:
                return QColor(self._colors.get(suggestion.name, "#808080"))
            case Role.ToolTipRole | Role.AccessibleTextRole:
                return _DECIDING.get(column) or _explained(suggestion)
            case _ if role == DetailRole:
                return _decided(suggestion) if column == CLASS else _reason(suggestion)
            case _ if role == ChipsRole:
                return (IMPLIED, *suggestion.evidence) if suggestion.implied else suggestion.evidence
            case _ if role == ChosenRole:
                return DECISIONS.get(column) is suggestion.decision
            case _ if role == CarriedRole:
                return suggestion.carried
        return None


def _display(suggestion: Suggestion, column: int) -> str | float:
    match column:
        case 0:
            return suggestion.name
        case 1:
            return suggestion.reason
        case 2:
            return suggestion.confidence
        case _:
            return _SIGNS[column]


def _decided(suggestion: Suggestion) -> str:
    if suggestion.carried:
        return CARRIED_TEXT[suggestion.decision]
    return DECISION_TEXT[suggestion.decision]


def _reason(suggestion: Suggestion) -> str:
    source = SOURCES.get(suggestion.source, suggestion.source)
    return f"{source}: {suggestion.reason}" if source else suggestion.reason


def why(suggestion: Suggestion) -> str:
    """Return in full why a class is suggested, or why it is not."""
    question = "Why" if suggestion.confidence >= LIKELY else "Why not"
    return f"{question} {suggestion.name}? {_reason(suggestion)}"


def _explained(suggestion: Suggestion) -> str:
    evidence = f"\nEvidence: {', '.join(suggestion.evidence)}" if suggestion.evidence else ""
    carried = " (from an earlier image: confirm or change it)" if suggestion.carried else ""
    state = f"{_decided(suggestion)}{carried}"
    return f"{suggestion.name}, {suggestion.confidence:.2f}, {state}\n{_reason(suggestion)}{evidence}"
