"""A table that is as tall as its rows, up to a limit."""

from __future__ import annotations

from qtpy.QtCore import QAbstractItemModel, QSize
from qtpy.QtWidgets import QAbstractItemView, QHeaderView, QSizePolicy, QTableView

ROW_HEIGHT = 24


class FittedTable(QTableView):
    """Rows are selected whole; the last columns are never cut off.

    Parameters
    ----------
    model : QAbstractItemModel
        What is shown.
    widths : tuple of int
        Column widths in pixels; a column of width 0 takes what is left.
    most_rows : int
        More rows than this are scrolled.
    row_height : int
        In pixels.
    """

    def __init__(
        self,
        model: QAbstractItemModel,
        widths: tuple[int, ...],
        *,
        most_rows: int = 7,
        row_height: int = ROW_HEIGHT,
    ) -> None:
        super().__init__()
        self._most_rows = most_rows
        self.setModel(model)
        self.setShowGrid(False)
        self.setWordWrap(False)
        self.setSelectionBehavior(QAbstractItemView.SelectionBehavior.SelectRows)
        self.setVerticalScrollMode(QAbstractItemView.ScrollMode.ScrollPerPixel)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        self.setTabKeyNavigation(False)  # Tab leaves the table, as in a form
        self._build_headers(widths, row_height)
        for signal in (model.modelReset, model.rowsInserted, model.rowsRemoved):
            signal.connect(self.updateGeometry)

    def _build_headers(self, widths: tuple[int, ...], row_height: int) -> None:
        rows = self.verticalHeader()
        rows.hide()
        rows.setSectionResizeMode(QHeaderView.ResizeMode.Fixed)
        rows.setDefaultSectionSize(row_height)
        columns = self.horizontalHeader()
        columns.setHighlightSections(False)
        columns.setMinimumSectionSize(20)
        for index, width in enumerate(widths):
            if width:
                columns.setSectionResizeMode(index, QHeaderView.ResizeMode.Interactive)
                columns.resizeSection(index, width)
            else:
                columns.setSectionResizeMode(index, QHeaderView.ResizeMode.Stretch)

    def sizeHint(self) -> QSize:
        rows = min(max(self.model().rowCount(), 1), self._most_rows)
        height = self.horizontalHeader().sizeHint().height()
        height += rows * self.verticalHeader().defaultSectionSize() + 2 * self.frameWidth() + 2
        return QSize(300, height)

    def minimumSizeHint(self) -> QSize:
        return QSize(200, self.sizeHint().height())

    def chosen_rows(self) -> list[int]:
        """Return the selected rows in rising order."""
        return sorted(index.row() for index in self.selectionModel().selectedRows())
