"""Saves the work on every image a moment after each change, beside the window."""

from __future__ import annotations

import logging
from collections.abc import Callable, Hashable
from concurrent.futures import Executor, ThreadPoolExecutor
from dataclasses import dataclass, replace
from time import monotonic
from typing import TYPE_CHECKING

from psygnal import Signal

from napari_zeroseg.backends.weights.documents import read_document, write_document
from napari_zeroseg.core.errors import BadFileError, ZeroSegError
from napari_zeroseg.session.history import Timeline
from napari_zeroseg.session.saved.places import SavingSettings, saving_file
from napari_zeroseg.session.saved.saver import Looked, Saver, Written

if TYPE_CHECKING:
    from datetime import datetime
    from pathlib import Path

    from napari_zeroseg.session.runner import Deliver
    from napari_zeroseg.session.saved.offer import Offer
    from napari_zeroseg.session.saved.saver import Told
    from napari_zeroseg.session.session import Session
    from napari_zeroseg.session.source import ImageSource
    from napari_zeroseg.session.state import State

_log = logging.getLogger(__name__)

DELAY = 0.5
"""Seconds from a change to its save; changes that come meanwhile are saved with it."""
BREATH = 1.0
"""Seconds within which layers and their image that are removed are removed together."""


@dataclass(frozen=True, slots=True)
class SaveStatus:
    """What became of the work on an image.

    Parameters
    ----------
    path : Path or None
        The file that it is saved in, None before the first save.
    when : datetime or None
        When it was saved last.
    problem : str
        Why it is not saved; empty when it is, or when there is nothing to save.
    """

    path: Path | None = None
    when: datetime | None = None
    problem: str = ""


