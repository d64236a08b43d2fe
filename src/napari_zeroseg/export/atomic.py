"""Files that are whole or not there."""

from __future__ import annotations

import os
import shutil
import tempfile
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING

from napari_zeroseg.core.errors import ExportError

if TYPE_CHECKING:
    from collections.abc import Iterator


@contextmanager
def replacing(path: Path) -> Iterator[Path]:
    """Give a new empty file in the same folder, which takes the place of ``path`` at the end.

    When anything fails before that, the new file is removed and ``path`` stays as it was.

    Raises
    ------
    ExportError
        When the folder cannot be written, or the disk is full.
    """
    try:
        part = _new_file_beside(path)
        try:
            yield part
            part.replace(path)
        except BaseException:
            with suppress(OSError):
                part.unlink(missing_ok=True)
            raise
    except OSError as error:
        raise _told(error, path) from error


@contextmanager
def replacing_folder(path: Path) -> Iterator[Path]:
    """Give a new empty folder beside ``path``, which takes its place at the end, as :func:`replacing` does.

    Raises
    ------
    ExportError
        When the folder cannot be written, or the disk is full.
    """
    try:
        part = Path(tempfile.mkdtemp(prefix=".zeroseg-", dir=path.parent))
        part.chmod(0o777 & ~_umask())
        try:
            yield part
            if path.exists():
                shutil.rmtree(path)
            part.replace(path)
        except BaseException:
            shutil.rmtree(part, ignore_errors=True)
            raise
    except OSError as error:
        raise _told(error, path) from error


def _new_file_beside(path: Path) -> Path:
    handle, name = tempfile.mkstemp(prefix=".zeroseg-", suffix=path.suffix, dir=path.parent)
    os.close(handle)
    part = Path(name)
    # mkstemp keeps others out, as if the file were a secret; a result is as public as its neighbours
    part.chmod(0o666 & ~_umask())
    return part


def _umask() -> int:
    mask = os.umask(0o022)
    os.umask(mask)
    return mask


def _told(error: OSError, path: Path) -> ExportError:
    reason = error.strerror or str(error)
    kept = f"The older '{path.name}' is untouched." if path.exists() else "No half-written file was left."
    return ExportError(
        f"'{path}' could not be written: {reason}.",
        kept=kept,
        remedy="Free some space or choose another folder, then export again.",
    )


def make_folder(folder: Path) -> None:
    """Create a folder with its parents.

    Raises
    ------
    ExportError
        When that is impossible.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise ExportError(
            f"The folder '{folder}' could not be made: {error.strerror or error}.",
            remedy="Choose another folder.",
        ) from error
