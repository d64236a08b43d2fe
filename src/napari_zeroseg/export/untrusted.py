"""Files of other tools, which may come from anywhere: read within limits, and checked before use."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from napari_zeroseg.core.errors import BadFileError

if TYPE_CHECKING:
    from pathlib import Path

    from pydantic import ValidationError

MAX_FILE_BYTES = 500_000_000


def read_bytes(path: Path) -> bytes:
    """Return the content of a file.

    Raises
    ------
    BadFileError
        When it cannot be read, or is too large.
    """
    try:
        if path.stat().st_size > MAX_FILE_BYTES:
            raise BadFileError(f"'{path.name}' is larger than {MAX_FILE_BYTES // 10**6} MB.")
        return path.read_bytes()
    except OSError as error:
        raise BadFileError(f"'{path}' could not be read: {error.strerror or error}.") from error


def first_problem(error: ValidationError) -> str:
    """Return where the first thing is that is wrong, and what is wrong with it."""
    first: Any = error.errors()[0]
    where = ".".join(str(part) for part in first["loc"]) or "document"
    return f"{where}: {first['msg']}"
