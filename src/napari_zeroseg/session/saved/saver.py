"""What happens on the thread that saves: it knows files and states, and no session."""

from __future__ import annotations

import logging
from collections.abc import Callable, Hashable
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from threading import Event, Lock, Timer
from typing import TYPE_CHECKING

from napari_zeroseg.core.errors import ZeroSegError
from napari_zeroseg.session.saved.document import ImageSpec
from napari_zeroseg.session.saved.journal import Journal
from napari_zeroseg.session.saved.offer import Offer
from napari_zeroseg.session.saved.places import first_places
from napari_zeroseg.session.saved.store import UnsavedError

if TYPE_CHECKING:
    from concurrent.futures import Executor
    from pathlib import Path

    from napari_zeroseg.session.history import Timeline
    from napari_zeroseg.session.source import ImageSource

_log = logging.getLogger(__name__)

RETRY = 15.0
"""Seconds after which work that could not be saved is tried again, if nothing changes before."""


@dataclass(frozen=True, slots=True, eq=False)
class Looked:
    """What was found of an image: earlier work, and files with which something is wrong."""

    offer: Offer | None
    problems: list[ZeroSegError]


@dataclass(frozen=True, slots=True, eq=False)
class Written:
    """The work on an image is saved; ``failed`` are places that did not take it."""

    path: Path
    when: datetime
    failed: list[UnsavedError]


Told = Looked | Written | ZeroSegError
"""What became of an image's work; an error where it is not saved."""


class Saver:
    """Keeps the work on images in their files; the latest state of each wins.

    Parameters
    ----------
    executor : Executor
        Must run one call at a time, in order.
    delay : float
        Seconds from a change to its save.
    tell : callable
        Gets the key of an image and what became of its work; called on the saving thread.
    """

    def __init__(self, executor: Executor, delay: float, tell: Callable[[Hashable, Told], None]) -> None:
        self._executor = executor
        self._delay = delay
        self._tell: Callable[[Hashable, Told], None] | None = tell
        self._closing = Event()
        self._lock = Lock()
        self._pending: dict[Hashable, Timeline] = {}
        self._held: set[Hashable] = set()  # images whose file is about to be another one
        self._scheduled = False
        self._journals: dict[Hashable, Journal] = {}  # of the saving thread alone

    # from any thread

    def look(self, source: ImageSource, folder: Path | None) -> None:
        """Look for earlier work on an image, before anything of it is saved."""
        self.submit(self._look, source, folder)

    def save(self, key: Hashable, timeline: Timeline) -> None:
        """Save the work on an image soon."""
        with self._lock:
            self._pending[key] = timeline
            scheduled, self._scheduled = self._scheduled, True
        if not scheduled:
            self.submit(self._save_soon)

    def take_up(self, key: Hashable) -> None:
        """Go on in the file that was found; what is not saved yet goes into the other one first."""
        self._flush(key)
        with self._lock:
            self._held.add(key)
        self.submit(self._take_up, key)

    def start_anew(self, key: Hashable) -> None:
        """Leave the file that was found as it is."""
        self.submit(self._start_anew, key)

    def leave(self, key: Hashable) -> None:
        """Save what is not saved yet of an image, and let go of its files."""
        self._flush(key)
        self.submit(self._close_one, key)

    def lend(self) -> None:
        """Save what is not saved yet, and let others read the files until more is saved; waits for it."""
        with suppress(RuntimeError):  # Python ends
            self._executor.submit(_logged, self._lend).result()

    def close(self) -> None:
        """Save what is not saved yet and let go of all files; nothing is told any more."""
        self._closing.set()
        # what is told reaches widgets, which must not be deleted on the thread that saves
        self._tell = None
        # when Python is ending, it has let the thread do all that was asked, and ended it
        with suppress(RuntimeError):
            self._executor.submit(_logged, self._save_pending)
            self._executor.submit(_logged, self._close_all)
        self._executor.shutdown(wait=False)

    def submit(self, work: Callable[..., object], *arguments: object) -> None:
        """Do something on the saving thread, after what was asked before."""
        if not self._closing.is_set():
            with suppress(RuntimeError):  # Python ends
                self._executor.submit(_logged, work, *arguments)

    def _flush(self, key: Hashable) -> None:
        with self._lock:
            timeline = self._pending.pop(key, None)
        if timeline is not None:
            self.submit(self._save, key, timeline)

    # on the saving thread

    def _look(self, source: ImageSource, folder: Path | None) -> None:
        content = source.content
        if content is None:
            return
        image = ImageSpec(
            name=source.name[:1000],
            shape=source.shape,
            depth=source.depth,
            fingerprint=content.fingerprint(),
        )
        journal = Journal(image, first_places(content, source.name, image.fingerprint, folder))
        ours = {path for j in self._journals.values() for path in (j.path, j.found_path)}
        saved, problems = journal.look(ours)
        self._journals[source.key] = journal
        path = journal.found_path
        offer = Offer(saved, path, image) if saved is not None and path is not None else None
        self._report(source.key, Looked(offer, problems))

    def _save_soon(self) -> None:
        self._closing.wait(self._delay)
        self._save_pending()

    def _save_pending(self) -> None:
        with self._lock:
            ready = self._pending.keys() - self._held
            pending = {key: self._pending.pop(key) for key in ready}
            self._scheduled = False
        for key, timeline in pending.items():
            self._save(key, timeline)

    def _save(self, key: Hashable, timeline: Timeline) -> None:
        journal = self._journals.get(key)
        # a mere look at an image leaves no file beside it
        if journal is None or (journal.path is None and not (timeline.past or timeline.future)):
            return
        try:
            path, failed = journal.write(timeline)
        except Exception as problem:  # noqa: BLE001 - whatever it is, the person is to know
            self._report(key, _explained(problem))
            self._try_again(key, timeline)
        else:
            self._report(key, Written(path, datetime.now(UTC), failed))

    def _try_again(self, key: Hashable, timeline: Timeline) -> None:
        with self._lock:
            self._pending.setdefault(key, timeline)
        timer = Timer(RETRY, self.submit, [self._save_pending])
        timer.daemon = True
        timer.start()

    def _take_up(self, key: Hashable) -> None:
        if key in self._journals:
            self._journals[key].take_up()
        with self._lock:
            self._held.discard(key)
        self._save_pending()

    def _start_anew(self, key: Hashable) -> None:
        if key in self._journals:
            self._journals[key].start_anew()

    def _close_one(self, key: Hashable) -> None:
        journal = self._journals.pop(key, None)
        if journal is not None:
            journal.close()

    def _close_all(self) -> None:
        for key in tuple(self._journals):
            self._close_one(key)

    def _lend(self) -> None:
        self._save_pending()
        for journal in self._journals.values():
            journal.lend()

    def _report(self, key: Hashable, told: Told) -> None:
        tell = self._tell
        if tell is not None:
            tell(key, told)


def _logged(work: Callable[..., object], *arguments: object) -> None:
    """Call ``work``; what goes wrong must not end the saving of what comes later."""
    try:
        work(*arguments)
    except Exception:  # noqa: BLE001 - told in the log
        _log.exception("Saving failed")


def _explained(problem: Exception) -> ZeroSegError:
    if isinstance(problem, ZeroSegError):
        return problem
    _log.error("Saving failed", exc_info=problem)
    return UnsavedError(
        f"The work could not be saved: {type(problem).__name__}: {problem}",
        kept="The work in the window goes on.",
        remedy="Export what you need, and report it with the log.",
    )
