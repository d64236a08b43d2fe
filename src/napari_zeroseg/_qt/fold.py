"""One line that opens to show what is behind it."""

from __future__ import annotations

from qtpy.QtCore import Qt
from qtpy.QtWidgets import QLayout, QSizePolicy, QToolButton, QWidget

from napari_zeroseg._qt.section import column, row

TEXT_WIDTH = 340  # px that a line of the dock has for its text
INDENT = 16


class Fold(QWidget):
    """A heading with an arrow, and content that it shows or hides.

    Parameters
    ----------
    content : QWidget
        Hidden at first.
    """

    def __init__(self, content: QWidget) -> None:
        super().__init__()
        self._content = content
        self.heading = QToolButton()
        self.heading.setCheckable(True)
        self.heading.setAutoRaise(True)
        self.heading.setToolButtonStyle(Qt.ToolButtonStyle.ToolButtonTextBesideIcon)
        self.heading.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Fixed)
        self.heading.toggled.connect(self._show)
        layout = column(self)
        layout.addWidget(self.heading)
        layout.addLayout(_indented(content))
        self._show(is_open=False)

    def show_heading(self, text: str, teaches: str) -> None:
        """Say in the heading what is chosen; the tooltip says it in full."""
        metrics = self.heading.fontMetrics()
        self.heading.setText(metrics.elidedText(text, Qt.TextElideMode.ElideRight, TEXT_WIDTH))
        self.heading.setAccessibleName(text)
        # a first line without a name that others gave keeps Qt from reading the tooltip as HTML
        self.heading.setToolTip(f"{teaches}\n\n{text}")

    def _show(self, is_open: bool) -> None:
        self.heading.setArrowType(Qt.ArrowType.DownArrow if is_open else Qt.ArrowType.RightArrow)
        self._content.setVisible(is_open)


def _indented(content: QWidget) -> QLayout:
    layout = row(content)
    layout.setContentsMargins(INDENT, 0, 0, 4)
    return layout
