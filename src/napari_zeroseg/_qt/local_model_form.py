"""Which language model on this machine is asked."""

from __future__ import annotations

from qtpy.QtWidgets import QFileDialog, QLineEdit, QPushButton, QWidget

from napari_zeroseg._qt.section import TextLine, column, row
from napari_zeroseg.session.language_models import SUGGESTED_LOCAL_MODEL, on_this_machine


class LocalModelForm(QWidget):
    """The folder of a chat model, or the name of one that is on this machine already."""

    def __init__(self) -> None:
        super().__init__()
        self.model = QLineEdit()
        self.model.setPlaceholderText(f"Folder, or name such as {SUGGESTED_LOCAL_MODEL}")
        self.model.setAccessibleName("Local model")
        self.browse = QPushButton("Browse…")
        self.browse.setToolTip("Choose the folder of the model")
        self.browse.clicked.connect(self._on_browse_clicked)
        layout = column(self)
        layout.addLayout(row(self.model, self.browse))
        layout.addWidget(TextLine("Runs in this program and sends nothing. Nothing is downloaded."))

    def backend_name(self) -> str:
        """Return the refiner's name in the catalog.

        Raises
        ------
        ChatError
            When nothing is chosen yet.
        """
        return on_this_machine(self.model.text())

    def _on_browse_clicked(self) -> None:
        folder = QFileDialog.getExistingDirectory(self, "Folder of the model", self.model.text())
        if folder:
            self.model.setText(folder)
