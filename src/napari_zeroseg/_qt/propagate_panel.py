"""Carrying accepted objects through the planes of a stack or a film."""

from __future__ import annotations

from typing import TYPE_CHECKING

from qtpy.QtCore import QSignalBlocker
from qtpy.QtWidgets import QComboBox, QLabel, QSpinBox, QWidget

from napari_zeroseg._qt.action_button import ActionButton, ReasonLine
from napari_zeroseg._qt.fold import Fold
from napari_zeroseg._qt.section import TextLine, column, row
from napari_zeroseg._qt.session_view import SessionView
from napari_zeroseg.core.sequence import Kind, Row
from napari_zeroseg.session.propagating import doubtful, locked_things
from napari_zeroseg.session.readiness import Action
from napari_zeroseg.session.source import axis_name, kind_of_axis

if TYPE_CHECKING:
    from collections.abc import Sequence

    from napari_zeroseg.core.instance import Instance
    from napari_zeroseg.session.propagating import Thing
    from napari_zeroseg.session.session import Session
    from napari_zeroseg.session.source import ImageSource

SELECTED, OF_CLASS, ALL = "selected", "class", "all"
KINDS = {
    Kind.DEPTH: (
        "as depth",
        "Sections of bodies: they stay in place, get smaller towards their ends and vanish",
    ),
    Kind.TIME: ("as time", "Moments: things move, grow when they come near, and may be hidden for a while"),
}
WAYS = {
    "both ways": (1, -1),
    "forward": (1,),
    "back": (-1,),
}
TEACHES = (
    "Find the accepted objects on the other planes, under the same ids, up to where each one ends. "
    "What is found is proposed; accepted masks are never changed. Accept more planes of an object and "
    "carry it again where it goes wrong"
)