class Autosave:
    """Listens to a session and keeps what is done on each image in its file.

    The thread of the session does no more than to take the present state, which is immutable; all
    else happens on a thread of its own, where the latest state wins.

    Parameters
    ----------
    session : Session
        Whose work is saved.
    deliver : callable, optional
        Brings what is to be told back to the thread that owns the session.
    executor : Executor, optional
        Must run one call at a time, in order.
    delay : float
        Seconds from a change to its save.
    folder : Path, optional
        Where work is saved in this window, whatever was chosen for all.
    """

    changed = Signal()
    """The status, the offer or the settings."""

    def __init__(
        self,
        session: Session,
        deliver: Deliver | None = None,
        executor: Executor | None = None,
        delay: float = DELAY,
        folder: Path | None = None,
    ) -> None:
        self._session = session
        self._deliver = deliver or _at_once
        self._saver = Saver(executor or ThreadPoolExecutor(1, "zeroseg-saving"), delay, self._tell)
        self._open = True
        self._known: set[Hashable] = set()
        self._statuses: dict[Hashable, SaveStatus] = {}
        self._offers: dict[Hashable, Offer] = {}
        self._before_removal: dict[Hashable, tuple[float, Timeline]] = {}
        self._folders: dict[Path, Path] = {}
        self._settings = _read_settings() if folder is None else SavingSettings(folder=folder)
        session.source_changed.connect(self._on_source_changed)
        session.changed.connect(self._on_session_changed)
        session.forgotten.connect(self._on_forgotten)
        self._on_source_changed(session.source)

    # what views read

    @property
    def settings(self) -> SavingSettings:
        return self._settings

    @property
    def status(self) -> SaveStatus:
        """What became of the work on the present image."""
        return self._statuses.get(self._key, SaveStatus())

    @property
    def offer(self) -> Offer | None:
        """Earlier work on the present image that nobody has decided on."""
        return self._offers.get(self._key)

    @property
    def _key(self) -> Hashable:
        source = self._session.source
        return source.key if source is not None else None

    # what a person does

    def restore(self) -> None:
        """Take up the work that is offered; what was done meanwhile stays in a file of its own."""
        offer = self._offers.pop(self._key, None)
        if offer is not None:
            self._saver.take_up(self._key)
            self._session.restore(offer.saved.timeline)
            self._set_status(self._key, SaveStatus(offer.path, offer.saved.when))

    def start_anew(self) -> None:
        """Leave the work that is offered in its file."""
        if self._offers.pop(self._key, None) is not None:
            self._saver.start_anew(self._key)
            self.changed.emit()

    def set_settings(self, settings: SavingSettings) -> None:
        """Save elsewhere from now on, or not at all; files that are there stay."""
        if settings == self._settings:
            return
        self._settings = settings
        self._saver.submit(write_document, saving_file(), settings)
        for key in tuple(self._known):
            self._leave(key)
        self._on_source_changed(self._session.source)
        self._on_session_changed()
        self.changed.emit()

    def keep_in(self, image: Path, folder: Path) -> None:
        """Save the work on one image in another folder than the rest, from when it is opened on."""
        self._folders[image] = folder

    def lend(self) -> None:
        """Save all that is not saved yet, and let others read it until more is done; waits for it."""
        self._saver.lend()

    def close(self, *_: object) -> None:
        """Save what is not saved yet and let go of the files; the thread ends by itself."""
        if self._open:
            self._open = False
            self._session.source_changed.disconnect(self._on_source_changed)
            self._session.changed.disconnect(self._on_session_changed)
            self._session.forgotten.disconnect(self._on_forgotten)
            self._saver.close()

    # from the session

    def _on_source_changed(self, source: ImageSource | None) -> None:
        if source is not None and source.key not in self._known and self._settings.on:
            self._known.add(source.key)
            self._saver.look(source, self._folder_of(source))
        self.changed.emit()

    def _on_session_changed(self, new: State | None = None, old: State | None = None) -> None:
        if self._key in self._known:
            timeline = self._session.timeline
            self._saver.save(self._key, timeline)
            self._note_removal(timeline, new, old)

    def _note_removal(self, timeline: Timeline, new: State | None, old: State | None) -> None:
        """Keep what there was before layers were removed: their image may be about to go too."""
        latest = timeline.past[-1] if timeline.past else None
        removed = new and old and len(new.layered) < len(old.layered) and latest and latest.before is old
        before = self._before_removal.pop(self._key, None)
        if removed and latest is not None:
            goes_on = before is not None and monotonic() - before[0] < BREATH
            earlier = replace(timeline, past=timeline.past[:-1], present=latest.before, future=())
            kept = before[1] if before and goes_on else earlier
            self._before_removal[self._key] = (monotonic(), kept)

    def _on_forgotten(self, key: Hashable) -> None:
        if key not in self._known:
            return
        when, timeline = self._before_removal.pop(key, (0.0, None))
        # a viewer that is cleared or closed removes the layers one by one: that is no wish to lose them
        if timeline is not None and monotonic() - when < BREATH:
            self._saver.save(key, timeline)
        self._leave(key)

    def _leave(self, key: Hashable) -> None:
        self._known.discard(key)
        self._offers.pop(key, None)
        self._statuses.pop(key, None)
        self._saver.leave(key)

    def _folder_of(self, source: ImageSource) -> Path | None:
        path = source.content.path if source.content is not None else None
        return self._settings.folder if path is None else self._folders.get(path, self._settings.folder)

    # from the saving thread

    def _tell(self, key: Hashable, told: Told) -> None:
        self._deliver(lambda: self._on_told(key, told))

    def _on_told(self, key: Hashable, told: Told) -> None:
        if not self._open or key not in self._known:
            return
        match told:
            case Looked():
                self._on_looked(key, told)
            case Written():
                self._on_written(key, told)
            case ZeroSegError():
                self._on_unsaved(key, told)

    def _on_looked(self, key: Hashable, looked: Looked) -> None:
        for problem in looked.problems:
            told = ZeroSegError(problem.happened, kept=problem.kept, remedy="Work is saved in another file.")
            self._session.problem_raised.emit(told)
        if looked.offer is not None:
            self._offers[key] = looked.offer
            self.changed.emit()

    def _on_written(self, key: Hashable, written: Written) -> None:
        if written.failed:
            told = ZeroSegError(written.failed[0].happened, kept=f"It is saved in '{written.path}' instead.")
            self._session.problem_raised.emit(told)
        self._set_status(key, SaveStatus(written.path, written.when))

    def _on_unsaved(self, key: Hashable, problem: ZeroSegError) -> None:
        before = self._statuses.get(key, SaveStatus())
        self._set_status(key, replace(before, problem=problem.happened))
        if not before.problem:  # once, and not for every change
            self._session.problem_raised.emit(problem)

    def _set_status(self, key: Hashable, status: SaveStatus) -> None:
        self._statuses[key] = status
        self.changed.emit()


def _at_once(function: Callable[[], None]) -> None:
    function()


def _read_settings() -> SavingSettings:
    try:
        return read_document(saving_file(), SavingSettings)
    except BadFileError as problem:
        _log.warning("Work is saved beside its image: %s", problem)
        return SavingSettings()
