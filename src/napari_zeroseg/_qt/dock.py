"""The whole window of the plugin, in the order of the work."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING

from qtpy.QtCore import QPoint, QSize, Qt
from qtpy.QtWidgets import QFrame, QScrollArea, QVBoxLayout, QWidget

from napari_zeroseg._qt.activity_bar import ActivityBar
from napari_zeroseg._qt.cluster_panel import ClusterPanel
from napari_zeroseg._qt.difference_panel import DifferencePanel
from napari_zeroseg._qt.dock_keys import DockKeys
from napari_zeroseg._qt.export_panel import ExportPanel
from napari_zeroseg._qt.guidance_panel import GuidancePanel
from napari_zeroseg._qt.history_bar import HistoryBar
from napari_zeroseg._qt.image_panel import ImagePanel
from napari_zeroseg._qt.learn_panel import LearnPanel
from napari_zeroseg._qt.message_bar import MessageBar
from napari_zeroseg._qt.method_panel import MethodPanel
from napari_zeroseg._qt.models_panel import ModelsPanel
from napari_zeroseg._qt.propagate_panel import PropagatePanel
from napari_zeroseg._qt.refine_panel import RefinePanel
from napari_zeroseg._qt.refiner_panel import RefinerPanel
from napari_zeroseg._qt.restore_bar import RestoreBar
from napari_zeroseg._qt.review_panel import ReviewPanel
from napari_zeroseg._qt.run_panel import RunPanel
from napari_zeroseg._qt.saved_line import SavedLine
from napari_zeroseg._qt.section import column, section
from napari_zeroseg._qt.session_view import SessionView
from napari_zeroseg._qt.settings_panel import SettingsPanel
from napari_zeroseg._qt.shortcut_sheet import Meaning
from napari_zeroseg._qt.suggestion_panel import SuggestionPanel
from napari_zeroseg._qt.vocabulary_panel import VocabularyPanel
from napari_zeroseg.session.keyboard import Keyboard

if TYPE_CHECKING:
    from napari_zeroseg._qt.gui_thread import Background
    from napari_zeroseg.session.saved.autosave import Autosave
    from napari_zeroseg.session.session import Session
    from napari_zeroseg.session.shortcuts import Command

WIDTH = 400
HEADING = 30  # px above a part


def _nothing(_key: str) -> str:
    return ""


class Dock(QWidget):
    """All views of one session.

    Parameters
    ----------
    session : Session
        What is shown.
    autosave : Autosave
        What keeps the work.
    background : Background
        Where files are written and looked up.
    servers : Background
        Where servers of language models and the keyring are asked, which may take their time.
    downloads : Background
        Where models come down.
    samples : mapping of str to callable
        What opens each sample image, by its title.
    commands : sequence of Command
        What the keys do; the canvas has the same.
    keyboard : Keyboard, optional
        The keys; the usual ones by default.
    meaning : callable
        What a key means in napari.
    """

    def __init__(
        self,
        session: Session,
        autosave: Autosave,
        background: Background,
        servers: Background,
        downloads: Background,
        samples: Mapping[str, Callable[[], object]],
        commands: Sequence[Command] = (),
        keyboard: Keyboard | None = None,
        meaning: Meaning = _nothing,
    ) -> None:
        super().__init__()
        keyboard = keyboard or Keyboard()
        self.messages = MessageBar(session)
        self.restore = RestoreBar(session, autosave)
        self.image = ImagePanel(session, background, samples)
        self.models = ModelsPanel(session, background, downloads)
        self.vocabulary = VocabularyPanel(session)
        self.refiner = RefinerPanel(session, servers)
        self.suggestions = SuggestionPanel(session)
        self.guidance = GuidancePanel(session, background)
        self.method = MethodPanel(session)
        self.settings = SettingsPanel(session)
        self.learn = LearnPanel(session)
        self.clusters = ClusterPanel(session)
        self.run = RunPanel(session, background)
        self.difference = DifferencePanel(session)
        self.refine = RefinePanel(session, keyboard)
        self.propagate = PropagatePanel(session)
        self.review = ReviewPanel(session)
        self.export = ExportPanel(session, background)
        self.activity = ActivityBar(session)
        self.history = HistoryBar(session, keyboard, meaning)
        self.saved = SavedLine(session, autosave)
        DockKeys(self, session, commands, keyboard)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(8, 6, 8, 6)
        layout.setSpacing(6)
        layout.addWidget(self.messages)
        layout.addWidget(self.restore)
        self._area = self._build_sections()
        layout.addWidget(self._area, 1)
        layout.addWidget(self.activity)
        layout.addWidget(self.history)
        layout.addWidget(self.saved)

    def _build_sections(self) -> QScrollArea:
        steps = (
            ("Image and classes", _stacked(self.image, self.models, self.vocabulary)),
            ("Suggestions", _stacked(self.refiner, self.suggestions, self.guidance)),
            (
                "Run",
                _stacked(self.method, self.clusters, self.settings, self.learn, self.run, self.difference),
            ),
            ("Refine", _stacked(self.refine, self.propagate)),
            ("Review", self.review),
            ("Export", self.export),
        )
        content = QWidget()
        layout = column(content)
        layout.setContentsMargins(0, 0, 4, 0)
        for number, (title, widget) in enumerate(steps, 1):
            layout.addWidget(section(number, title, widget))
        layout.addStretch(1)
        area = QScrollArea()
        area.setWidget(content)
        area.setWidgetResizable(True)
        area.setFrameShape(QFrame.Shape.NoFrame)
        area.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        return area

    def sizeHint(self) -> QSize:
        return QSize(WIDTH, 760)

    def show_part(self, part: QWidget) -> None:
        """Scroll until a part of the dock is in sight, its top first."""
        top = part.mapToGlobal(QPoint(0, -HEADING)).y() - self._area.mapToGlobal(QPoint(0, 0)).y()
        bar = self._area.verticalScrollBar()
        bar.setValue(bar.value() + top)

    def release(self) -> None:
        """Disconnect every view from the session."""
        for view in self.findChildren(SessionView):
            view.release()


def _stacked(*parts: QWidget) -> QWidget:
    together = QWidget()
    layout = column(together)
    for part in parts:
        layout.addWidget(part)
    return together
