"""What went wrong or is worth saying, in place of modal boxes."""

from __future__ import annotations

from typing import TYPE_CHECKING

from qtpy.QtCore import Qt
from qtpy.QtGui import QPaintEvent
from qtpy.QtWidgets import QHBoxLayout, QLabel, QPushButton, QStyle, QVBoxLayout

from napari_zeroseg._qt.painting import paint_notice
from napari_zeroseg._qt.section import TextLine
from napari_zeroseg._qt.session_view import SessionView

if TYPE_CHECKING:
    from qtpy.QtWidgets import QWidget

    from napari_zeroseg.core.errors import ZeroSegError
    from napari_zeroseg.session.readiness import Activity
    from napari_zeroseg.session.session import Session

ICON_SIZE = 18
STRIPE = 3  # px


class MessageBar(SessionView):
    """The latest problem or notice, until it is dismissed or replaced; a new run makes a notice old."""

    def __init__(self, session: Session, parent: QWidget | None = None) -> None:
        super().__init__(session, parent)
        self._icon = QLabel()
        self._happened = TextLine()
        self._kept = TextLine()
        self._remedy = TextLine()
        font = self._happened.font()
        font.setBold(True)
        self._happened.setFont(font)
        self._build()
        self.hide()
        self._running = session.activity.running
        self._listen(session.problem_raised, self._on_problem_raised)
        self._listen(session.noticed, self._on_noticed)
        self._listen(session.activity_changed, self._on_activity_changed)

    def _build(self) -> None:
        dismiss = QPushButton("Dismiss")
        dismiss.setToolTip("Hide this message")
        dismiss.clicked.connect(self.hide)
        texts = QVBoxLayout()
        texts.setSpacing(2)
        for line in (self._happened, self._kept, self._remedy):
            line.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
            texts.addWidget(line)
        layout = QHBoxLayout(self)
        layout.setContentsMargins(8 + STRIPE, 8, 8, 8)
        layout.setSpacing(8)
        layout.addWidget(self._icon, 0, Qt.AlignmentFlag.AlignTop)
        layout.addLayout(texts, 1)
        layout.addWidget(dismiss, 0, Qt.AlignmentFlag.AlignTop)

    @property
    def text(self) -> str:
        """All that is shown, one line per sentence; empty while nothing is."""
        lines = (self._happened.text(), self._kept.text(), self._remedy.text())
        return "\n".join(t for t in lines if t) if not self.isHidden() else ""

    def paintEvent(self, _event: QPaintEvent) -> None:
        paint_notice(self, STRIPE)

    def _on_problem_raised(self, problem: ZeroSegError) -> None:
        self._show(QStyle.StandardPixmap.SP_MessageBoxWarning, problem.happened, problem.kept, problem.remedy)

    def _on_noticed(self, text: str) -> None:
        self._show(QStyle.StandardPixmap.SP_MessageBoxInformation, "", text, "")

    def _on_activity_changed(self, activity: Activity) -> None:
        if activity.running and not self._running and not self._happened.text():
            self.hide()
        self._running = activity.running

    def _show(self, icon: QStyle.StandardPixmap, happened: str, kept: str, remedy: str) -> None:
        self._icon.setPixmap(self.style().standardIcon(icon).pixmap(ICON_SIZE, ICON_SIZE))
        self._happened.show_text(happened)
        self._kept.show_text(kept)
        self._remedy.show_text(remedy)
        self.show()
