"""What the method ``lmseg`` learns from a person's corrections."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from qtpy.QtWidgets import QCheckBox, QFileDialog, QPushButton

from napari_zeroseg._qt.action_button import ActionButton, ReasonLine
from napari_zeroseg._qt.section import TextLine, column, row
from napari_zeroseg._qt.session_view import SessionView
from napari_zeroseg.core.method import Method
from napari_zeroseg.export.head import write_head
from napari_zeroseg.session.readiness import Action

if TYPE_CHECKING:
    from collections.abc import Callable

    from napari_zeroseg.session.session import Session

FILES = "Learned head (*.safetensors)"


class LearnPanel(SessionView):
    """Learn, see what came of it, keep it; there while the method is one that learns."""

    def __init__(self, session: Session) -> None:
        super().__init__(session)
        self.learn = ActionButton(
            "Learn from my corrections",
            Action.LEARN,
            "Learn from all open images on which you have accepted, mended or drawn masks.\n"
            "On such an image whatever you left empty counts as background, so finish an image before\n"
            "you learn from it; masks that are still proposals are left out.\n"
            "One image helps, five help more. What is learned stays on this machine",
            lambda: self._try(session.learn),
        )
        self.upright = QCheckBox("Up is up in these images")
        self.upright.setToolTip(
            "Tick it for streets, landscapes and rooms, where the sky is above.\n"
            "Unticked, as for what lies under a microscope, learning turns the images too"
        )
        self.reason = ReasonLine()
        self.known = TextLine()
        self.back = _button("Back to training-free", "Segment by words alone again", session.forget_learned)
        self.save = _button("Save…", "Keep what was learned in a file, for other sessions", self._on_save)
        self.load = _button("Load…", "Use what was learned in another session", self._on_load)
        layout = column(self)
        for widget in (self.learn, self.reason, self.upright, self.known):
            layout.addWidget(widget)
        layout.addLayout(row(self.back, self.save, self.load))
        self._connect()
        self._show()

    def _connect(self) -> None:
        session = self._session
        self.upright.clicked.connect(lambda ticked: session.refining.set_lmseg(upright=ticked))
        for signal in (session.changed, session.source_changed, session.activity_changed):
            self._listen(signal, self._show_readiness)
        self._listen(session.refining.changed, self._show)

    def _show(self) -> None:
        recipe, head = self._session.refining.recipe, self._session.head
        self.setVisible(recipe.method is Method.LMSEG)
        self.upright.setChecked(recipe.lmseg.upright)
        self.known.show_text(self._told())
        self.back.setEnabled(recipe.lmseg.head is not None)
        self.save.setEnabled(head is not None)
        self._show_readiness()

    def _told(self) -> str:
        reference, head = self._session.refining.recipe.lmseg.head, self._session.head
        if reference is None:
            return "Nothing is learned yet: the words for your classes decide alone."
        if head is None:
            return f"The recipe asks for what was learned as '{reference.name}': load its file."
        card = head.card
        images = "1 image" if card.images == 1 else f"{card.images} images"
        return (
            f"Learned {', '.join(card.classes)} from {images}. On what was held out, the overlap with your "
            f"masks (mean IoU) is {card.score:.2f}, without learning {card.before:.2f}. Run to use it."
        )

    def _show_readiness(self, *_: object) -> None:
        readiness = self._session.readiness
        self.learn.show_readiness(readiness)
        self.reason.show_readiness(readiness, [Action.LEARN])

    def _on_save(self) -> None:
        head = self._session.head
        path, _ = QFileDialog.getSaveFileName(self, "Save what was learned", "head.safetensors", FILES)
        if path and head is not None:
            self._try(write_head, head, Path(path))

    def _on_load(self) -> None:
        path, _ = QFileDialog.getOpenFileName(self, "Load what was learned", "", FILES)
        if path:
            self._session.load_head(Path(path))


def _button(text: str, teaches: str, pressed: Callable[[], object]) -> QPushButton:
    button = QPushButton(text)
    button.setToolTip(teaches)
    button.clicked.connect(lambda: pressed())
    return button
