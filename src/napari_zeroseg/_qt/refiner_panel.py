"""Who decides between words: one line, and behind it the choice."""

from __future__ import annotations

from typing import TYPE_CHECKING

from qtpy.QtWidgets import QComboBox, QPushButton, QWidget

from napari_zeroseg._qt.fold import Fold
from napari_zeroseg._qt.local_model_form import LocalModelForm
from napari_zeroseg._qt.section import TextLine, column
from napari_zeroseg._qt.server_form import ServerForm
from napari_zeroseg._qt.session_view import SessionView
from napari_zeroseg.core.consent import PERSON
from napari_zeroseg.core.errors import ZeroSegError
from napari_zeroseg.session.language_models import in_words
from napari_zeroseg.session.refining import EMBEDDED

if TYPE_CHECKING:
    from napari_zeroseg._qt.gui_thread import Background
    from napari_zeroseg.core.consent import Consent
    from napari_zeroseg.session.session import Session

KINDS = (
    ("embedded", "Embedded (sends nothing)"),
    ("openai", "Language model on a server"),
    ("transformers", "Language model on this machine"),
)


class RefinerPanel(SessionView):
    """Choose the embedded refiner, a model on a server, or one on this machine.

    Parameters
    ----------
    session : Session
        Whose refiner it is.
    background : Background
        Where servers, the keyring and files are asked, so that the window does not wait for them.
    consent : Consent, optional
        What the person agreed to send.
    """

    def __init__(self, session: Session, background: Background, consent: Consent = PERSON) -> None:
        super().__init__(session)
        self._background = background
        self._consent = consent
        self.kind = QComboBox()
        self.server = ServerForm(background)
        self.local = LocalModelForm()
        self.use = QPushButton("Use this refiner")
        self.agreed = TextLine()
        self.withdraw = QPushButton("Ask me again")
        self.forget = QPushButton("Forget earlier decisions")
        self.error = TextLine()
        self._choices = QWidget()
        self.fold = Fold(self._choices)
        self.heading = self.fold.heading
        self._build()
        self._connect()
        self._show()

    def _build(self) -> None:
        for key, title in KINDS:
            self.kind.addItem(title, key)
        self.kind.setAccessibleName("Kind of refiner")
        self.use.setToolTip("From now on this refiner decides which classes the words mean")
        choices = column(self._choices)
        self.withdraw.setToolTip("Take back what you agreed to send, here and for later sessions")
        self.forget.setToolTip(
            "Accepted and rejected classes of earlier images and sessions are no defaults any more"
        )
        parts = (
            self.kind,
            self.server,
            self.local,
            self.error,
            self.use,
            self.agreed,
            self.withdraw,
            self.forget,
        )
        for part in parts:
            choices.addWidget(part)
        column(self).addWidget(self.fold)

    def _connect(self) -> None:
        self.heading.toggled.connect(self._show_choices)
        self.kind.currentIndexChanged.connect(self._show_choices)
        self.use.clicked.connect(self._on_use_clicked)
        self.withdraw.clicked.connect(self._on_withdraw_clicked)
        self.forget.clicked.connect(self._session.refining.forget_decisions)
        self._listen(self._session.refining.changed, self._show)
        self._listen(self._session.refining.decided, self._show_kept)

    def release(self) -> None:
        self.server.cancel()
        super().release()

    def _show(self) -> None:
        text = f"Refiner: {in_words(self._session.refining.name)}"
        self.fold.show_heading(text, "Decides which classes the words for the image mean")
        self._show_choices()

    def _show_choices(self, *_: object) -> None:
        kind = self.kind.currentData()
        self.server.setVisible(kind == "openai")
        self.local.setVisible(kind == "transformers")
        self.error.show_text("")
        self._show_kept()

    def _show_kept(self) -> None:
        granted = self._consent.granted
        self.agreed.show_text(
            "\n".join(f"You agreed to send {kind} to {to}." for kind, to in sorted(granted))
        )
        self.withdraw.setVisible(bool(granted))
        self.forget.setVisible(bool(self._session.refining.decisions.lists))

    def _on_withdraw_clicked(self) -> None:
        def show(_outcome: object) -> None:
            self._show_kept()

        self._background.do(self._consent.withdraw, show, show)

    def _on_use_clicked(self) -> None:
        try:
            self._session.choose_refiner(self._chosen())
        except ZeroSegError as problem:
            self.error.show_text(" ".join(t for t in (problem.happened, problem.remedy) if t))
            return
        self.heading.setChecked(False)

    def _chosen(self) -> str:
        match self.kind.currentData():
            case "openai":
                return self.server.backend_name()
            case "transformers":
                return self.local.backend_name()
        return EMBEDDED
