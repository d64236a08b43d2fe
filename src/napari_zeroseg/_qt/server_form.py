"""Which models on which server are asked, and the key that opens it."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from qtpy.QtWidgets import QComboBox, QFormLayout, QLineEdit, QPushButton, QWidget

from napari_zeroseg._qt.section import TextLine, column, row
from napari_zeroseg.core.cancellation import Cancellation, cancelled_by
from napari_zeroseg.core.errors import ZeroSegError
from napari_zeroseg.session.language_models import (
    SERVER_PRESETS,
    keep_key,
    model_names,
    on_server,
    recipient,
    takes_key,
)

if TYPE_CHECKING:
    from napari_zeroseg._qt.gui_thread import Background

OTHER = "Another address"
SAME = "The same model"


class ServerForm(QWidget):
    """Preset, address, models and key of a server.

    Parameters
    ----------
    background : Background
        Where the server and the keyring are asked.
    """

    def __init__(self, background: Background) -> None:
        super().__init__()
        self._background = background
        self._asked = 0
        self._asking = Cancellation()
        self.preset = QComboBox()
        self.url = QLineEdit()
        self.fetch = QPushButton("List models")
        self.scene_model = _model_box("Model for scenes")
        self.phrase_model = _model_box("Model for phrases")
        self.key = QLineEdit()
        self.keep_key = QPushButton("Keep key")
        self.status = TextLine()
        self._key_row = QWidget()
        self._build()
        self._connect()
        self._on_preset_changed()

    def _build(self) -> None:
        for preset in SERVER_PRESETS:
            self.preset.addItem(preset.title, preset.url)
        self.preset.addItem(OTHER, "")
        self.url.setAccessibleName("Base URL")
        self.url.setPlaceholderText("https://host/v1")
        self.fetch.setToolTip("Ask the server which models it has; nothing but the key is sent")
        self.scene_model.setToolTip("Says which classes are in the image, and how classes look")
        self.phrase_model.setToolTip("Says which class a phrase means: a smaller, cheaper model will do")
        self.key.setEchoMode(QLineEdit.EchoMode.Password)
        self.key.setAccessibleName("API key")
        self.key.setPlaceholderText("Goes to the system's keyring")
        self.keep_key.setToolTip("Put the key into the system's keyring, and nowhere else")
        self._key_row.setLayout(row(self.key, self.keep_key))
        self._lay_out()

    def _lay_out(self) -> None:
        form = QFormLayout()
        form.setContentsMargins(0, 0, 0, 0)
        form.setFieldGrowthPolicy(QFormLayout.FieldGrowthPolicy.AllNonFixedFieldsGrow)
        form.addRow("Server", self.preset)
        form.addRow("Address", self.url)
        form.addRow("Key", self._key_row)
        form.addRow("Model", self.scene_model)
        form.addRow("For phrases", self.phrase_model)
        self._form = form
        layout = column(self)
        layout.addLayout(form)
        layout.addWidget(self.fetch)
        layout.addWidget(self.status)

    def _connect(self) -> None:
        self.preset.currentIndexChanged.connect(self._on_preset_changed)
        self.url.textEdited.connect(self._on_url_edited)
        self.fetch.clicked.connect(self._on_fetch_clicked)
        self.keep_key.clicked.connect(self._on_keep_key_clicked)
        self.key.returnPressed.connect(self._on_keep_key_clicked)

    def backend_name(self) -> str:
        """Return the refiner's name in the catalog.

        Raises
        ------
        BadServerError
            When the address or a model cannot be used.
        """
        return on_server(self.url.text(), _chosen(self.scene_model), _chosen(self.phrase_model))

    def _on_preset_changed(self) -> None:
        self.url.setText(self.preset.currentData())
        self._show_models([])
        self._on_url_edited()

    def _on_url_edited(self) -> None:
        self.cancel()
        self.fetch.setEnabled(True)
        self.status.show_text("")
        self._form.setRowVisible(self._key_row, takes_key(self.url.text()))

    def _on_fetch_clicked(self) -> None:
        url = self.url.text()
        try:
            who = recipient(url)
        except ZeroSegError as problem:
            self._show_problem(problem)
            return
        self.cancel()
        asking = self._asking
        self.fetch.setEnabled(False)
        self.status.show_text(f"Asking {who} for its models …")

        def models() -> list[str]:
            with cancelled_by(asking):
                return model_names(url)

        self._background.do(
            models, partial(self._on_models, self._asked), partial(self._on_no_models, self._asked)
        )

    def cancel(self) -> None:
        """Wait for no answer any more: one from an earlier address is of no use."""
        self._asked += 1
        self._asking.cancel()
        self._asking = Cancellation()

    def _on_models(self, asked: int, names: list[str]) -> None:
        if asked == self._asked:
            self.fetch.setEnabled(True)
            self.status.show_text(f"{len(names)} models are there." if names else "There is no model yet.")
            self._show_models(names)

    def _on_no_models(self, asked: int, problem: Exception) -> None:
        if asked == self._asked:
            self.fetch.setEnabled(True)
            self._show_problem(problem)

    def _show_models(self, names: list[str]) -> None:
        for box, first in ((self.scene_model, []), (self.phrase_model, [SAME])):
            typed = box.currentText()
            box.clear()
            box.addItems([*first, *names])
            box.setCurrentText(typed or (first + names + [""])[0])

    def _on_keep_key_clicked(self) -> None:
        url, key = self.url.text(), self.key.text()
        self.key.setText("")  # unlike clear(), this leaves nothing for Undo to bring back
        try:
            done = f"The key for {recipient(url)} is in the system's keyring."
        except ZeroSegError as problem:
            self._show_problem(problem)
            return
        self._background.do(
            lambda: keep_key(url, key), lambda _: self.status.show_text(done), self._show_problem
        )

    def _show_problem(self, problem: Exception) -> None:
        if isinstance(problem, ZeroSegError):
            self.status.show_text(" ".join(t for t in (problem.happened, problem.remedy) if t))
        else:
            # an unforeseen error may quote anything
            self.status.show_text(f"That failed ({type(problem).__name__}). Try again.")


def _model_box(name: str) -> QComboBox:
    box = QComboBox()
    box.setEditable(True)
    box.setInsertPolicy(QComboBox.InsertPolicy.NoInsert)
    box.setSizeAdjustPolicy(QComboBox.SizeAdjustPolicy.AdjustToMinimumContentsLengthWithIcon)
    box.setAccessibleName(name)
    return box


def _chosen(box: QComboBox) -> str:
    text = box.currentText().strip()
    return "" if text == SAME else str(text)
