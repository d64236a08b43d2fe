"""From a catalog entry's weights to files on this machine."""

from __future__ import annotations

import errno
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from napari_zeroseg.backends.weights import hub
from napari_zeroseg.backends.weights.manifest import FileRecord, Manifest
from napari_zeroseg.backends.weights.partial import Partial
from napari_zeroseg.backends.weights.places import folder_of, place, root
from napari_zeroseg.backends.weights.problems import (
    KEPT,
    DownloadError,
    NoSpaceError,
    PermissionNeededError,
)
from napari_zeroseg.backends.weights.store import Place, Status, only_one, outstanding, revision_of, status
from napari_zeroseg.backends.weights.transfer import fetch, refuse_without_room
from napari_zeroseg.backends.weights.web import RefusedError
from napari_zeroseg.core.errors import BadFileError

if TYPE_CHECKING:
    from pathlib import Path

    from napari_zeroseg.backends.entry import WeightFile, Weights


@dataclass(frozen=True, slots=True)
class Progress:
    """How far a download is.

    Parameters
    ----------
    file : str
        Which one is coming.
    done, total : int
        Bytes of all files that were missing; the total is what the catalog says, about.
    """

    file: str
    done: int
    total: int


OnProgress = Callable[[Progress], None]


def download(name: str, weights: Weights, on_progress: OnProgress = lambda _: None) -> Path:
    """Fetch the files of a backend that are not on this machine yet.

    May be called from any thread, and by several processes at once: one fetches, the others wait.
    The present cancellation ends it at once; the next call goes on from there.

    Parameters
    ----------
    name : str
        Of the backend.
    weights : Weights
        What it loads.
    on_progress : callable
        Hears often how far it is, on this thread.

    Returns
    -------
    Path
        The folder that holds all files.

    Raises
    ------
    CancelledError
        When the work is called off.
    DownloadError
        When a file cannot be fetched: OfflineError, NoSpaceError, PermissionNeededError and
        AlteredFileError are the kinds that have a way on of their own.
    """
    found = status(name, weights)
    if found.present:
        return found.folder
    if found.place is Place.OWN:
        raise _own_copy_incomplete(name, found)
    hub.refuse_offline(name)
    folder = folder_of(weights)
    with _telling_disk_trouble(), only_one(folder):
        _fetch_missing(name, weights, folder, on_progress)
    return folder


def _fetch_missing(name: str, weights: Weights, folder: Path, on_progress: OnProgress) -> None:
    missing = outstanding(folder, weights)
    refuse_without_room(folder, Status(Place.STORE, folder, missing).size)
    before, total = 0, sum(file.size for file in missing)
    for file in missing:
        tally = _Tally(file.name, before, total, on_progress)
        try:
            before += _fetch_one(weights, file, folder, tally)
        except RefusedError as error:
            raise _refused(name, weights, file, error) from error


@dataclass(frozen=True, slots=True)
class _Tally:
    """Adds what came of one file to what came before it."""

    name: str
    before: int
    total: int
    on_progress: OnProgress

    def __call__(self, done: int) -> None:
        so_far = self.before + done
        self.on_progress(Progress(self.name, so_far, max(so_far, self.total)))


def _fetch_one(weights: Weights, file: WeightFile, folder: Path, on_done: Callable[[int], None]) -> int:
    url, target = hub.address(weights, file), place(folder, file.name)
    received = fetch(url, Partial(target, url), file.sha256, on_done)
    record = FileRecord(
        source=url,
        revision=revision_of(weights, file),
        commit=received.commit,
        size=received.size,
        sha256=received.sha256,
        date=datetime.now(UTC),
    )
    _manifest(folder).with_file(file.name, record).write(folder)
    return received.size


def _manifest(folder: Path) -> Manifest:
    """Return the folder's manifest; a broken one tells nothing and is written anew."""
    try:
        return Manifest.of(folder)
    except BadFileError:
        return Manifest()


def _refused(name: str, weights: Weights, file: WeightFile, error: RefusedError) -> DownloadError:
    url = hub.address(weights, file)
    host, own = url.split("/")[2], f"napari-zeroseg models path {name} FOLDER"
    if error.status in {401, 403}:
        return PermissionNeededError(
            f"{host} gives '{file.name}' only to people who may have it.",
            kept=KEPT,
            remedy=f"Sign in and accept the terms on {hub.page(weights)}, make a token with the right to "
            "read, and set it: 'hf auth login', or the environment variable HF_TOKEN. If you have the "
            f"files already: {own}",
        )
    if error.status in {404, 410}:
        return DownloadError(
            f"'{file.name}' is not at {url} ({error}).",
            kept=KEPT,
            remedy=f"See whether there is a newer version of this program, or use your own copy: {own}",
        )
    return DownloadError(
        f"{host} does not give '{file.name}': {error}.", kept=KEPT, remedy="Try again later."
    )


def _own_copy_incomplete(name: str, found: Status) -> DownloadError:
    names = ", ".join(file.name for file in found.missing)
    return DownloadError(
        f"'{name}' is set to use your folder '{found.folder}', where these files are missing: {names}.",
        remedy=f"Put them back, or use a download again: napari-zeroseg models path {name} --forget",
    )


@contextmanager
def _telling_disk_trouble() -> Iterator[None]:
    try:
        yield
    except OSError as error:
        kind = NoSpaceError if error.errno in {errno.ENOSPC, errno.EDQUOT} else DownloadError
        raise kind(
            f"'{error.filename or root()}' could not be written: {error.strerror or error}.",
            kept=KEPT,
            remedy="Free some space, or set NAPARI_ZEROSEG_MODELS to another folder.",
        ) from error