class PropagatePanel(SessionView):
    """Say what to carry where, carry it, and look at what is doubtful; hidden for single planes."""

    def __init__(self, session: Session) -> None:
        super().__init__(session)
        self.what = QComboBox()
        self.axis = QComboBox()
        self.kind = QComboBox()
        self.ways = QComboBox()
        self.first = QSpinBox()
        self.last = QSpinBox()
        self.reason = ReasonLine()
        self.state = TextLine()
        self._build_buttons()
        self._build()
        self._connect()
        self._show_source(session.source)

    def _build_buttons(self) -> None:
        self.carry = ActionButton("Carry", Action.CARRY, TEACHES, self._carry)
        self.before = ActionButton(
            "◀ Doubtful", Action.REVIEW, "Go back to the more doubtful plane of the selected object",
            lambda: self._visit(-1),
        )  # fmt: skip
        self.after = ActionButton(
            "Doubtful ▶", Action.REVIEW,
            "Go to the next doubtful plane of the selected object, the most doubtful one first",
            lambda: self._visit(1),
        )  # fmt: skip

    def _build(self) -> None:
        for widget, name, teaches in (
            (self.what, "What to carry", "Which accepted objects are followed"),
            (self.axis, "Along which axis", "The axis along which the objects are followed"),
            (self.kind, "What the axis is", KINDS[Kind.DEPTH][1]),
            (self.ways, "In which direction", "From the planes where the objects are accepted"),
            (self.first, "From plane", "The first plane to go to"),
            (self.last, "To plane", "The last plane to go to"),
        ):
            widget.setAccessibleName(name)
            widget.setToolTip(teaches)
        # the names of classes may be long
        self.what.setSizeAdjustPolicy(QComboBox.SizeAdjustPolicy.AdjustToMinimumContentsLengthWithIcon)
        for kind, (text, _) in KINDS.items():
            self.kind.addItem(text, kind)
        self.ways.addItems(list(WAYS))
        content = QWidget()
        layout = column(content)
        layout.addWidget(self.what)
        layout.addLayout(row(QLabel("along"), self.axis, self.kind, stretch_last=True))
        layout.addLayout(row(QLabel("from"), self.first, QLabel("to"), self.last))
        layout.addLayout(row(self.carry, self.ways))
        layout.addLayout(row(self.before, self.after))
        layout.addWidget(self.reason)
        layout.addWidget(self.state)
        self.fold = Fold(content)
        self.fold.show_heading("Carry to other planes", TEACHES)
        column(self).addWidget(self.fold)

    def _connect(self) -> None:
        session = self._session
        self.axis.activated.connect(self._on_axis_activated)
        self.kind.currentIndexChanged.connect(self._on_kind_changed)
        for changed in (self.what.activated, self.first.valueChanged, self.last.valueChanged):
            changed.connect(self._show_readiness)
        self._listen(session.changed, self._show_what)
        self._listen(session.source_changed, self._show_source)
        self._listen(session.activity_changed, self._show_readiness)
        self._listen(session.hand.changed, self._show_what)

    # what is shown

    def _show_source(self, source: ImageSource | None) -> None:
        axes = [axis for axis, size in enumerate(source.depth) if size > 1] if source is not None else []
        self.setVisible(bool(axes))
        names = {axis: axis_name(source, axis) for axis in axes} if source is not None else {}
        if names != {self.axis.itemData(i): self.axis.itemText(i) for i in range(self.axis.count())}:
            self.axis.clear()
            for axis, name in names.items():
                self.axis.addItem(name, axis)
            self._on_axis_activated()
        self._show_what()

    def _on_axis_activated(self) -> None:
        source, axis = self._session.source, self.axis.currentData()
        if source is None or axis is None:
            return
        size = source.depth[axis]
        for box, value in ((self.first, 0), (self.last, size - 1)):
            with QSignalBlocker(box):
                box.setRange(0, size - 1)
                box.setValue(value)
        self.kind.setCurrentIndex(self.kind.findData(kind_of_axis(source, axis)))
        self._show_readiness()

    def _on_kind_changed(self, _: int) -> None:
        self.kind.setToolTip(KINDS[self.kind.currentData()][1])

    def _show_what(self, *_: object) -> None:
        """Name the object and the class in hand in the first list."""
        hand, state = self._session.hand, self._session.state
        thing, name = hand.thing_in(state), hand.class_in(state)
        texts = {
            SELECTED: f"the selected object ({thing[0]} {thing[1]})" if thing else "the selected object",
            OF_CLASS: f"every accepted {name}" if name else "every accepted object of the class",
            ALL: "every accepted object",
        }
        chosen = self.what.currentData() or ALL
        if [self.what.itemText(i) for i in range(self.what.count())] != list(texts.values()):
            with QSignalBlocker(self.what):
                self.what.clear()
                for which, text in texts.items():
                    self.what.addItem(text, which)
                self.what.setCurrentIndex(self.what.findData(chosen))
        self._show_readiness()

    def _show_readiness(self, *_: object) -> None:
        readiness = self._session.readiness
        reason = "" if readiness[Action.CARRY] else self._unfit()
        self.carry.show_readiness(readiness, reason)
        self.reason.show_readiness({Action.CARRY: readiness[Action.CARRY] or reason}, [Action.CARRY])
        self._show_doubtful()

    def _show_doubtful(self) -> None:
        state = self._session.state
        thing = self._session.hand.thing_in(state)
        proposed = doubtful(state, *thing) if thing is not None else []
        none = "" if proposed else "The selected object has no proposed masks."
        for button in (self.before, self.after):
            button.show_readiness(self._session.readiness, none)
        self.state.show_text(_described(proposed))

    def _unfit(self) -> str:
        if self.first.value() >= self.last.value():
            return "Choose a range of at least two planes."
        if self.what.currentData() == SELECTED and self._session.hand.thing_in(self._session.state) is None:
            return "Select an object first: in the table, or with the pick tool of its layer."
        return "" if self._things() else "Nothing of that is accepted on these planes."

    # what a person does

    def _row(self) -> Row | None:
        source, axis = self._session.source, self.axis.currentData()
        if source is None or axis is None:
            return None
        return Row(source.plane, axis, self.first.value(), self.last.value(), Kind(self.kind.currentData()))

    def _things(self) -> tuple[Thing, ...]:
        """Return what is to be carried, as far as it is accepted in the row."""
        hand, state, along = self._session.hand, self._session.state, self._row()
        if along is None:
            return ()
        things = locked_things(state, along)
        if self.what.currentData() == SELECTED:
            return tuple(thing for thing in things if thing == hand.thing_in(state))
        if self.what.currentData() == OF_CLASS:
            return tuple(thing for thing in things if thing[0] == hand.class_in(state))
        return things

    def _carry(self) -> None:
        along, ways = self._row(), WAYS[self.ways.currentText()]
        if along is not None:
            self._try(lambda: self._session.propagate(
                *self._things(), axis=along.axis, first=along.first, last=along.last,
                kind=along.kind, directions=ways,
            ))  # fmt: skip

    def _visit(self, step: int) -> None:
        thing = self._session.hand.thing_in(self._session.state)
        if thing is not None:
            self._try(self._session.visit_doubtful, *thing, step)


def _described(proposed: Sequence[Instance]) -> str:
    """Say how much of an object is open, the most doubtful first."""
    if not proposed:
        return ""
    worst, planes = proposed[0], "one plane" if len(proposed) == 1 else f"{len(proposed)} planes"
    return f"{worst.name} {worst.id} is proposed on {planes}; the lowest score is {worst.score:.2f}."
