"""One file from a server to its place: in pieces if need be, whole and checked at the end."""

from __future__ import annotations

import hashlib
import shutil
from collections.abc import Callable
from dataclasses import dataclass
from threading import Event
from typing import TYPE_CHECKING

from napari_zeroseg.backends.weights.digests import differs, hashed
from napari_zeroseg.backends.weights.problems import KEPT, AlteredFileError, DownloadError, NoSpaceError
from napari_zeroseg.backends.weights.web import LostError, RefusedError, asking
from napari_zeroseg.core.cancellation import CancelledError, present

if TYPE_CHECKING:
    from hashlib import _Hash
    from pathlib import Path

    from napari_zeroseg.backends.weights.partial import Partial
    from napari_zeroseg.backends.weights.web import Answer

PAUSES = (0.0, 1.0, 3.0, 10.0)
"""Seconds before asking again, after tries that brought nothing."""
SPARE = 100_000_000
"""Bytes of the disk that a download leaves free."""


@dataclass(frozen=True, slots=True)
class Received:
    """What came: size in bytes, SHA-256, and the commit that the server gave, if it did."""

    size: int
    sha256: str
    commit: str


def fetch(url: str, partial: Partial, pinned: str, on_done: Callable[[int], None]) -> Received:
    """Bring a file here, going on from what is there, and put it in its place when it is right.

    Parameters
    ----------
    url : str
        Where it is.
    partial : Partial
        Where it is gathered.
    pinned : str
        SHA-256 or its leading digits; empty where nothing is published.
    on_done : callable
        Hears how many bytes of the file are here.

    Raises
    ------
    AlteredFileError
        When the content is not what was published; it is removed.
    CancelledError
        When the work is called off; what came is kept for the next time.
    DownloadError
        When the connection is lost time and again.
    NoSpaceError
        When the disk has too little room.
    RefusedError
        When the server does not give it.
    """
    patience = _Patience()
    while True:
        before = partial.size
        try:
            return _attempt(url, partial, pinned, on_done)
        except LostError as error:
            if not patience.left(before, partial.size):
                raise _lost(partial, url, error) from error
            _pause(PAUSES[patience.failures - 1])


class _Patience:
    """Counts tries that brought nothing, and those that lost what was there before."""

    def __init__(self) -> None:
        self.failures = 0
        self._losses = 0

    def left(self, before: int, now: int) -> bool:
        """Return whether to ask again after a try, from the bytes that were and are there."""
        self.failures = 1 if now > before else self.failures + 1
        self._losses += now < before
        return max(self.failures, self._losses) <= len(PAUSES)


def _pause(seconds: float) -> None:
    called_off = Event()
    with present().calling(called_off.set):
        if called_off.wait(seconds):
            raise CancelledError


def _attempt(url: str, partial: Partial, pinned: str, on_done: Callable[[int], None]) -> Received:
    start, etag = partial.resume()
    digest = hashed(partial.path, start) if start else hashlib.sha256()
    try:
        with asking(url, start=start, etag=etag) as answer:
            if not answer.start:
                digest = hashlib.sha256()
            elif answer.etag != etag:
                raise RefusedError(416, "changed")
            size = _gather(answer, partial, digest, on_done)
    except RefusedError as error:
        if error.status != 416:
            raise
        partial.drop()
        raise LostError("the file has changed on the server") from error
    _check(answer, partial, digest.hexdigest(), pinned)
    partial.finish()
    return Received(size, digest.hexdigest(), answer.commit)


def _gather(answer: Answer, partial: Partial, digest: _Hash, on_done: Callable[[int], None]) -> int:
    """Write what comes, and return the size of the whole file."""
    done = answer.start
    with partial.go_on(answer.start) if answer.start else partial.begin(answer.etag) as file:
        refuse_without_room(partial.path.parent, (answer.size or 0) - answer.start)
        for chunk in answer.chunks():
            file.write(chunk)
            digest.update(chunk)
            done += len(chunk)
            on_done(done)
    return done


def _check(answer: Answer, partial: Partial, sha256: str, pinned: str) -> None:
    """Remove what is not the published content, and say so."""
    expected = tuple(filter(None, (pinned, answer.sha256)))
    if not expected and not answer.is_framed:
        raise RefusedError(0, "it says neither how long the file is nor what its checksum is")
    wrong = differs(sha256, expected)
    if not wrong:
        return
    partial.drop()
    if answer.start or not answer.is_framed:
        raise LostError("the pieces do not make up the file")
    raise AlteredFileError(
        f"'{partial.name}' is not the published file: its SHA-256 begins with {sha256[:12]}, "
        f"that of the published one with {wrong[:12]}.",
        kept="It was removed.",
        remedy="Download it again; if that does not help, the server or mirror holds another file.",
    )


def refuse_without_room(folder: Path, needed: int) -> None:
    """Raise NoSpaceError when the disk of a folder has less room than is needed, in bytes."""
    existing = next(f for f in (folder, *folder.resolve().parents) if f.exists())
    free = shutil.disk_usage(existing).free
    if needed > 0 and free < needed + SPARE:
        raise NoSpaceError(
            f"The disk of '{folder}' has too little room: {needed / 1e9:.2f} GB are needed, and "
            f"{SPARE / 1e9:.1f} GB stay free, but {free / 1e9:.2f} GB are free now.",
            kept=KEPT,
            remedy="Free some space, or set NAPARI_ZEROSEG_MODELS to a folder on another disk.",
        )


def _lost(partial: Partial, url: str, error: LostError) -> DownloadError:
    host = url.split("/")[2]
    return DownloadError(
        f"'{partial.name}' could not be fetched from {host}: {error}.",
        kept=KEPT,
        remedy="See whether the machine is online, then try again. Where the hub cannot be reached, "
        "set HF_ENDPOINT to a mirror of it.",
    )
