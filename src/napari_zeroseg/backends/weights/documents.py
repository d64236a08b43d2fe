"""Small JSON documents that are whole or not there, and validated when they are read."""

from __future__ import annotations

import os
import tempfile
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

from pydantic import BaseModel, ValidationError

from napari_zeroseg.core.errors import BadFileError

if TYPE_CHECKING:
    from collections.abc import Callable

Document = TypeVar("Document", bound=BaseModel)
MAX_BYTES = 4_000_000


def read_document(path: Path, kind: type[Document]) -> Document:
    """Return the document in a file; an empty one where there is no file.

    Raises
    ------
    BadFileError
        When the file is not such a document; the text says which file to remove.
    """
    try:
        if path.stat().st_size > MAX_BYTES:
            raise _unreadable(path, "it is too large")
        return kind.model_validate_json(path.read_bytes())
    except FileNotFoundError:
        return kind()
    except OSError as error:
        raise _unreadable(path, error.strerror or str(error)) from error
    except ValidationError as error:
        raise _unreadable(path, error.errors()[0]["msg"]) from error


def write_document(path: Path, document: BaseModel) -> None:
    """Put a document in the place of the one that is there, at once.

    Raises
    ------
    BadFileError
        When the file cannot be written.
    """
    text = document.model_dump_json(indent=2) + "\n"
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        _replace(path, lambda part: part.write_text(text, encoding="utf-8"))
    except OSError as error:
        raise BadFileError(
            f"'{path}' could not be written: {error.strerror or error}.",
            remedy="Free some space, or see who may write there.",
        ) from error


def _replace(path: Path, write: Callable[[Path], object]) -> None:
    handle, name = tempfile.mkstemp(prefix=f".{path.name}-", dir=path.parent)
    os.close(handle)
    part = Path(name)
    try:
        write(part)
        part.replace(path)
    except BaseException:
        with suppress(OSError):
            part.unlink(missing_ok=True)
        raise


def _unreadable(path: Path, why: str) -> BadFileError:
    return BadFileError(f"'{path}' could not be read: {why}.", remedy="Remove the file, then try again.")
