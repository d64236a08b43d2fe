"""What can be done with the files of one model that are here: check and remove them."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING

from qtpy.QtWidgets import QPushButton, QWidget

from napari_zeroseg._qt.need_model import bytes_in_words
from napari_zeroseg._qt.section import TextLine, column, row
from napari_zeroseg.session.model_files import Need, check_files, remove_files

if TYPE_CHECKING:
    from napari_zeroseg._qt.gui_thread import Background

SELECT = "Select a model in the table that is on this machine"


class ModelCare(QWidget):
    """Check or remove the files of the model that is selected.

    Parameters
    ----------
    background : Background
        Where files are read and deleted.
    on_changed : callable
        Called when files are gone.
    """

    def __init__(self, background: Background, on_changed: Callable[[], object]) -> None:
        super().__init__()
        self._background = background
        self._on_changed = on_changed
        self._need: Need | None = None
        self.check = QPushButton("Check files")
        self.remove = QPushButton("Remove files")
        self.status = TextLine()
        self.check.clicked.connect(self._on_check_clicked)
        self.remove.clicked.connect(self._on_remove_clicked)
        layout = column(self)
        layout.addLayout(row(self.check, self.remove))
        layout.addWidget(self.status)
        self.show_need(None)

    def show_need(self, need: Need | None) -> None:
        """Take the model that is selected, None for none."""
        self._need = need if need is not None and need.source and need.is_here else None
        for button, teaches in (
            (self.check, "Read the files and compare them with their checksums"),
            (self.remove, "Delete the downloaded files; your own copies and shared ones stay"),
        ):
            button.setEnabled(self._need is not None)
            button.setToolTip(teaches if self._need else f"{teaches}\n\nNot now: {SELECT}")

    def _on_check_clicked(self) -> None:
        assert self._need is not None
        self.status.show_text("Reading the files …")
        self._background.do(partial(check_files, self._need.name), self._on_checked, self._on_problem)

    def _on_checked(self, found: tuple[str, ...]) -> None:
        self.status.show_text("\n".join(found))

    def _on_remove_clicked(self) -> None:
        assert self._need is not None
        self._background.do(partial(remove_files, self._need.name), self._on_removed, self._on_problem)

    def _on_removed(self, freed: int) -> None:
        self.status.show_text(f"{bytes_in_words(freed)} set free.")
        self._on_changed()

    def _on_problem(self, problem: Exception) -> None:
        self.status.show_text(str(problem))
