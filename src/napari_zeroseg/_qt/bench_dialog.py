"""Methods side by side on the present image: pictures, time, memory and overlap with one's own masks."""

from __future__ import annotations

from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from qtpy.QtWidgets import QDialog, QFileDialog, QPushButton, QVBoxLayout, QWidget

from napari_zeroseg._qt.action_button import ActionButton, ReasonLine
from napari_zeroseg._qt.activity_bar import ActivityBar
from napari_zeroseg._qt.linked_pictures import LinkedPictures, Picture
from napari_zeroseg._qt.outcome_model import OutcomeModel
from napari_zeroseg._qt.section import TextLine, column, row
from napari_zeroseg._qt.session_view import SessionView
from napari_zeroseg._qt.table import FittedTable
from napari_zeroseg.core.outcome import Outcome, table
from napari_zeroseg.core.tiles import placed
from napari_zeroseg.export.atomic import replacing
from napari_zeroseg.export.overlay import overlay
from napari_zeroseg.session.contest import contestants
from napari_zeroseg.session.readiness import Action
from napari_zeroseg.session.source import seen_at_once
from napari_zeroseg.session.workspace import explained

if TYPE_CHECKING:
    from collections.abc import Sequence

    from napari_zeroseg._qt.gui_thread import Background
    from napari_zeroseg.core.instance import Instance
    from napari_zeroseg.core.vocabulary import Vocabulary
    from napari_zeroseg.session.session import Session
    from napari_zeroseg.session.source import ImageSource

EMPTY = (
    "Tick methods and press Compare: each looks for the accepted classes on this image, and your layers "
    "stay as they are. Accept or draw some masks first to see how well each agrees with you."
)
SIDE = 1024
"""Largest side of a picture in pixels; larger images are shown shrunk."""


class BenchDialog(QDialog):
    """The window of :class:`BenchPanel`, which can stay open during the work."""

    def __init__(self, session: Session, background: Background, parent: QWidget) -> None:
        super().__init__(parent)
        self.setWindowTitle("ZeroSeg: compare methods")
        self.resize(900, 640)
        self.panel = BenchPanel(session, background)
        QVBoxLayout(self).addWidget(self.panel)


class BenchPanel(SessionView):
    """Choose methods, compare them, take the masks of the best.

    Parameters
    ----------
    session : Session
        On whose image methods are compared.
    background : Background
        Where the disk is looked at and pictures are drawn.
    """

    def __init__(self, session: Session, background: Background) -> None:
        super().__init__(session)
        self._background = background
        self.model = OutcomeModel()
        self.table = FittedTable(self.model, (0, 70, 70, 80, 60), most_rows=5)
        self.hint = TextLine(EMPTY)
        self.problems = TextLine()
        self.compare = ActionButton(
            "Compare", Action.COMPARE, "Run the ticked methods one after the other", self._on_compare
        )
        self.take = ActionButton(
            "Use these masks",
            Action.TAKE,
            "Propose what the selected method found, in place of the proposals on this plane.\n"
            "What you accepted or edited stays; undo leads back",
            self._on_take,
        )
        self.save = QPushButton("Save table…")
        self.save.setToolTip("Write the table as CSV, with the overlap of each class")
        self.reason = ReasonLine()
        self.activity = ActivityBar(session)
        self.pictures = LinkedPictures()
        self._build()
        self._connect()
        self._look_up()
        self._show_outcomes()

    def _build(self) -> None:
        self.table.setAccessibleName("Methods")
        layout = column(self)
        layout.addWidget(self.table)
        buttons = row(self.compare, self.take, self.save)
        buttons.addStretch(1)
        layout.addLayout(buttons)
        for widget in (self.reason, self.hint, self.problems, self.activity):
            layout.addWidget(widget)
        layout.addWidget(self.pictures, 1)

    def _connect(self) -> None:
        session = self._session
        self.save.clicked.connect(self._on_save)
        self.table.selectionModel().selectionChanged.connect(self._show_readiness)
        self._listen(session.compared_changed, self._show_outcomes)
        self._listen(session.refining.changed, self._look_up)
        for signal in (session.changed, session.source_changed, session.activity_changed):
            self._listen(signal, self._show_readiness)

    def _look_up(self) -> None:
        recipe = self._session.refining.recipe
        self._background.do(partial(contestants, recipe), self.model.show_contestants, self._on_problem)

    def _on_compare(self) -> None:
        self._try(self._session.compare_methods, self.model.chosen)

    def _on_take(self) -> None:
        outcome = self._selected()
        if outcome is not None:
            self._try(self._session.take_outcome, outcome)

    def _selected(self) -> Outcome | None:
        rows = self.table.chosen_rows()
        outcome = self.model.outcome(rows[0]) if len(rows) == 1 else None
        return None if outcome is None or outcome.problem else outcome

    def _on_save(self) -> None:
        path, _ = QFileDialog.getSaveFileName(self, "Save table", "methods.csv", "CSV (*.csv)")
        if path:
            self._try(write_table, Path(path), self._session.outcomes)

    def _show_outcomes(self) -> None:
        outcomes = self._session.outcomes
        self.model.show_outcomes(outcomes)
        self.hint.setVisible(not outcomes)
        self.problems.show_text("\n".join(f"{o.name} failed: {o.problem}" for o in outcomes if o.problem))
        self.save.setEnabled(bool(outcomes))
        self._show_readiness()
        self._draw(outcomes)

    def _show_readiness(self, *_: object) -> None:
        readiness = self._session.readiness
        self.compare.show_readiness(readiness)
        self.reason.show_readiness(readiness, [Action.COMPARE])
        self.take.show_readiness(readiness, "" if self._selected() else "Select a method that has run.")

    def _draw(self, outcomes: Sequence[Outcome]) -> None:
        source, state = self._session.compared_on, self._session.state
        if source is None or not outcomes:
            self.pictures.show_pictures([])
            return
        own = [i for i in state.on_plane(source.plane) if i.locked]
        work = partial(_pictures, source, state.vocabulary, own, [o for o in outcomes if not o.problem])
        self._background.do(work, partial(self._on_drawn, outcomes), self._on_problem)

    def _on_drawn(self, outcomes: Sequence[Outcome], pictures: Sequence[Picture]) -> None:
        if self._session.outcomes is outcomes:
            self.pictures.show_pictures(pictures)

    def _on_problem(self, problem: Exception) -> None:
        self._session.problem_raised.emit(explained(problem))


def write_table(path: Path, outcomes: Sequence[Outcome]) -> None:
    """Write what methods made of an image as CSV, whole or not at all.

    Raises
    ------
    ExportError
        When the file cannot be written.
    """
    with replacing(path) as part:
        part.write_text(table(outcomes), encoding="utf-8", newline="")


def _pictures(
    source: ImageSource, vocabulary: Vocabulary, own: Sequence[Instance], outcomes: Sequence[Outcome]
) -> list[Picture]:
    """Return the image with the person's own masks, and with those of each method; a large one shrunk."""
    plane = seen_at_once(source, None, 0, SIDE).pixels
    factor = (plane.shape[0] / source.shape[0], plane.shape[1] / source.shape[1])

    def drawn(title: str, instances: Sequence[Instance]) -> Picture:
        found = [placed(instance, (0, 0), factor) for instance in instances]
        return Picture(title, overlay(plane, vocabulary, found))

    return [drawn("Your masks" if own else "Image", own), *(drawn(o.name, o.instances) for o in outcomes)]
