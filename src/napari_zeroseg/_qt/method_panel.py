"""Which method finds and draws the classes."""

from __future__ import annotations

from typing import TYPE_CHECKING

from qtpy.QtCore import Qt
from qtpy.QtWidgets import QComboBox

from napari_zeroseg._qt.section import TextLine, column
from napari_zeroseg._qt.session_view import SessionView
from napari_zeroseg.methods.choice import CHOICES

if TYPE_CHECKING:
    from napari_zeroseg.session.session import Session


class MethodPanel(SessionView):
    """Choose a method, and read when to use it."""

    def __init__(self, session: Session) -> None:
        super().__init__(session)
        self.method = QComboBox()
        self.method.setAccessibleName("Method")
        # a long title must not make the dock wider than its place
        self.method.setSizeAdjustPolicy(QComboBox.SizeAdjustPolicy.AdjustToMinimumContentsLengthWithIcon)
        self.method.setMinimumContentsLength(20)
        for place, (method, choice) in enumerate(CHOICES.items()):
            self.method.addItem(choice.title, method)
            self.method.setItemData(place, choice.teaches, Qt.ItemDataRole.ToolTipRole)
        self.teaches = TextLine()
        layout = column(self)
        layout.addWidget(self.method)
        layout.addWidget(self.teaches)
        self.method.activated.connect(self._on_method_chosen)
        self._listen(session.refining.changed, self._show)
        self._show()

    def _on_method_chosen(self, place: int) -> None:
        self._session.refining.choose_method(tuple(CHOICES)[place])

    def _show(self) -> None:
        method = self._session.refining.recipe.method
        self.method.setCurrentIndex(tuple(CHOICES).index(method))
        self.method.setToolTip(CHOICES[method].teaches)
        self.teaches.show_text(CHOICES[method].teaches.replace("\n", " "))
