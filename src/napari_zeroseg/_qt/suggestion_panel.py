"""What the machine believes to be in the image, for a person to decide."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from qtpy.QtCore import QModelIndex, QRect, QRectF, Qt
from qtpy.QtGui import QColor, QFont, QKeySequence, QPainter, QShortcut
from qtpy.QtWidgets import QDoubleSpinBox, QStyle, QStyledItemDelegate, QStyleOptionViewItem, QWidget

from napari_zeroseg._qt.action_button import ActionButton, ReasonLine
from napari_zeroseg._qt.chips import ChipsLine
from napari_zeroseg._qt.painting import (
    FAINT,
    MARGIN,
    ScoreDelegate,
    ink,
    paint_chips,
    paint_ground,
    paint_lines,
    paint_swatch,
    paint_text,
)
from napari_zeroseg._qt.rows_model import Index, Role
from napari_zeroseg._qt.section import TextLine, column, row
from napari_zeroseg._qt.session_view import SessionView
from napari_zeroseg._qt.suggestion_model import (
    ACCEPT,
    CLASS,
    REJECT,
    SURE,
    WHY,
    CarriedRole,
    ChipsRole,
    ChosenRole,
    DetailRole,
    SuggestionModel,
    why,
)
from napari_zeroseg._qt.table import FittedTable
from napari_zeroseg.session.readiness import Action

if TYPE_CHECKING:
    from napari_zeroseg.session.session import Session
    from napari_zeroseg.session.state import State

WIDTHS = (108, 0, 46, 30, 30)
ROW_HEIGHT = 60
MOST_TAGS = 8
CHIP_HEIGHT = 18
NAME_HEIGHT = 36


class SuggestionPanel(SessionView):
    """Ask for suggestions, see why, accept and reject."""

    def __init__(self, session: Session) -> None:
        super().__init__(session)
        self.model = SuggestionModel()
        self.table = FittedTable(self.model, WIDTHS, most_rows=5, row_height=ROW_HEIGHT)
        self._caption = TextLine()
        self._tags = ChipsLine()
        self.reason = ReasonLine()
        self.why = TextLine()
        self.stale = TextLine()
        self._results = QWidget()
        self.threshold = self._built_threshold()
        self._build_buttons()
        self._build()
        self._connect()
        self._show(session.state)
        self._show_readiness()

    def _built_threshold(self) -> QDoubleSpinBox:
        spin = QDoubleSpinBox()
        spin.setRange(0.0, 1.0)
        spin.setSingleStep(0.05)
        spin.setValue(self._session.recipe.parameters.accept_threshold)
        spin.setAccessibleName("Least confidence")
        spin.setToolTip("The least confidence that 'Accept all above' accepts")
        return spin

    def _build_buttons(self) -> None:
        session = self._session
        self.suggest = ActionButton(
            "Suggest", Action.SUGGEST,
            "Look at the image and say which of the classes are in it, and why",
            lambda: self._try(session.suggest),
        )  # fmt: skip
        self.accept = ActionButton(
            "Accept (A)", Action.DECIDE, "Accept the selected classes: the next run draws them",
            lambda: self._decide(session.accept),
        )  # fmt: skip
        self.reject = ActionButton(
            "Reject (R)", Action.DECIDE, "Reject the selected classes: they are left out",
            lambda: self._decide(session.reject),
        )  # fmt: skip
        self.accept_all = ActionButton(
            "Accept all above", Action.DECIDE,
            "Accept every undecided class of at least this confidence",
            lambda: session.accept_above(self.threshold.value()),
        )  # fmt: skip

    def _build(self) -> None:
        self.table.setAccessibleName("Suggestions")
        self.table.setItemDelegateForColumn(CLASS, _NameDelegate(self.table))
        self.table.setItemDelegateForColumn(WHY, _ReasonDelegate(self.table))
        self.table.setItemDelegateForColumn(SURE, ScoreDelegate(self.table))
        for place in (ACCEPT, REJECT):
            self.table.setItemDelegateForColumn(place, _DecisionDelegate(self.table))
        self.table.setMouseTracking(True)
        results = column(self._results)
        results.addWidget(self._caption)
        results.addWidget(self._tags)
        results.addWidget(self.table)
        results.addWidget(self.why)
        results.addLayout(row(self.accept, self.reject))
        results.addLayout(row(self.accept_all, self.threshold))
        layout = column(self)
        for widget in (self.suggest, self.reason, self.stale, self._results):
            layout.addWidget(widget)

    def _connect(self) -> None:
        self.table.clicked.connect(self._on_table_clicked)
        self.table.selectionModel().selectionChanged.connect(self._show_readiness)
        for key, button in (("A", self.accept), ("R", self.reject)):
            shortcut = QShortcut(QKeySequence(key), self)
            shortcut.setContext(Qt.ShortcutContext.WidgetWithChildrenShortcut)
            shortcut.activated.connect(button.click)
        self._listen(self._session.changed, self._on_session_changed)
        self._listen(self._session.source_changed, self._show_readiness)
        self._listen(self._session.activity_changed, self._show_readiness)

    def _on_session_changed(self, new: State, old: State) -> None:
        shown = ("suggestions", "vocabulary", "tags", "caption")
        if any(getattr(new, part) is not getattr(old, part) for part in shown):
            self._show(new)
        self._show_readiness()

    def _show(self, state: State) -> None:
        self.model.show_state(state)
        self._caption.show_text(state.caption)
        self._tags.show_texts([t.text for t in state.tags[:MOST_TAGS]])
        self._results.setVisible(bool(state.suggestions))
        new = state.unsuggested_names if state.suggestions else ()
        self.stale.show_text(f"Not looked for yet: {', '.join(new)}. Press Suggest again." if new else "")
        if self.model.rowCount() and not self.table.chosen_rows():
            self.table.selectRow(0)

    def _show_readiness(self, *_: object) -> None:
        readiness = self._session.readiness
        self._show_why()
        unchosen = "" if self.table.chosen_rows() else "Select a row first."
        for button in (self.suggest, self.accept_all):
            button.show_readiness(readiness)
        for button in (self.accept, self.reject):
            button.show_readiness(readiness, unchosen)
        self.reason.show_readiness(readiness, [Action.SUGGEST])

    def _show_why(self) -> None:
        rows = self.table.chosen_rows()
        self.why.show_text(why(self.model.row(rows[0])) if len(rows) == 1 else "")

    def _decide(self, decide: Callable[..., None]) -> None:
        rows = self.table.chosen_rows()
        decide(*(self.model.row(r).name for r in rows))
        if len(rows) == 1 and rows[0] + 1 < self.model.rowCount():
            self.table.selectRow(rows[0] + 1)  # A, A, R: one key per class

    def _on_table_clicked(self, index: QModelIndex) -> None:
        if index.column() not in (ACCEPT, REJECT):
            return
        name = self.model.row(index.row()).name
        if index.data(ChosenRole) and not index.data(CarriedRole):
            self._session.reopen(name)
        elif index.column() == ACCEPT:
            self._session.accept(name)
        else:
            self._session.reject(name)


def _small(font: QFont) -> QFont:
    smaller = QFont(font)
    smaller.setPointSizeF(max(font.pointSizeF() - 1, 6))
    return smaller


class _NameDelegate(QStyledItemDelegate):
    """The class with its colour, and what was decided in words below it."""

    def paint(self, painter: QPainter, option: QStyleOptionViewItem, index: Index) -> None:
        painter.save()
        paint_ground(painter, option)
        area = option.rect.adjusted(0, 5, 0, 0)
        paint_swatch(painter, QRect(area.left(), area.top(), area.width(), CHIP_HEIGHT), _color(index))
        bold, small = QFont(option.font), _small(option.font)
        bold.setBold(True)
        name = QRect(area.left() + MARGIN + 18, area.top(), area.width() - MARGIN - 20, NAME_HEIGHT)
        used = paint_lines(painter, name, index.data(), ink(option), bold)
        decision = QRect(name.left(), name.top() + used, name.width(), CHIP_HEIGHT)
        paint_text(painter, decision, index.data(DetailRole), ink(option, FAINT), small)
        painter.restore()


def _color(index: Index) -> QColor:
    color = index.data(Role.DecorationRole)
    assert isinstance(color, QColor)
    return color


class _ReasonDelegate(QStyledItemDelegate):
    """Evidence as chips, and the reason below in up to two lines."""

    def paint(self, painter: QPainter, option: QStyleOptionViewItem, index: Index) -> None:
        painter.save()
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        paint_ground(painter, option)
        area = option.rect.adjusted(MARGIN, 5, -MARGIN, -3)
        font, chips = _small(option.font), index.data(ChipsRole)
        if chips:
            line = QRect(area.left(), area.top(), area.width(), CHIP_HEIGHT)
            paint_chips(painter, line, chips, ink(option), font)
            area.setTop(line.bottom() + 3)
        paint_lines(painter, area, index.data(DetailRole), ink(option, FAINT), font)
        painter.restore()


class _DecisionDelegate(QStyledItemDelegate):
    """A cell that looks and works like a button with a tick or a cross."""

    def paint(self, painter: QPainter, option: QStyleOptionViewItem, index: Index) -> None:
        painter.save()
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        paint_ground(painter, option)
        chosen = bool(index.data(ChosenRole))
        over = bool(option.state & QStyle.StateFlag.State_MouseOver)
        button = QRectF(option.rect.center().x() - 11, option.rect.center().y() - 12, 24, 24)
        painter.setPen(ink(option, 0.9 if chosen or over else 0.35))
        painter.setBrush(ink(option, 0.9) if chosen else Qt.BrushStyle.NoBrush)
        painter.drawRoundedRect(button, 4, 4)
        painter.setPen(option.palette.base().color() if chosen else ink(option))
        painter.drawText(button, Qt.AlignmentFlag.AlignCenter, index.data())
        painter.restore()
