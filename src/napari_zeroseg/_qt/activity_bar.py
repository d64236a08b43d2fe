"""What the models are doing, with a Cancel that is always in sight."""

from __future__ import annotations

from typing import TYPE_CHECKING

from qtpy.QtWidgets import QLabel, QProgressBar

from napari_zeroseg._qt.action_button import ActionButton
from napari_zeroseg._qt.section import column, row
from napari_zeroseg._qt.session_view import SessionView
from napari_zeroseg.session.readiness import Action

if TYPE_CHECKING:
    from napari_zeroseg.session.readiness import Activity
    from napari_zeroseg.session.session import Session


class ActivityBar(SessionView):
    """Stage, progress and Cancel of the run that is going on."""

    def __init__(self, session: Session) -> None:
        super().__init__(session)
        self.stage = QLabel()
        self._progress = QProgressBar()
        self._progress.setTextVisible(False)
        self._progress.setFixedHeight(10)
        self.cancel = ActionButton(
            "Cancel",
            Action.CANCEL,
            "Stop; what the run had found is taken back",
            lambda: self._try(session.cancel),
        )
        layout = column(self)
        layout.addLayout(row(self.cancel, self.stage, stretch_last=True))
        layout.addWidget(self._progress)
        self._listen(session.activity_changed, self._show)
        self._listen(session.preparing_changed, self._show_preparing)
        self._show(session.activity)

    def _show_preparing(self, preparing: Activity) -> None:
        """Show what is done while nothing is asked for; the next click ends it by itself."""
        if not self._session.activity.running:
            self._show(preparing)
            self.cancel.setVisible(False)

    def _show(self, activity: Activity) -> None:
        self.cancel.setVisible(True)
        self.setVisible(activity.running)
        counted = f" ({activity.done} of {activity.total})" if activity.total else ""
        self.stage.setText(f"{activity.text}{counted}" if activity.running else "")
        # a range of nothing moves to and fro: work without a known end
        self._progress.setRange(0, activity.total)
        self._progress.setValue(activity.done)
        self.cancel.show_readiness(self._session.readiness)
