"""Composition root of the window: a viewer, a session and the dock."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from functools import partial
from importlib import import_module
from typing import TYPE_CHECKING

from qtpy.QtCore import QEvent
from qtpy.QtWidgets import QVBoxLayout, QWidget

from napari_zeroseg._napari.cluster_layer import ClusterLayer
from napari_zeroseg._napari.flight import Flight
from napari_zeroseg._napari.going import GoingFrames
from napari_zeroseg._napari.layer_view import LayerView
from napari_zeroseg._napari.meanings import meaning_in_napari
from napari_zeroseg._napari.shortcuts import drawing_commands, install_shortcuts, review_commands
from napari_zeroseg._napari.visible import visible_window
from napari_zeroseg._napari.watch import watch_images
from napari_zeroseg._qt.consent_dialog import ConsentDesk
from napari_zeroseg._qt.dock import Dock
from napari_zeroseg._qt.gui_thread import Background, GuiThread
from napari_zeroseg._qt.idle_collector import IdleCollector
from napari_zeroseg.core.consent import PERSON, Ask, nobody_to_ask
from napari_zeroseg.core.errors import ZeroSegError
from napari_zeroseg.session.kept import AgreementFile, DecisionKeeper
from napari_zeroseg.session.keyboard import Keyboard, keep_keys
from napari_zeroseg.session.runner import Runner, models_thread
from napari_zeroseg.session.saved.autosave import Autosave
from napari_zeroseg.session.session import Session

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path

    import napari.viewer

    from napari_zeroseg.session.shortcuts import Command

PLUGIN, TITLE, BATCH_TITLE = "napari-zeroseg", "ZeroSeg", "ZeroSeg Batch"
SAMPLES = {
    "immunohistochemistry": "Tissue section (nuclei, stained brown and blue)",
    "coins": "Coins on a dark ground",
}


class ZeroSegWidget(QWidget):
    """The dock widget of the plugin.

    Parameters
    ----------
    napari_viewer : napari.viewer.Viewer
        The viewer that it is docked in.
    session : Session, optional
        With a thread of its own by default.
    work : Path, optional
        The folder in which work is saved; where the person has chosen by default.
    """

    def __init__(
        self,
        napari_viewer: napari.viewer.Viewer,
        session: Session | None = None,
        *,
        work: Path | None = None,
    ) -> None:
        super().__init__()
        self._gui = GuiThread()
        self.session = session or Session(Runner(models_thread(), self._gui))
        self.session.set_foresight(True)
        self._background = self._beside("files")
        self._keyboard = Keyboard()
        watch = watch_images(napari_viewer, self.session, self._background.do)
        self._layers = LayerView(napari_viewer, self.session)
        self.session.reach.look = partial(visible_window, napari_viewer, self.session)
        commands = (*drawing_commands(self.session, self._layers), *review_commands(self.session))
        self.autosave = Autosave(self.session, self._gui, folder=work)
        servers, downloads = self._beside("servers"), self._beside("downloads")
        self.dock = self._build_dock(napari_viewer, servers, downloads, commands)
        self.consent = ConsentDesk(self._gui, self)
        self._viewing: list[Callable[[], object]] = [
            watch,
            install_shortcuts(napari_viewer, self.session, commands, self._keyboard),
            Flight(napari_viewer, self.session).close,
            GoingFrames(napari_viewer, self.session).close,
            ClusterLayer(napari_viewer, self.session).close,
            keep_keys(self._keyboard, self._background.do),
            self._layers.close,
            self.dock.release,
        ]
        """What ends the watching of the viewer and the session."""
        self._working: list[Callable[..., object]] = [
            self.autosave.close,
            DecisionKeeper(self.session, self._background.do).close,
            self._build_collector(),
            self.session.close,
            self._background.close,
            servers.close,
            downloads.close,
            _answer_with(self.consent.ask),
        ]
        """What ends all that would go on without the window."""
        for stop in self._working:
            # a viewer that is closed deletes its docks without asking them to close
            self.destroyed.connect(stop)
        self._import_ahead()

    def _beside(self, name: str) -> Background:
        return Background(ThreadPoolExecutor(1, f"zeroseg-{name}"), self._gui)

    def _build_dock(
        self,
        viewer: napari.viewer.Viewer,
        servers: Background,
        downloads: Background,
        commands: Sequence[Command],
    ) -> Dock:
        samples = {title: partial(_open_sample, viewer, key) for key, title in SAMPLES.items()}
        dock = Dock(
            self.session,
            self.autosave,
            self._background,
            servers,
            downloads,
            samples,
            commands,
            self._keyboard,
            meaning_in_napari,
        )
        dock.export.many_wanted.connect(partial(open_batch, viewer))
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        # napari adds a stretch of its own below, which must not take the room of the dock
        layout.addWidget(dock, 1)
        return dock

    def _build_collector(self) -> Callable[..., object]:
        collector = IdleCollector()
        self.session.changed.connect(collector.note)
        return collector.release

    def _import_ahead(self) -> None:
        # napari imports these with the first Labels layer, for half a second: better now than then
        for module in ("pandas", "skimage.color", "skimage.exposure", "skimage.util"):
            self._background.do(partial(import_module, module), _ignore, _ignore)

    def event(self, event: QEvent) -> bool:
        # a dock that is closed lets go of its widget, which nothing else tells
        if event.type() == QEvent.Type.ParentChange and self.parent() is None:
            self.release()
        return super().event(event)

    def release(self) -> None:
        """Stop the models and leave nothing connected; the layers stay."""
        for stops in (self._viewing, self._working):
            while stops:
                stops.pop(0)()


def _answer_with(ask: Ask) -> Callable[..., None]:
    """Let this window ask the person from now on; return what ends it."""
    PERSON.ask = ask
    PERSON.kept_by(AgreementFile())

    def stop(*_: object) -> None:
        if PERSON.ask == ask:
            PERSON.ask = nobody_to_ask
            PERSON.kept_by(None)

    return stop


def _ignore(_outcome: object) -> None:
    """Nobody waits for it."""


def _open_sample(viewer: napari.viewer.Viewer, key: str) -> None:
    viewer.open_sample(PLUGIN, key)


def open_dock(viewer: napari.viewer.Viewer) -> ZeroSegWidget:
    """Open the dock, or bring the open one to the front, on the active layer."""
    dock, widget = viewer.window.add_plugin_dock_widget(PLUGIN, TITLE)
    dock.show()
    dock.raise_()
    assert isinstance(widget, ZeroSegWidget)
    return widget


def open_batch(viewer: napari.viewer.Viewer) -> QWidget:
    """Open the dock for the images of a folder, as a tab beside the other, or bring it to the front."""
    dock, widget = viewer.window.add_plugin_dock_widget(PLUGIN, BATCH_TITLE, tabify=True)
    dock.show()
    dock.raise_()
    assert isinstance(widget, QWidget)
    return widget


def correct_with_points(viewer: napari.viewer.Viewer) -> None:
    """Begin a new object of the chosen class, to be drawn with clicks."""
    session = open_dock(viewer).session
    try:
        session.begin_next()
    except ZeroSegError as problem:
        session.problem_raised.emit(problem)
