"""JSON files: checked when they are read, whole or not there when they are written."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, TypeVar

from pydantic import TypeAdapter, ValidationError

from napari_zeroseg.core.errors import BadFileError
from napari_zeroseg.export.atomic import replacing
from napari_zeroseg.export.untrusted import first_problem, read_bytes

if TYPE_CHECKING:
    from pathlib import Path

T = TypeVar("T")


def write_json(path: Path, document: Any, indent: int | None = None) -> None:
    """Write a document.

    Raises
    ------
    ExportError
        When the file cannot be written.
    """
    with replacing(path) as part:
        part.write_text(json.dumps(document, ensure_ascii=False, indent=indent) + "\n", encoding="utf-8")


def read_json(path: Path, kind: type[T], what: str) -> T:
    """Return a JSON file as what it should be, such as a pydantic model.

    Parameters
    ----------
    path : Path
        The file.
    kind : type
        What pydantic can check.
    what : str
        What the file should hold, in the plural.

    Raises
    ------
    BadFileError
        When it cannot be read or holds something else; the text says where.
    """
    adapter: TypeAdapter[T] = TypeAdapter(kind)
    try:
        return adapter.validate_json(read_bytes(path))
    except ValidationError as error:
        raise BadFileError(f"'{path.name}' holds no {what}: {first_problem(error)}.") from error
