"""Where a backend finds its weights on this machine."""

from __future__ import annotations

import hashlib
from contextlib import suppress
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING

from napari_zeroseg.backends.weights.digests import hashed
from napari_zeroseg.backends.weights.manifest import Manifest
from napari_zeroseg.backends.weights.store import located
from napari_zeroseg.core.errors import BadFileError

if TYPE_CHECKING:
    from pathlib import Path

    from napari_zeroseg.backends.entry import Weights


@dataclass(frozen=True, slots=True)
class Checkpoint:
    """The weights of one backend.

    Parameters
    ----------
    name : str
        The backend's name in the catalog.
    weights : Weights
        Which files, from where.
    """

    name: str
    weights: Weights

    def folder(self) -> Path:
        """Return the folder that holds all files of the weights.

        Raises
        ------
        MissingBackendError
            When a file is not on this machine; the text says how big the download is and how to
            start it.
        """
        return located(self.name, self.weights)

    def digest(self) -> str:
        """Return a digest of the files' content, in hexadecimal digits.

        Raises
        ------
        MissingBackendError
            When a file is not on this machine.
        """
        folder = self.folder()
        digests = (_digest(folder, file.name) for file in self.weights.files)
        return hashlib.sha256(" ".join(digests).encode()).hexdigest()


def _digest(folder: Path, name: str) -> str:
    """Return what was found at the download if the file is still the same size, else read it."""
    path = folder / name
    status = path.stat()
    with suppress(BadFileError):
        record = Manifest.of(folder).files.get(name)
        if record is not None and record.size == status.st_size:
            return record.sha256
    return _read(path, status.st_size, status.st_mtime_ns)


@cache
def _read(path: Path, size: int, _mtime: int) -> str:
    return hashed(path, size).hexdigest()
