"""Looking through the masks of all images and planes, those that are most likely wrong first."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from qtpy.QtCore import Qt
from qtpy.QtGui import QKeySequence, QShortcut
from qtpy.QtWidgets import QComboBox, QPushButton, QWidget

from napari_zeroseg._qt.action_button import ActionButton, ReasonLine
from napari_zeroseg._qt.instance_model import STATE_TEXT
from napari_zeroseg._qt.meter import Meter
from napari_zeroseg._qt.section import TextLine, column, row
from napari_zeroseg._qt.session_view import SessionView
from napari_zeroseg.session.queue import Selection, Standing
from napari_zeroseg.session.readiness import Action

if TYPE_CHECKING:
    from napari_zeroseg.session.queue import Review, Subject
    from napari_zeroseg.session.session import Session
    from napari_zeroseg.session.state import State

ALL_CLASSES = "All classes"
STANDINGS = {
    Standing.PROPOSED: "Proposed",
    Standing.LOCKED: "Accepted and edited",
    Standing.ALL: "All masks",
}
TEACHES = "Go from mask to mask over all planes and open images, those that are most likely wrong first"


class ReviewPanel(SessionView):
    """Start a review, see one mask after the other and why it is doubtful, decide with one key."""

    def __init__(self, session: Session) -> None:
        super().__init__(session)
        self.classes = QComboBox()
        self.standings = QComboBox()
        self.reason = ReasonLine()
        self.progress = Meter()
        self.place = TextLine()
        self.present = TextLine()
        self.doubts = TextLine()
        self._build_buttons()
        self._build()
        self._connect()
        self._show_classes(session.state)
        self._show_review()

    def _build_buttons(self) -> None:
        session = self._session
        self.start = ActionButton("Start review", Action.START_REVIEW, TEACHES, self._start)
        self.stop = QPushButton("Stop")
        self.stop.setToolTip("End the review; what you decided stays")
        self.stop.clicked.connect(session.stop_review)
        self.accept = self._judging("Accept (A)", "Lock this mask and go on", session.accept_reviewed)
        self.reject = self._judging(
            "Reject (R)", "Delete this mask and go on; no run brings it back", session.reject_reviewed
        )
        self.edit = self._judging(
            "Edit (E)", "Correct this mask with clicks; Commit (C) goes on", session.edit_reviewed
        )
        self.previous = ActionButton(
            "← Previous", Action.STEP, "Look at the mask before (Left)",
            lambda: self._try(session.previous_reviewed),
        )  # fmt: skip
        self.next = ActionButton(
            "Next →", Action.STEP, "Leave this mask as it is and look at the next one (Right)",
            lambda: self._try(session.next_reviewed),
        )  # fmt: skip

    def _judging(self, text: str, teaches: str, act: Callable[[], None]) -> ActionButton:
        return ActionButton(text, Action.JUDGE, teaches, lambda: self._try(act))

    def _build(self) -> None:
        self.classes.setAccessibleName("Class to review")
        self.classes.setToolTip("Review the masks of this class only")
        self.standings.setAccessibleName("State of the masks to review")
        self.standings.setToolTip("Review what nobody has decided on yet, what is locked, or everything")
        for standing, text in STANDINGS.items():
            self.standings.addItem(text, standing)
        self._active = QWidget()
        inner = column(self._active)
        inner.addWidget(self.progress)
        for line in (self.place, self.present, self.doubts):
            inner.addWidget(line)
        inner.addLayout(row(self.accept, self.reject, self.edit))
        inner.addLayout(row(self.previous, self.next, self.stop))
        layout = column(self)
        layout.addLayout(row(self.classes, self.standings))
        layout.addWidget(self.start)
        layout.addWidget(self.reason)
        layout.addWidget(self._active)

    def _connect(self) -> None:
        session = self._session
        self.classes.activated.connect(self._on_selection_chosen)
        self.standings.activated.connect(self._on_selection_chosen)
        for key, button in (
            ("A", self.accept), ("R", self.reject), ("E", self.edit),
            ("Left", self.previous), ("Right", self.next),
        ):  # fmt: skip
            self._add_key(key, button.click)
        self._listen(session.changed, self._on_session_changed)
        self._listen(session.source_changed, self._show_review)
        self._listen(session.activity_changed, self._show_readiness)
        self._listen(session.review_changed, self._show_review)

    def _add_key(self, key: str, act: Callable[[], None]) -> None:
        shortcut = QShortcut(QKeySequence(key), self._active)
        shortcut.setContext(Qt.ShortcutContext.WidgetWithChildrenShortcut)
        shortcut.activated.connect(act)

    # what is reviewed

    @property
    def selection(self) -> Selection:
        """What the two lists say."""
        name = self.classes.currentText() if self.classes.currentIndex() > 0 else ""
        return Selection(name, Standing(self.standings.currentData()))

    def _start(self) -> None:
        self._try(self._session.start_review, self.selection)

    def _on_selection_chosen(self, _: int) -> None:
        # another choice while a review goes on is another review
        if self._session.review is not None:
            self._start()
        self._show_readiness()

    def _show_classes(self, state: State) -> None:
        chosen = self.classes.currentText()
        self.classes.clear()
        self.classes.addItems([ALL_CLASSES, *state.vocabulary.names])
        self.classes.setCurrentText(chosen)

    def _on_session_changed(self, new: State, old: State) -> None:
        if new.vocabulary is not old.vocabulary:
            self._show_classes(new)
        self._show_review()

    # where it stands

    def _show_review(self, *_: object) -> None:
        review = self._session.review
        self._active.setVisible(review is not None)
        if review is not None:
            done, total = len(review.decided), len(review.subjects)
            self.progress.show_progress(done, total, f"{done} of {total} decided")
            self.place.show_text(_place(review))
            self._show_subject(review.present)
        self._show_readiness()

    def _show_subject(self, subject: Subject | None) -> None:
        instance = self._session.reviewed_instance()
        if subject is None or instance is None:
            self.present.show_text("")
            self.doubts.show_text("")
            return
        name = self._session.image_name(subject.image)
        plane = f", plane {', '.join(map(str, subject.plane))}" if subject.plane else ""
        self.present.show_text(
            f"{subject.key.name} {subject.key.id}, score {instance.score:.2f}, {STATE_TEXT[instance.state]}\n"
            f"in {name}{plane}"
        )
        said = subject.reasons or ("nothing speaks against it",)
        self.doubts.show_text("\n".join(f"• {reason}" for reason in said))

    def _show_readiness(self, *_: object) -> None:
        readiness = self._session.readiness
        selected = self._session.count_to_review(self.selection)
        review = self._session.review
        goes_on = review is not None and not review.finished
        self.start.setVisible(not goes_on)
        self.start.setText(f"Review {selected} masks" if selected else "Start review")
        none_such = "" if selected else "No mask is of this class and state."
        self.start.show_readiness(readiness, none_such)
        for button in (self.accept, self.reject, self.edit, self.previous, self.next):
            button.show_readiness(readiness)
        self.reason.show_text("" if review is not None else readiness[Action.START_REVIEW] or none_such)


def _place(review: Review) -> str:
    total = len(review.subjects)
    if review.finished:
        gone = len(review.gone)
        return f"Done: all {total} masks are decided, {gone} of them rejected. Undo goes back."
    return f"{review.position + 1} of {total}"
