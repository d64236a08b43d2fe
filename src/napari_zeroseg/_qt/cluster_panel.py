"""The clusters of FreeSeg-Diff, before they are masks: name, merge and split them."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from qtpy.QtGui import QColor
from qtpy.QtWidgets import QAbstractItemView, QComboBox, QPushButton, QTableWidget, QTableWidgetItem

from napari_zeroseg._qt.action_button import ActionButton, ReasonLine
from napari_zeroseg._qt.section import column, row
from napari_zeroseg._qt.session_view import SessionView
from napari_zeroseg.core.method import Method
from napari_zeroseg.core.partition import color_of
from napari_zeroseg.session.readiness import Action

if TYPE_CHECKING:
    from napari_zeroseg.core.partition import Partition
    from napari_zeroseg.session.session import Session
    from napari_zeroseg.session.state import State

BACKGROUND = "background"
ROW = 26
MOST_ROWS = 8


class ClusterPanel(SessionView):
    """Shown where the method is ``freeseg-diff``; the clusters lie over the image in the same colours."""

    def __init__(self, session: Session) -> None:
        super().__init__(session)
        self.part = ActionButton(
            "Find clusters",
            Action.PART,
            "See which places look alike, with a class suggested for each cluster, before any mask is drawn",
            lambda: self._try(session.find_clusters),
        )
        self.reason = ReasonLine()
        self.table = QTableWidget(0, 3)
        self.table.setHorizontalHeaderLabels(["Cluster", "Size", "Shows"])
        self.table.setAccessibleName("Clusters")
        self.table.verticalHeader().hide()
        self.table.horizontalHeader().setStretchLastSection(True)
        self.table.setSelectionBehavior(QAbstractItemView.SelectionBehavior.SelectRows)
        self.table.setEditTriggers(QAbstractItemView.EditTrigger.NoEditTriggers)
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
        for widget in (self.part, self.reason, self.table):
            layout.addWidget(widget)
        layout.addLayout(row(self.merge, self.split, self.draw, self.drop))
        self.table.itemSelectionChanged.connect(self._show_buttons)
        self._listen(session.changed, self._on_session_changed)
        self._listen(session.activity_changed, self._show_readiness)
        self._listen(session.source_changed, self._show_readiness)
        self._listen(session.refining.changed, self._show_method)
        self._show_clusters()
        self._show_method()

    def _button(self, text: str, teaches: str, pressed: object) -> QPushButton:
        button = QPushButton(text)
        button.setToolTip(teaches)
        button.clicked.connect(pressed)
        return button

    @property
    def _chosen(self) -> list[int]:
        return sorted({index.row() for index in self.table.selectedIndexes()})

    def _on_merge(self) -> None:
        self._try(self._session.merge_clusters, *self._chosen)

    def _on_split(self) -> None:
        self._try(self._session.split_cluster, self._chosen[0])

    def _on_session_changed(self, new: State, old: State) -> None:
        if new.partition is not old.partition or new.vocabulary is not old.vocabulary:
            self._show_clusters()
        self._show_readiness()

    def _show_method(self) -> None:
        self.setVisible(self._session.refining.recipe.method is Method.FREESEG_DIFF)

    def _show_readiness(self, *_: object) -> None:
        readiness = self._session.readiness
        self.part.show_readiness(readiness)
        self.reason.show_readiness(readiness, [Action.PART])
        self._show_buttons()

    def _show_buttons(self) -> None:
        ready, chosen = not self._session.readiness[Action.NAME_PARTS], len(self._chosen)
        self.merge.setEnabled(ready and chosen > 1)
        self.split.setEnabled(ready and chosen == 1)
        self.draw.setEnabled(ready)
        self.table.setEnabled(ready)

    def _show_clusters(self) -> None:
        partition = self._session.state.partition
        for widget in (self.table, self.merge, self.split, self.draw, self.drop):
            widget.setVisible(partition is not None)
        self.table.setRowCount(0 if partition is None else len(partition))
        if partition is not None:
            self._fill(partition)
        self._show_readiness()

    def _fill(self, partition: Partition) -> None:
        for number, share in enumerate(partition.shares):
            swatch = QTableWidgetItem(str(number + 1))
            swatch.setBackground(QColor(color_of(number)))
            swatch.setForeground(QColor("black"))
            self.table.setItem(number, 0, swatch)
            self.table.setItem(number, 1, QTableWidgetItem(f"{share:.0%}"))
            self.table.setCellWidget(number, 2, self._names(partition, number))
            self.table.setRowHeight(number, ROW)
        self.table.setFixedHeight(ROW * (min(len(partition), MOST_ROWS) + 1) + 8)

    def _names(self, partition: Partition, number: int) -> QComboBox:
        box = QComboBox()
        box.setAccessibleName(f"What cluster {number + 1} shows")
        box.addItem(BACKGROUND, None)
        for name in self._session.state.vocabulary.names:
            box.addItem(name, name)
        box.setCurrentIndex(max(box.findData(partition.names[number]), 0))
        box.activated.connect(partial(self._on_named, number, box))
        return box

    def _on_named(self, number: int, box: QComboBox, _place: int) -> None:
        self._try(self._session.name_cluster, number, box.currentData())
