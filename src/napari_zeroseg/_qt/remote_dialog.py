"""Which server computes for this machine, and which of its models do what."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from qtpy.QtCore import Qt
from qtpy.QtWidgets import QComboBox, QDialog, QFormLayout, QHBoxLayout, QLineEdit, QPushButton, QWidget

from napari_zeroseg._qt.section import TextLine, column
from napari_zeroseg.core.cancellation import Cancellation, cancelled_by
from napari_zeroseg.core.errors import ZeroSegError
from napari_zeroseg.session.model_files import VISION_ROLES, chosen
from napari_zeroseg.session.remote_models import (
    Offered,
    ask_offers,
    earlier_servers,
    keep_token,
    recipient_of,
    title_of,
)

if TYPE_CHECKING:
    from collections.abc import Callable

    from napari_zeroseg._qt.gui_thread import Background
    from napari_zeroseg.session.session import Session

ABOUT = (
    "A machine with a graphics card can compute for this one: start 'napari-zeroseg serve' there. "
    "Connecting sends nothing but the token; before the first image is sent you are asked."
)
WIDTH = 560


class RemoteDialog(QDialog):
    """Address and token of a server, and its models for each role.

    Parameters
    ----------
    session : Session
        Whose models are chosen.
    background : Background
        Where the server and the keyring are asked.
    on_asked : callable
        Called when a server has said what it offers.
    parent : QWidget
        Over which it is shown.
    """

    def __init__(
        self,
        session: Session,
        background: Background,
        on_asked: Callable[[], object],
        parent: QWidget,
    ) -> None:
        super().__init__(parent)
        self._session = session
        self._background = background
        self._on_asked = on_asked
        self._asking = Cancellation()
        self._is_open = True
        self.url = QComboBox()
        self.token = QLineEdit()
        self.connect_to = QPushButton("Connect")
        self.status = TextLine()
        self.roles = {role: QComboBox() for role in VISION_ROLES}
        self.use = QPushButton("Use these models")
        self._choices = QWidget()
        self.setWindowTitle("ZeroSeg: models of a server")
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self._build()
        self._connect_signals()
        self.resize(WIDTH, self.sizeHint().height())

    def _build(self) -> None:
        self.url.setEditable(True)
        self.url.setInsertPolicy(QComboBox.InsertPolicy.NoInsert)
        self.url.addItems(earlier_servers())
        self.url.setAccessibleName("Address of the server")
        self.url.setToolTip(
            "As the server says when it starts; plain http is for this machine and for tunnels"
        )
        line = self.url.lineEdit()
        assert line is not None
        line.setPlaceholderText("https://host:8765")
        self.token.setEchoMode(QLineEdit.EchoMode.Password)
        self.token.setAccessibleName("Token of the server")
        self.token.setPlaceholderText("Goes to the system's keyring; empty for the one that is there")
        self.connect_to.setToolTip("Ask the server what it offers; nothing but the token is sent")
        self.use.setToolTip("These models will look at your images; you are asked before the first is sent")
        self._lay_out()

    def _lay_out(self) -> None:
        server = QFormLayout()
        server.setContentsMargins(0, 0, 0, 0)
        server.setFieldGrowthPolicy(QFormLayout.FieldGrowthPolicy.AllNonFixedFieldsGrow)
        server.addRow("Address", self.url)
        server.addRow("Token", self.token)
        self._models = QFormLayout(self._choices)
        self._models.setContentsMargins(0, 0, 0, 0)
        self._models.setFieldGrowthPolicy(QFormLayout.FieldGrowthPolicy.AllNonFixedFieldsGrow)
        for role, box in self.roles.items():
            box.setAccessibleName(role.capitalize())
            self._models.addRow(role.capitalize(), box)
        buttons = QHBoxLayout()
        buttons.addStretch(1)
        buttons.addWidget(self.use)
        layout = column(self)
        layout.setContentsMargins(12, 12, 12, 12)
        layout.addWidget(TextLine(ABOUT))
        layout.addLayout(server)
        for part in (self.connect_to, self.status, self._choices):
            layout.addWidget(part)
        layout.addStretch(1)
        layout.addLayout(buttons)
        self._show_offers(None)

    def _connect_signals(self) -> None:
        self.connect_to.clicked.connect(self._on_connect_clicked)
        self.token.returnPressed.connect(self._on_connect_clicked)
        self.url.editTextChanged.connect(self._on_url_edited)
        self.use.clicked.connect(self._on_use_clicked)

    def done(self, result: int) -> None:
        self._is_open = False
        self._asking.cancel()
        super().done(result)

    def _on_url_edited(self) -> None:
        self._asking.cancel()
        self.connect_to.setEnabled(True)
        self.status.show_text("")
        self._show_offers(None)

    def _on_connect_clicked(self) -> None:
        url, token = self.url.currentText(), self.token.text()
        self.token.setText("")  # unlike clear(), this leaves nothing for Undo to bring back
        try:
            who = recipient_of(url)
        except ZeroSegError as problem:
            self._show_problem(problem)
            return
        self._asking.cancel()
        self._asking = asking = Cancellation()
        self.connect_to.setEnabled(False)
        self.status.show_text(f"Asking {who} …")

        def ask() -> Offered:
            with cancelled_by(asking):
                if token:
                    keep_token(url, token)
                return ask_offers(url)

        self._background.do(ask, partial(self._on_offered, asking), partial(self._on_failed, asking))

    def _on_offered(self, asking: Cancellation, offered: Offered) -> None:
        if not self._is_open or asking is not self._asking or asking.cancelled:
            return
        self.connect_to.setEnabled(True)
        self.status.show_text(
            f"{offered.recipient} runs napari-zeroseg {offered.program} and offers {offered.count} models."
        )
        self._show_offers(offered)
        self.resize(self.width(), self.sizeHint().height())
        self._on_asked()

    def _on_failed(self, asking: Cancellation, problem: Exception) -> None:
        if self._is_open and asking is self._asking and not asking.cancelled:
            self.connect_to.setEnabled(True)
            self._show_problem(problem)

    def _show_offers(self, offered: Offered | None) -> None:
        present = chosen(self._session.refining.recipe)
        for role, box in self.roles.items():
            names = offered.names.get(role, ()) if offered else ()
            box.clear()
            if role in present:
                for name in dict.fromkeys((*names, present[role])):
                    box.addItem(title_of(name), name)
                best = offered.instead_of(role, present[role]) if offered else present[role]
                box.setCurrentIndex(box.findData(best))
            self._models.setRowVisible(box, role in present)
        self._choices.setVisible(offered is not None)
        self.use.setEnabled(offered is not None)

    def _on_use_clicked(self) -> None:
        recipe = self._session.refining.recipe
        picked = {role: box.currentData() for role, box in self.roles.items() if box.count()}
        others = {r: n for r, n in recipe.backends.items() if r in VISION_ROLES}
        try:
            self._session.refining.choose_models(recipe.profile, {**others, **picked})
        except ZeroSegError as problem:
            self._show_problem(problem)
            return
        self.accept()

    def _show_problem(self, problem: Exception) -> None:
        if isinstance(problem, ZeroSegError):
            self.status.show_text(" ".join(t for t in (problem.happened, problem.remedy) if t))
        else:
            # an unforeseen error may quote anything
            self.status.show_text(f"That failed ({type(problem).__name__}). Try again.")
