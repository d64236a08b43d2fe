"""The clusters of FreeSeg-Diff, before they are masks: name, merge and split them."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from qtpy.QtCore import QItemSelection, QItemSelectionModel, QSignalBlocker
from qtpy.QtWidgets import QAbstractItemView, QComboBox, QPushButton, QTableWidget, QTableWidgetItem

from napari_zeroseg._qt.action_button import ActionButton, ReasonLine
from napari_zeroseg._qt.painting import swatch
from napari_zeroseg._qt.section import TextLine, column, row
from napari_zeroseg._qt.session_view import SessionView
from napari_zeroseg.core.method import Method
from napari_zeroseg.core.partition import color_of, same_clusters
from napari_zeroseg.session.readiness import Action

if TYPE_CHECKING:
    from collections.abc import Sequence

    from napari_zeroseg.core.partition import Partition
    from napari_zeroseg.session.session import Session
    from napari_zeroseg.session.state import State

BACKGROUND = "background"
ROW = 26
MOST_ROWS = 8
HEADERS = (
    ("Cluster", "Its colour over the image"),
    ("Size", "How much of the image it covers"),
    ("Shows", "The class that it is a part of; what is background gets no mask"),
)
SHOWS = 2
WIDTHS = (80, 60)
HINT = (
    "Click a cluster here or in the image, with Shift or Ctrl several. Only what shows a class gets a mask."
)


class ClusterPanel(SessionView):
    """Shown where the method is ``freeseg-diff`` or there are clusters; colours are those on the image."""

    def __init__(self, session: Session) -> None:
        super().__init__(session)
        self.part = ActionButton(
            "Find clusters",
            Action.PART,
            "See which places look alike, with a class suggested for each cluster, before any mask is drawn",
            lambda: self._try(session.find_clusters),
        )
        self.reason = ReasonLine()
        self.table = QTableWidget(0, len(HEADERS))
        self._build_table()
        self.hint = TextLine(HINT)
        self.merge = self._button(
            "Merge", "Make one cluster of the selected ones, with the name of the largest", self._on_merge
        )
        self.split = self._button(
            "Split", "Part the selected cluster in two, where it differs", self._on_split
        )
        self.draw = self._button(
            "Make masks",
            "Draw the named clusters to the edges of the image, in place of the proposals.\n"
            "What you accepted or edited stays as it is",
            lambda: self._try(session.draw_clusters),
        )
        self.drop = self._button("Drop", "Put the clusters away", lambda: self._try(session.drop_clusters))
        layout = column(self)
        for widget in (self.part, self.reason, self.table, self.hint):
            layout.addWidget(widget)
        layout.addLayout(row(self.merge, self.split, self.draw, self.drop))
        self.table.itemSelectionChanged.connect(self._on_rows_chosen)
        self._listen(session.clusters_chosen, self._show_chosen)
        self._listen(session.changed, self._on_session_changed)
        self._listen(session.activity_changed, self._show_readiness)
        self._listen(session.source_changed, self._show_readiness)
        self._listen(session.refining.changed, self._show_method)
        self._show_clusters()

    def _build_table(self) -> None:
        table, columns = self.table, self.table.horizontalHeader()
        for place, (title, teaches) in enumerate(HEADERS):
            header = QTableWidgetItem(title)
            header.setToolTip(teaches)
            table.setHorizontalHeaderItem(place, header)
        table.setAccessibleName("Clusters")
        table.verticalHeader().hide()
        table.setShowGrid(False)
        table.setSelectionBehavior(QAbstractItemView.SelectionBehavior.SelectRows)
        table.setEditTriggers(QAbstractItemView.EditTrigger.NoEditTriggers)
        table.setTabKeyNavigation(False)  # Tab leaves the table, as in a form
        columns.setHighlightSections(False)
        columns.setStretchLastSection(True)
        for place, width in enumerate(WIDTHS):
            table.setColumnWidth(place, width)

    def _button(self, text: str, teaches: str, pressed: object) -> QPushButton:
        button = QPushButton(text)
        button.setToolTip(teaches)
        button.clicked.connect(pressed)
        return button

    def _on_merge(self) -> None:
        self._try(self._session.merge_clusters, *self._session.chosen_clusters)

    def _on_split(self) -> None:
        self._try(self._session.split_cluster, *self._session.chosen_clusters)

    def _on_rows_chosen(self) -> None:
        self._session.choose_clusters(*{index.row() for index in self.table.selectedIndexes()})

    def _show_chosen(self) -> None:
        chosen = self._session.chosen_clusters
        if chosen != tuple(sorted({index.row() for index in self.table.selectedIndexes()})):
            with QSignalBlocker(self.table):
                self._select(chosen)
        self._show_buttons()

    def _select(self, numbers: Sequence[int]) -> None:
        rows = QItemSelection()
        model, last = self.table.model(), self.table.columnCount() - 1
        for number in numbers:
            rows.select(model.index(number, 0), model.index(number, last))
        self.table.selectionModel().select(rows, QItemSelectionModel.SelectionFlag.ClearAndSelect)
        if numbers:
            self.table.scrollTo(model.index(numbers[-1], 0))

    def _on_session_changed(self, new: State, old: State) -> None:
        if new.vocabulary is not old.vocabulary or not same_clusters(new.partition, old.partition):
            self._show_clusters()
        elif new.partition is not None and new.partition is not old.partition:
            self._show_names(new.partition)
        self._show_readiness()

    def _show_method(self) -> None:
        wanted = self._session.refining.recipe.method is Method.FREESEG_DIFF
        self.setVisible(wanted or self._session.state.partition is not None)

    def _show_readiness(self, *_: object) -> None:
        readiness = self._session.readiness
        self.part.show_readiness(readiness)
        self.reason.show_readiness(readiness, [Action.PART])
        self._show_buttons()

    def _show_buttons(self) -> None:
        ready, chosen = not self._session.readiness[Action.NAME_PARTS], len(self._session.chosen_clusters)
        self.merge.setEnabled(ready and chosen > 1)
        self.split.setEnabled(ready and chosen == 1)
        self.draw.setEnabled(ready)
        self.table.setEnabled(ready)

    def _show_clusters(self) -> None:
        partition = self._session.state.partition
        for widget in (self.table, self.hint, self.merge, self.split, self.draw, self.drop):
            widget.setVisible(partition is not None)
        with QSignalBlocker(self.table):
            self.table.setRowCount(0)  # a box that is replaced in its place stays in sight for a moment
            if partition is not None:
                self._fill(partition)
        self._show_method()
        self._show_chosen()
        self._show_readiness()

    def _fill(self, partition: Partition) -> None:
        self.table.setRowCount(len(partition))
        for number, share in enumerate(partition.shares):
            self.table.setItem(number, 0, QTableWidgetItem(swatch(color_of(number)), str(number + 1)))
            self.table.setItem(number, 1, QTableWidgetItem(f"{share:.0%}"))
            self.table.setCellWidget(number, SHOWS, self._names(number))
            self.table.setRowHeight(number, ROW)
        self._show_names(partition)
        header = self.table.horizontalHeader().sizeHint().height()
        self.table.setFixedHeight(
            header + ROW * min(len(partition), MOST_ROWS) + 2 * self.table.frameWidth() + 2
        )

    def _show_names(self, partition: Partition) -> None:
        for number, name in enumerate(partition.names):
            box = self.table.cellWidget(number, SHOWS)
            assert isinstance(box, QComboBox)
            box.setCurrentIndex(max(box.findData(name), 0))

    def _names(self, number: int) -> QComboBox:
        box = QComboBox()
        box.setAccessibleName(f"What cluster {number + 1} shows")
        box.addItem(BACKGROUND, None)
        for target in self._session.state.vocabulary:
            box.addItem(swatch(target.color), target.name, target.name)
        box.activated.connect(partial(self._on_named, number, box))
        return box

    def _on_named(self, number: int, box: QComboBox, _place: int) -> None:
        self._try(self._session.name_cluster, number, box.currentData())
