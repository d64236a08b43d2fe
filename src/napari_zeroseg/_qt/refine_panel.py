"""Drawing and correcting objects with prompts, and the list of what is there."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from qtpy.QtCore import QItemSelectionModel, Qt
from qtpy.QtGui import QKeySequence, QShortcut
from qtpy.QtWidgets import QCheckBox, QComboBox, QLabel

from napari_zeroseg._qt.action_button import ActionButton, ReasonLine
from napari_zeroseg._qt.instance_model import CLASS, SCORE, InstanceModel
from napari_zeroseg._qt.painting import SwatchDelegate, swatch
from napari_zeroseg._qt.section import SteadyLine, column, row
from napari_zeroseg._qt.session_view import SessionView
from napari_zeroseg._qt.table import FittedTable
from napari_zeroseg._qt.tool_bar import ToolBar
from napari_zeroseg.core.instance import Combination
from napari_zeroseg.session import shortcuts as keys
from napari_zeroseg.session.hand import Tool
from napari_zeroseg.session.readiness import Action

if TYPE_CHECKING:
    from napari_zeroseg.core.instance import Instance, InstanceKey
    from napari_zeroseg.session.keyboard import Keyboard
    from napari_zeroseg.session.session import Session
    from napari_zeroseg.session.source import PlaneIndex
    from napari_zeroseg.session.state import Draft, State

WIDTHS = (0, 36, 56, 52, 80)
WHOLE_CLASS = (
    "For what has no single objects, such as cytoplasm or sky: all that you commit is united into one region "
    "of the class.\nWithout the tick, each commit is an object of its own."
)
HINTS = {
    Tool.POINTS: "click inside it on the image; right-click on what does not belong.",
    Tool.BOX: "drag a box around it on the image.",
    Tool.SCRIBBLE: "drag along it on the image; with the right button along what does not belong.",
}


class RefinePanel(SessionView):
    """Choose a class or an instance, draw on it, commit or discard."""

    def __init__(self, session: Session, keyboard: Keyboard) -> None:
        super().__init__(session)
        self._keyboard = keyboard
        self.model = InstanceModel()
        self.table = FittedTable(self.model, WIDTHS, most_rows=8)
        self.classes = QComboBox()
        self.status = SteadyLine()
        self.reason = ReasonLine()
        self.tools = ToolBar(session, keyboard)
        self.whole_class = QCheckBox("as a whole")
        self._build_buttons()
        self._build_table_buttons()
        self._build()
        self._connect()
        self._show_classes(session.state)
        self._show_instances(session.state)
        self._show_hand()

    def _build_buttons(self) -> None:
        session = self._session
        self.new = ActionButton(
            "New object", Action.DRAW, "Draw a new object of this class: press, then draw on it",
            lambda: self._try(session.begin_next),
        )  # fmt: skip
        self.correct = ActionButton(
            "Correct selected", Action.DRAW, "Correct the selected object with prompts",
            self._begin_correction,
        )  # fmt: skip
        self.add = ActionButton(
            "Add to selected", Action.DRAW, "Draw a part that the selected object lacks; Commit unites them",
            lambda: self._try(session.begin_part, Combination.ADDED),
        )  # fmt: skip
        self.take = ActionButton(
            "Take from selected", Action.DRAW,
            "Draw a part that does not belong to the selected object; Commit takes it away",
            lambda: self._try(session.begin_part, Combination.SUBTRACTED),
        )  # fmt: skip
        self.commit = ActionButton(
            "Commit", Action.COMMIT, "Keep the object as it is drawn; no run will change it",
            lambda: self._try(session.commit),
        )  # fmt: skip
        self.discard = ActionButton(
            "Discard", Action.DISCARD, "Leave the object; what was there before stays",
            lambda: self._try(session.discard),
        )  # fmt: skip

    def _build_table_buttons(self) -> None:
        session = self._session
        self.accept = ActionButton(
            "Accept", Action.REVIEW, "Lock the selected masks: no run will change them",
            lambda: session.accept_instances(*self._chosen_keys()),
        )  # fmt: skip
        self.accept_all = ActionButton(
            "Accept all", Action.REVIEW, "Lock every mask that is in the table",
            lambda: session.accept_instances(*self._all_keys()),
        )  # fmt: skip
        self.edges = ActionButton(
            "Refine edges", Action.REFINE_EDGES,
            "Move the outlines of the selected masks to where the colours of the image change;\n"
            "masks you answer for count as edited by you",
            lambda: self._try(session.refine_edges, *self._chosen_keys()),
        )  # fmt: skip
        self.delete = ActionButton(
            "Delete", Action.REVIEW, "Remove the selected masks; no run brings them back",
            lambda: session.delete_instances(*self._chosen_keys()),
        )  # fmt: skip
        self.merge = ActionButton(
            "Merge", Action.REVIEW, "Make one object of the selected masks of a class, on all planes",
            lambda: self._try(session.merge_instances, *self._chosen_keys()),
        )  # fmt: skip
        self.more = ActionButton(
            "Find more like this", Action.SEEK,
            "Take the accepted masks of this class as examples, and propose what looks like them on this\n"
            "plane. For what words do not describe: draw one or a few, then find the rest. What you deleted\n"
            "counts as what it is not; what is locked stays",
            lambda: self._try(session.seek),
        )  # fmt: skip

    def _show_keys(self) -> None:
        for button, text, shortcut in (
            (self.new, "New object", keys.NEXT),
            (self.add, "Add to selected", keys.ADD),
            (self.take, "Take from selected", keys.TAKE),
            (self.commit, "Commit", keys.COMMIT),
            (self.discard, "Discard", keys.DISCARD),
            (self.more, "Find more like this", keys.SEEK),
        ):
            button.setText(f"{text} ({self._keyboard.text_of(shortcut)})")

    def _build(self) -> None:
        self.classes.setAccessibleName("Class of new objects")
        self.classes.setToolTip("The class that a new object belongs to")
        self.whole_class.setToolTip(WHOLE_CLASS)
        self.table.setAccessibleName("Masks")
        self.table.setItemDelegateForColumn(CLASS, SwatchDelegate(self.table))
        self.table.setSortingEnabled(True)
        self.table.sortByColumn(SCORE, Qt.SortOrder.DescendingOrder)
        layout = column(self)
        of_class = row(QLabel("Class"), self.classes, self.whole_class)
        of_class.setStretch(1, 1)
        layout.addLayout(of_class)
        layout.addLayout(row(self.new, self.correct))
        layout.addLayout(row(self.add, self.take))
        layout.addWidget(self.reason)
        layout.addWidget(self.status)
        layout.addWidget(self.tools)
        layout.addLayout(row(self.commit, self.discard))
        layout.addWidget(self.table)
        layout.addLayout(row(self.accept, self.delete, self.merge))
        layout.addLayout(row(self.edges, self.accept_all))
        layout.addWidget(self.more)

    def _connect(self) -> None:
        session = self._session
        self.classes.activated.connect(lambda _: session.hand.choose(self.classes.currentText()))
        self.whole_class.toggled.connect(session.hand.draw_whole_class)
        self.table.selectionModel().selectionChanged.connect(self._on_selection_changed)
        self.table.doubleClicked.connect(lambda _: self.correct.click())
        self._add_key(QKeySequence("A"), self.accept.click)
        self._add_key(QKeySequence(QKeySequence.StandardKey.Delete), self.delete.click)
        self._listen(session.changed, self._on_session_changed)
        self._listen(session.source_changed, self._on_source_changed)
        self._listen(session.activity_changed, self._show_readiness)
        self._listen(session.hand.changed, self._show_hand)
        self._listen(self._keyboard.changed, self._show_keys)
        self._show_keys()

    def _add_key(self, key: QKeySequence, act: Callable[[], None]) -> None:
        shortcut = QShortcut(key, self.table)
        shortcut.setContext(Qt.ShortcutContext.WidgetShortcut)
        shortcut.activated.connect(act)

    def _on_session_changed(self, new: State, old: State) -> None:
        if new.vocabulary is not old.vocabulary:
            self._show_classes(new)
        if new.instances is not old.instances or new.vocabulary is not old.vocabulary:
            self._show_instances(new)
        self._show_hand()

    def _on_source_changed(self, _: object) -> None:
        self._show_instances(self._session.state)
        self._show_hand()

    def _show_classes(self, state: State) -> None:
        self.classes.clear()
        for target in state.vocabulary:
            self.classes.addItem(swatch(target.color), target.name)
        self.classes.setEnabled(self.classes.count() > 0)

    def _show_instances(self, state: State) -> None:
        self.model.show_state(state, self._plane)
        has_rows = self.model.rowCount() > 0
        for widget in (self.table, self.accept, self.delete, self.merge, self.edges, self.accept_all):
            widget.setVisible(has_rows)

    def _show_hand(self) -> None:
        hand, state = self._session.hand, self._session.state
        self.classes.setCurrentText(hand.class_in(state))
        self.whole_class.setChecked(hand.whole_class)
        self._select(hand.instance_in(state, self._plane))
        self._show_status(state.draft)
        self._show_readiness()

    def _select(self, instance: Instance | None) -> None:
        place = self.model.row_of(instance.key) if instance is not None else None
        if place is None or place in self.table.chosen_rows():
            return
        index = self.model.index(place, 0)
        flags = QItemSelectionModel.SelectionFlag
        self.table.selectionModel().setCurrentIndex(index, flags.ClearAndSelect | flags.Rows)
        self.table.scrollTo(index)

    def _show_status(self, draft: Draft | None) -> None:
        self.status.show_text("" if draft is None else _described(draft, self._session.hand.tool))

    def _show_readiness(self, *_: object) -> None:
        readiness = self._session.readiness
        chosen = self.table.chosen_rows()
        unchosen = "" if chosen else "Select a row of the table first."
        one = unchosen or ("" if len(chosen) == 1 else "Select one row only.")
        for button in (self.new, self.commit, self.discard, self.accept_all):
            button.show_readiness(readiness)
        for button in (self.correct, self.add, self.take):
            button.show_readiness(readiness, one)
        self.more.show_readiness(readiness)
        for button in (self.accept, self.delete, self.edges):
            button.show_readiness(readiness, unchosen)
        self.merge.show_readiness(
            readiness, "" if len(chosen) > 1 else "Select the rows of several masks first."
        )
        self.reason.show_readiness(readiness, [Action.DRAW])

    def _on_selection_changed(self) -> None:
        rows = self.table.chosen_rows()
        if len(rows) == 1:
            self._session.hand.choose(*self.model.row(rows[0]).thing)
        self._show_readiness()

    def _begin_correction(self) -> None:
        rows = self.table.chosen_rows()
        if len(rows) == 1:
            self._try(self._session.begin, *self.model.row(rows[0]).thing)

    @property
    def _plane(self) -> PlaneIndex:
        source = self._session.source
        return source.plane if source is not None else ()

    def _chosen_keys(self) -> list[InstanceKey]:
        return [self.model.row(r).key for r in self.table.chosen_rows()]

    def _all_keys(self) -> list[InstanceKey]:
        return [self.model.row(r).key for r in range(self.model.rowCount())]


def _described(draft: Draft, tool: Tool) -> str:
    what = _drawn(draft)
    if not draft.prompt.asks:
        return f"Drawing {what}: {HINTS[tool]}"
    if draft.mask is None or not draft.answered:
        return f"Drawing {what}…"
    return f"Drawing {what}: {draft.mask.area:,} px, confidence {draft.score:.2f}"


def _drawn(draft: Draft) -> str:
    thing = f"{draft.name} {draft.instance_id}"
    match draft.combination:
        case Combination.ADDED:
            return f"what {thing} lacks"
        case Combination.SUBTRACTED:
            return f"what does not belong to {thing}"
        case Combination.CLASS:
            return f"{draft.name} as a whole"
        case _:
            return thing if draft.instance_id else f"a new {draft.name}"
