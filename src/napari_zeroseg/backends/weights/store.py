"""The folder of downloaded models, and where else the files of a model may be."""

from __future__ import annotations

from contextlib import contextmanager, suppress
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING

from filelock import FileLock, Timeout

from napari_zeroseg.backends.weights.hub import cached_folder
from napari_zeroseg.backends.weights.manifest import Manifest
from napari_zeroseg.backends.weights.own_copies import own_folder
from napari_zeroseg.backends.weights.partial import Partial
from napari_zeroseg.backends.weights.places import folder_of, place, root
from napari_zeroseg.backends.weights.problems import DownloadError
from napari_zeroseg.core.cancellation import CancelledError, present
from napari_zeroseg.core.errors import BadFileError, MissingBackendError

if TYPE_CHECKING:
    from collections.abc import Iterator

    from napari_zeroseg.backends.entry import WeightFile, Weights

LOOK_AGAIN_S = 0.2

__all__ = ["Place", "Status", "folder_of", "located", "remove", "root", "status"]


class Place(StrEnum):
    """Where files of a model are."""

    OWN = "own copy"
    STORE = "downloaded"
    HUB = "hub cache"


@dataclass(frozen=True, slots=True)
class Status:
    """Whether the files of a model are on this machine.

    Parameters
    ----------
    place : Place
        Where they are, or where a download would put them.
    folder : Path
        Which folder that is.
    missing : tuple of WeightFile
        What is not there, or not whole; empty when the model can be loaded.
    """

    place: Place
    folder: Path
    missing: tuple[WeightFile, ...] = ()

    @property
    def present(self) -> bool:
        return not self.missing

    @property
    def size(self) -> int:
        """Bytes to download, about, without what came of files already."""
        return sum(max(0, f.size - _came(self.folder, f)) for f in self.missing)


def _came(folder: Path, file: WeightFile) -> int:
    part = Partial(place(folder, file.name), "").path
    return part.stat().st_size if part.is_file() else 0


def status(name: str, weights: Weights) -> Status:
    """Return where the files of a backend are, looking at no server.

    A person's own copy comes first, then the folder of downloaded models, then the cache that
    other programs share with the hub's own.

    Parameters
    ----------
    name : str
        Of the backend.
    weights : Weights
        What it loads.
    """
    own = own_folder(name)
    if own is not None:
        return Status(Place.OWN, own, tuple(f for f in weights.files if not place(own, f.name).is_file()))
    folder = folder_of(weights)
    missing = outstanding(folder, weights)
    cached = cached_folder(weights) if missing else None
    return Status(Place.HUB, cached) if cached else Status(Place.STORE, folder, missing)


def outstanding(folder: Path, weights: Weights) -> tuple[WeightFile, ...]:
    """Return the files that are not in a folder of downloaded ones, not whole, or of another revision."""
    try:
        manifest = Manifest.of(folder)
    except BadFileError:
        manifest = Manifest()
    return tuple(f for f in weights.files if not _is_current(folder, weights, f, manifest))


def _is_current(folder: Path, weights: Weights, file: WeightFile, manifest: Manifest) -> bool:
    path, record = place(folder, file.name), manifest.files.get(file.name)
    if not path.is_file():
        return False
    # a file without a record was put there by a person, who knows what it is
    return record is None or (
        path.stat().st_size == record.size and record.revision == revision_of(weights, file)
    )


def revision_of(weights: Weights, file: WeightFile) -> str:
    """Return what decides which content a file should have."""
    return file.url or weights.revision


def located(name: str, weights: Weights) -> Path:
    """Return the folder that holds all files of the weights.

    Raises
    ------
    MissingBackendError
        When some are not on this machine; the text says how to fetch them, and how much that is.
    """
    found = status(name, weights)
    if found.present:
        return found.folder
    if found.place is Place.OWN:
        raise MissingBackendError(
            f"The weights of '{name}' are not in your folder '{found.folder}' any more: "
            f"{', '.join(f.name for f in found.missing)}.",
            remedy=f"Put them back, or use a download again: napari-zeroseg models path {name} --forget",
        )
    raise MissingBackendError(
        _what_is_missing(name, weights, found),
        remedy=f"Fetch them with: napari-zeroseg models download {name}",
    )


def _what_is_missing(name: str, weights: Weights, found: Status) -> str:
    cut = [f.name for f in found.missing if place(found.folder, f.name).is_file()]
    if cut:
        return f"Files of '{name}' are cut off or of another version: {', '.join(cut)}."
    return f"The weights of '{name}' ({weights.size / 1e9:.1f} GB) are not on this machine."


def remove(name: str, weights: Weights) -> int:
    """Remove the downloaded files of a backend, whole and partial, and return the bytes set free.

    Raises
    ------
    BadFileError
        When the files are a person's own, or shared with other programs.
    """
    found = status(name, weights)
    if found.place is not Place.STORE:
        remedy = _NOT_OURS[found.place].format(name=name)
        raise BadFileError(f"The files of '{name}' lie in '{found.folder}'.", remedy=remedy)
    folder = folder_of(weights)
    with only_one(folder):
        freed = sum(_removed(folder, file) for file in weights.files)
        _tidy(folder)
    return freed


_NOT_OURS = {
    Place.OWN: "They are your own copy: remove them yourself, or use a download with: "
    "napari-zeroseg models path {name} --forget",
    Place.HUB: "They are in the cache of the hub, which other programs use: remove them with 'hf cache'.",
}


def _removed(folder: Path, file: WeightFile) -> int:
    path = place(folder, file.name)
    freed = (path.stat().st_size if path.is_file() else 0) + _came(folder, file)
    path.unlink(missing_ok=True)
    Partial(path, "").drop()
    note(folder, Manifest.of(folder).without(file.name))
    return freed


def note(folder: Path, manifest: Manifest) -> None:
    """Write the manifest of a folder that is there."""
    if folder.is_dir():
        manifest.write(folder)


def _tidy(folder: Path) -> None:
    """Remove folders that hold nothing any more."""
    for path in (*sorted(folder.rglob("*"), reverse=True), folder):
        with suppress(OSError):
            path.rmdir()


@contextmanager
def only_one(folder: Path) -> Iterator[None]:
    """Let no other process or thread change a model's folder meanwhile; wait for those that do.

    Raises
    ------
    CancelledError
        When the work is called off while it waits.
    DownloadError
        When the file system knows no locks.
    """
    locks = root() / ".locks"
    locks.mkdir(parents=True, exist_ok=True)
    lock = FileLock(locks / f"{folder.name}.lock")
    _acquire(lock)
    try:
        yield
    finally:
        lock.release()


def _acquire(lock: FileLock) -> None:
    while not present().cancelled:
        try:
            lock.acquire(timeout=LOOK_AGAIN_S)
        except Timeout:
            continue
        except NotImplementedError:
            raise DownloadError(
                f"The disk of '{root()}' does not let one program wait for another.",
                remedy="Set NAPARI_ZEROSEG_MODELS to a folder on another disk.",
            ) from None
        return
    raise CancelledError
