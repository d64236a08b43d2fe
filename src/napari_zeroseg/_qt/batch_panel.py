"""A batch in the window: choose, start, watch, look at what failed, open images to correct them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

from qtpy.QtCore import QSize, Qt, QUrl, Signal
from qtpy.QtGui import QDesktopServices, QDragEnterEvent, QDropEvent, QKeyEvent, QMouseEvent
from qtpy.QtWidgets import QAbstractItemView, QComboBox, QPushButton, QSizePolicy, QVBoxLayout, QWidget

from napari_zeroseg._qt.batch_form import BatchForm
from napari_zeroseg._qt.batch_model import FOUND, IMAGE, STATUS_TEXT, BatchModel, StatusFilter
from napari_zeroseg._qt.meter import Meter
from napari_zeroseg._qt.section import GAP, TextLine, row
from napari_zeroseg._qt.table import FittedTable
from napari_zeroseg.batch.choice import NO_FOLDER
from napari_zeroseg.batch.desk import NONE_FAILED, RUNNING
from napari_zeroseg.core.errors import ZeroSegError

if TYPE_CHECKING:
    from napari_zeroseg.batch.desk import BatchDesk, Line
    from napari_zeroseg.batch.run import Summary

INTRODUCTION = (
    "Does to all images of a folder what you set for the one in this window. Get one image right first; "
    "then choose the folder below, or drop it here."
)
TO_CORRECT = "Double click or Enter opens an image for correction. Start then takes in what you corrected."
START = "Do all images that are new, changed, corrected or failed; what is done is not done again"
CANCEL = "Stop. What is done stays, and Start goes on from there"
RETRY = "Do the images that failed once more, and no others"
OPEN = "Open the selected image in this window with its masks, to correct them (Enter)"
REPORT = "Skim through all results in the browser"


class ImageTable(FittedTable):
    """Emits ``chosen`` when a row is double clicked, or Enter is pressed on it."""

    chosen = Signal()

    def keyPressEvent(self, event: QKeyEvent) -> None:
        if event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter):
            self.chosen.emit()
        else:
            super().keyPressEvent(event)

    def mouseDoubleClickEvent(self, event: QMouseEvent) -> None:
        super().mouseDoubleClickEvent(event)
        if self.indexAt(event.position().toPoint()).isValid():
            self.chosen.emit()


class BatchPanel(QWidget):
    """The view of a desk.

    Parameters
    ----------
    desk : BatchDesk
        What is shown.
    """

    correction_wanted = Signal(object)
    """The Path of an image."""

    def __init__(self, desk: BatchDesk) -> None:
        super().__init__()
        self._desk = desk
        self.form = BatchForm(desk)
        self.start = _button("Start", self._on_start_clicked)
        self.cancel = _button("Cancel", desk.cancel)
        self.retry = _button("Retry failed", self._on_retry_clicked)
        self.reason = TextLine()
        self.problem = TextLine()
        self.meter = Meter()
        self.state = TextLine()
        self.model = BatchModel()
        self.shown = StatusFilter(self.model)
        self.table = ImageTable(self.shown, (130, 80, 60, 0))
        self.filter = QComboBox()
        self.open = _button("Open to correct", self._on_open_asked)
        self.report = _button("Open report", self._on_report_clicked)
        self._build()
        self._connect()
        self._on_listed()
        self._show()

    def _build(self) -> None:
        self.setAcceptDrops(True)
        # napari keeps the room below for itself otherwise
        self.setSizePolicy(QSizePolicy.Policy.Preferred, QSizePolicy.Policy.Expanding)
        self._build_table()
        self.filter.setAccessibleName("Which images the table shows")
        self.filter.setToolTip("Show images of one state only")
        self.filter.addItem("All images", None)
        for status, text in STATUS_TEXT.items():
            self.filter.addItem(f"{text.strip('✓ ').capitalize()} only", status)
        self.problem.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(8, 6, 8, 6)
        layout.setSpacing(GAP)
        self.introduction = TextLine(INTRODUCTION)
        self.hint = TextLine(TO_CORRECT)
        self.detail = TextLine()
        self.detail.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
        layout.addWidget(self.introduction)
        layout.addWidget(self.form)
        layout.addLayout(row(self.start, self.cancel, self.retry))
        for widget in (self.reason, self.problem, self.meter, self.state):
            layout.addWidget(widget)
        layout.addWidget(self.table, 1)
        layout.addWidget(self.detail)
        layout.addWidget(self.hint)
        layout.addLayout(row(self.filter, self.open, self.report))

    def _build_table(self) -> None:
        self.table.setAccessibleName("Images of the batch")
        self.table.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Expanding)
        self.table.setSelectionMode(QAbstractItemView.SelectionMode.SingleSelection)
        self.table.setSortingEnabled(True)
        self.table.sortByColumn(IMAGE, Qt.SortOrder.AscendingOrder)

    def _connect(self) -> None:
        desk = self._desk
        desk.changed.connect(self._show)
        desk.listed.connect(self._on_listed)
        desk.line_changed.connect(self._on_line_changed)
        desk.problem_raised.connect(self.show_problem)
        self.filter.currentIndexChanged.connect(lambda _: self.shown.show_status(self.filter.currentData()))
        self.table.chosen.connect(self._on_open_asked)
        self.table.selectionModel().selectionChanged.connect(lambda *_: self._show_buttons())

    def release(self) -> None:
        """Stop listening; the desk may outlive the view."""
        desk = self._desk
        for signal, slot in (
            (desk.changed, self._show), (desk.listed, self._on_listed),
            (desk.line_changed, self._on_line_changed), (desk.problem_raised, self.show_problem),
        ):  # fmt: skip
            signal.disconnect(slot, missing_ok=True)

    def sizeHint(self) -> QSize:
        return QSize(400, 760)

    # what is shown

    def _on_listed(self) -> None:
        self.model.show_lines(self._desk.lines, self._desk.choice.folder)

    def _on_line_changed(self, number: int) -> None:
        self.model.show_line(number, self._desk.lines[number])

    def show_problem(self, problem: ZeroSegError) -> None:
        """Say what went wrong, until something else is begun."""
        self.problem.show_text(str(problem))

    def _show(self) -> None:
        self.form.show_choice()
        self.introduction.setVisible(self._desk.choice.folder is None)
        self._show_progress()
        self._show_buttons()

    def _show_progress(self) -> None:
        pace = self._desk.pace if self._desk.running else None
        self.meter.setVisible(pace is not None)
        if pace is not None:
            self.meter.show_progress(pace.done, pace.total, f"{pace.done:,} of {pace.total:,}")
        self.state.show_text(self._state())

    def _state(self) -> str:
        desk = self._desk
        if desk.stopping:
            return "Stopping. What is done stays."
        if desk.running:
            return desk.pace.in_words if desk.pace is not None else "The workers are starting."
        if desk.summary is not None:
            return _told(desk.summary)
        if desk.looking:
            return "Looking for images."
        return _counted(Counter(line.status for line in desk.lines))

    def _show_buttons(self) -> None:
        desk = self._desk
        obstacle = desk.obstacle
        _show_reason(self.start, START, obstacle)
        _show_reason(self.retry, RETRY, obstacle or ("" if desk.failed else NONE_FAILED))
        _show_reason(
            self.cancel, CANCEL, "" if desk.running and not desk.stopping else "No batch is running."
        )
        _show_reason(self.report, REPORT, "" if desk.report else "There is no report yet.")
        selected = self._selected()
        _show_reason(self.open, OPEN, "" if selected else "Select an image in the table.")
        self.detail.show_text(selected.problem if selected else "")
        self.reason.show_text("" if obstacle in (RUNNING, NO_FOLDER) or desk.looking else obstacle)
        self.hint.setVisible(bool(desk.lines))

    # what a person does

    def _on_start_clicked(self) -> None:
        self._try(self._desk.start)

    def _on_retry_clicked(self) -> None:
        self._try(self._desk.retry)

    def _try(self, action: Callable[[], object]) -> None:
        self.problem.show_text("")
        try:
            action()
        except ZeroSegError as problem:
            self.show_problem(problem)

    def _selected(self) -> Line | None:
        rows = self.table.chosen_rows()
        if len(rows) != 1:
            return None
        return self.model.row(self.shown.mapToSource(self.shown.index(rows[0], FOUND)).row())

    def _on_open_asked(self) -> None:
        selected = self._selected()
        if selected is not None:
            self.correction_wanted.emit(selected.path)

    def _on_report_clicked(self) -> None:
        if self._desk.report is not None:
            QDesktopServices.openUrl(QUrl.fromLocalFile(str(self._desk.report)))

    def dragEnterEvent(self, event: QDragEnterEvent) -> None:
        # what is dropped here is for the batch; elsewhere in the window napari opens it
        if _dropped(event) is not None and not self._desk.running:
            event.acceptProposedAction()

    def dropEvent(self, event: QDropEvent) -> None:
        path = _dropped(event)
        if path is not None:
            event.acceptProposedAction()
            self._desk.choose(**_meant(path))


def _dropped(event: QDropEvent) -> Path | None:
    local = [url.toLocalFile() for url in event.mimeData().urls() if url.isLocalFile()]
    return Path(local[0]) if local else None


def _meant(path: Path) -> dict[str, Any]:
    """Return a folder that was dropped, or that of an image with the names of its kind."""
    if path.is_dir() and path.suffix != ".zarr":
        return {"folder": path}
    return {"folder": path.parent, "names": f"*{path.suffix}"}


def _button(text: str, pressed: Callable[[], object]) -> QPushButton:
    button = QPushButton(text)
    button.clicked.connect(lambda: pressed())
    return button


def _show_reason(button: QPushButton, teaches: str, reason: str) -> None:
    """Enable a button, or disable it and say why."""
    button.setEnabled(not reason)
    tip = f"{teaches}\n\nNot now: {reason}" if reason else teaches
    if tip != button.toolTip():  # Qt tells every filter of events of it, also where it is the same
        button.setToolTip(tip)


def _told(summary: Summary) -> str:
    corrected = f", {summary.corrected} of them corrected by hand" if summary.corrected else ""
    before = f" {summary.skipped} were done before." if summary.skipped else ""
    left = f" Stopped: {summary.left} are left, and Start goes on with them." if summary.left else ""
    return f"{summary.done} images done{corrected}, {summary.failed} failed.{before}{left}"


def _counted(states: Counter[str]) -> str:
    if not states:
        return ""
    parts = [f"{count:,} {STATUS_TEXT[status].strip('✓ ')}" for status, count in states.items()]
    return f"{sum(states.values()):,} images: {', '.join(parts)}."
