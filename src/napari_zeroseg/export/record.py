"""The record of a result as JSON, which names the files that belong to it."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any, TypeVar

from pydantic import BaseModel, Field, ValidationError

from napari_zeroseg.core.errors import BadFileError
from napari_zeroseg.core.record import KIND, RecordedImage
from napari_zeroseg.core.script import MOST_NOTES, Note, Script
from napari_zeroseg.export.atomic import replacing

MAX_FILE_BYTES = 500_000_000


def write_record(path: Path, record: dict[str, Any], files: dict[str, Any]) -> None:
    """Write a record.

    Parameters
    ----------
    path : Path
        Replaced if it is there.
    record : dict
        JSON-able, from ``Result.record()``.
    files : dict
        Names of the files that were written with it, relative to its folder.

    Raises
    ------
    ExportError
        When the file cannot be written.
    """
    document = {"kind": KIND, **record, "files": files}
    with replacing(path) as part:
        part.write_text(json.dumps(document, ensure_ascii=False, indent=2) + "\n", encoding="utf-8")


class _Look(BaseModel):
    name: str
    color: str = ""


class _Recipe(BaseModel):
    classes: list[_Look] = []


class _Files(BaseModel):
    labels: dict[str, str] = {}


class _Document(BaseModel):
    kind: Annotated[str, Field(pattern=f"^{KIND}$")]
    recipe: _Recipe = _Recipe()
    files: _Files = _Files()


@dataclass(frozen=True)
class LabelFile:
    """Where the label image of a class lies, and the class's colour (``#rrggbb`` or empty)."""

    name: str
    path: Path
    color: str


def read_label_files(path: Path) -> list[LabelFile]:
    """Return the label images that a record names, in the order of its classes.

    Only files in the record's own folder are named: a record can come from anywhere.

    Raises
    ------
    BadFileError
        When the file is no record, or points out of its folder.
    """
    document = _read(path, _Document)
    colors = {c.name: c.color for c in document.recipe.classes}
    return [
        LabelFile(name, _beside(path, file), colors.get(name, ""))
        for name, file in document.files.labels.items()
    ]


class _Scripted(BaseModel):
    kind: Annotated[str, Field(pattern=f"^{KIND}$")]
    image: RecordedImage
    script: Annotated[tuple[Note, ...], Field(max_length=MOST_NOTES)] = ()


def read_script(path: Path) -> Script:
    """Return what a person did to the image of a record.

    Raises
    ------
    BadFileError
        When the file is no record, or holds no script.
    """
    document = _read(path, _Scripted)
    if not document.script:
        raise BadFileError(
            f"'{path.name}' tells of nothing that a person did.",
            remedy="Make its result again with: napari-zeroseg run.",
        )
    return Script(document.image.name, (document.image.height, document.image.width), document.script)


D = TypeVar("D", bound=BaseModel)


def _read(path: Path, kind: type[D]) -> D:
    try:
        if path.stat().st_size > MAX_FILE_BYTES:
            raise BadFileError(f"'{path.name}' is too large to be a record.")
        return kind.model_validate_json(path.read_bytes())
    except OSError as error:
        raise BadFileError(f"'{path}' could not be read: {error.strerror or error}.") from error
    except ValidationError as error:
        raise BadFileError(f"'{path.name}' is no record of napari-zeroseg.") from error


def _beside(record: Path, file: str) -> Path:
    if Path(file).name != file or file in {"", ".", ".."} or "\\" in file:
        raise BadFileError(f"'{record.name}' names the file {file!a}, which is not in its folder.")
    return record.parent / file
