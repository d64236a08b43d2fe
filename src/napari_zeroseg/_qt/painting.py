"""Delegates that paint words, bars and chips in the colours of the theme."""

from __future__ import annotations

from typing import TYPE_CHECKING

from qtpy.QtCore import QPointF, QRect, QRectF, QSize, Qt
from qtpy.QtGui import QColor, QFont, QIcon, QPainter, QPalette, QPixmap, QTextLayout
from qtpy.QtWidgets import QStyle, QStyledItemDelegate, QStyleOptionViewItem, QWidget

from napari_zeroseg._qt.rows_model import Index, Role

if TYPE_CHECKING:
    from collections.abc import Sequence

MARGIN = 4
FAINT = 0.65  # of the text's opacity, for what is read second


def ink(option: QStyleOptionViewItem, opacity: float = 1.0) -> QColor:
    """Return the colour of text on an item, at some opacity."""
    color = QColor(option.palette.color(QPalette.ColorRole.Text))
    color.setAlphaF(opacity)
    return color


def paint_ground(painter: QPainter, option: QStyleOptionViewItem) -> None:
    """Paint what lies under a selected item."""
    if option.state & QStyle.StateFlag.State_Selected:
        painter.fillRect(option.rect, option.palette.brush(QPalette.ColorRole.Highlight))


def paint_notice(widget: QWidget, stripe: int) -> None:
    """Paint the ground of a notice: a tint of the text's own colour, which fits every theme."""
    tint = widget.palette().color(QPalette.ColorRole.WindowText)
    painter = QPainter(widget)
    tint.setAlphaF(0.08)
    painter.fillRect(widget.rect(), tint)
    tint.setAlphaF(0.6)
    painter.fillRect(0, 0, stripe, widget.height(), tint)


def paint_text(painter: QPainter, rect: QRect, text: str, color: QColor, font: QFont) -> None:
    """Paint one line, cut with an ellipsis where it is too long."""
    painter.setFont(font)
    painter.setPen(color)
    cut = painter.fontMetrics().elidedText(text, Qt.TextElideMode.ElideRight, rect.width())
    painter.drawText(rect, Qt.AlignmentFlag.AlignVCenter | Qt.AlignmentFlag.AlignLeft, cut)


def paint_lines(painter: QPainter, rect: QRect, text: str, color: QColor, font: QFont) -> int:
    """Paint as many wrapped lines as fit, the last one cut where need be; return their height."""
    painter.setFont(font)
    painter.setPen(color)
    metrics = painter.fontMetrics()
    layout = QTextLayout(text, font)
    layout.beginLayout()
    top = 0
    while (line := layout.createLine()).isValid():
        line.setLineWidth(rect.width())
        rest = text[line.textStart() :]
        is_last = top + 2 * metrics.height() > rect.height()
        shown = rest if is_last else rest[: line.textLength()].rstrip()
        shown = metrics.elidedText(shown, Qt.TextElideMode.ElideRight, rect.width())
        painter.drawText(rect.left(), rect.top() + top + metrics.ascent(), shown)
        top += metrics.height()
        if is_last:
            break
    layout.endLayout()
    return top


def paint_chips(painter: QPainter, rect: QRect, texts: Sequence[str], color: QColor, font: QFont) -> None:
    """Paint words in rounded frames, side by side, as many as fit."""
    painter.setFont(font)
    metrics, left = painter.fontMetrics(), rect.left()
    frame = QColor(color)
    frame.setAlphaF(color.alphaF() * 0.5)
    for text in texts:
        width = min(metrics.horizontalAdvance(text) + 10, rect.right() - left)
        if width < 24:
            return
        chip = QRect(left, rect.top() + 1, width, rect.height() - 2)
        painter.setPen(frame)
        painter.drawRoundedRect(QRectF(chip).adjusted(0.5, 0.5, -0.5, -0.5), 6, 6)
        paint_text(painter, chip.adjusted(5, 0, -3, 0), text, color, font)
        left += width + 4


class ScoreDelegate(QStyledItemDelegate):
    """A number 0..1 as a figure over a bar."""

    def paint(self, painter: QPainter, option: QStyleOptionViewItem, index: Index) -> None:
        score = float(index.data(Role.DisplayRole))
        painter.save()
        paint_ground(painter, option)
        area = option.rect.adjusted(MARGIN, 0, -MARGIN, 0)
        middle = area.center().y()
        figure = QRect(area.left(), middle - 13, area.width(), 16)
        paint_text(painter, figure, f"{score:.2f}", ink(option), option.font)
        self._paint_bar(painter, option, QRectF(area.left(), middle + 5, area.width(), 4), score)
        painter.restore()

    def _paint_bar(self, painter: QPainter, option: QStyleOptionViewItem, rect: QRectF, score: float) -> None:
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(ink(option, 0.2))
        painter.drawRoundedRect(rect, 2, 2)
        painter.setBrush(ink(option, 0.8))
        rect.setWidth(rect.width() * min(max(score, 0.0), 1.0))
        painter.drawRoundedRect(rect, 2, 2)


class SwatchDelegate(QStyledItemDelegate):
    """A class colour as a round mark before the text."""

    def paint(self, painter: QPainter, option: QStyleOptionViewItem, index: Index) -> None:
        painter.save()
        paint_ground(painter, option)
        paint_swatch(painter, option.rect, index.data(Role.DecorationRole))
        text = option.rect.adjusted(MARGIN + 18, 0, -MARGIN, 0)
        paint_text(painter, text, index.data(Role.DisplayRole) or "", ink(option), option.font)
        painter.restore()

    def sizeHint(self, option: QStyleOptionViewItem, index: Index) -> QSize:
        return super().sizeHint(option, index) + QSize(18, 0)


def swatch(color: str) -> QIcon:
    """Return a round mark for the items of a menu."""
    pixmap = QPixmap(14, 14)
    pixmap.fill(QColor(0, 0, 0, 0))
    painter = QPainter(pixmap)
    painter.setRenderHint(QPainter.RenderHint.Antialiasing)
    painter.setPen(Qt.PenStyle.NoPen)
    painter.setBrush(QColor(color))
    painter.drawEllipse(1, 1, 12, 12)
    painter.end()
    return QIcon(pixmap)


def paint_swatch(painter: QPainter, rect: QRect, color: QColor) -> None:
    """Paint a round mark at the left of a cell."""
    painter.setRenderHint(QPainter.RenderHint.Antialiasing)
    painter.setPen(Qt.PenStyle.NoPen)
    painter.setBrush(color)
    painter.drawEllipse(QPointF(rect.left() + MARGIN + 7, rect.center().y() + 0.5), 6, 6)
