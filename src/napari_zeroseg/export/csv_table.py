"""Instances as a table, one row each, with their masks as runs: for spreadsheets, R and pandas."""

from __future__ import annotations

import csv
import io
from typing import TYPE_CHECKING, Annotated, Any

from pydantic import BaseModel, Field, ValidationError

from napari_zeroseg.core.annotations import Annotations, Frame
from napari_zeroseg.core.errors import BadFileError
from napari_zeroseg.export import rle
from napari_zeroseg.export.atomic import replacing
from napari_zeroseg.export.format import Format
from napari_zeroseg.export.gathering import Gathering
from napari_zeroseg.export.planes import grid_of, spelled
from napari_zeroseg.export.untrusted import MAX_FILE_BYTES, first_problem, read_bytes

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from napari_zeroseg.core.instance import Instance

COLUMNS = (
    "image", "height", "width", "axes", "planes", "pixel_size", "units",
    "class", "color", "id", "plane", "score", "state",
    "area", "x0", "y0", "x1", "y1", "center_x", "center_y", "rle",
)  # fmt: skip
"""Area and places are in pixels; ``rle`` is COCO's compressed form."""


def write_csv(path: Path, annotations: Annotations) -> None:
    """Write one row per instance, and one without an id for each class that has none.

    Raises
    ------
    ExportError
        When the file cannot be written.
    """
    text = io.StringIO()
    writer = csv.DictWriter(text, COLUMNS, restval="", lineterminator="\n")
    writer.writeheader()
    writer.writerows(_rows(annotations))
    with replacing(path) as part:
        # with a mark at its start, spreadsheets know that it is UTF-8
        part.write_text(text.getvalue(), encoding="utf-8-sig", newline="")


def _rows(annotations: Annotations) -> Iterator[dict[str, Any]]:
    frame = {
        "image": annotations.image,
        "height": annotations.shape[0],
        "width": annotations.shape[1],
        **spelled(annotations.grid),
    }
    for target in annotations.vocabulary:
        described = frame | {"class": target.name, "color": target.color}
        for row in [_row(i, annotations.shape) for i in annotations.of(target.name)] or [{}]:
            yield described | row


def _row(instance: Instance, shape: tuple[int, int]) -> dict[str, Any]:
    x0, y0, x1, y1 = (int(side) for side in instance.mask.trimmed().box)
    rows, cols = instance.mask.pixels.nonzero()
    y, x = instance.mask.origin
    return {
        "id": instance.id,
        "plane": " ".join(map(str, instance.plane)),
        "score": round(instance.score, 4),
        "state": str(instance.state),
        "area": instance.mask.area,
        "x0": x0, "y0": y0, "x1": x1, "y1": y1,
        "center_x": round(float(cols.mean()) + x + 0.5, 3),
        "center_y": round(float(rows.mean()) + y + 0.5, 3),
        "rle": rle.to_text(rle.encode_mask(instance.mask, shape)),
    }  # fmt: skip


class _Row(BaseModel):
    image: str = ""
    height: Annotated[int, Field(gt=0, le=1 << 20)]
    width: Annotated[int, Field(gt=0, le=1 << 20)]
    axes: str = ""
    planes: str = ""
    pixel_size: str = ""
    units: str = ""
    name: Annotated[str, Field(alias="class")]
    color: str = ""
    id: int | None = None
    plane: str = ""
    score: float | None = None
    state: str = ""
    rle: str = ""

    @property
    def frame(self) -> tuple[str, int, int, str, str, str, str]:
        return (
            self.image, self.height, self.width, self.axes, self.planes, self.pixel_size, self.units
        )  # fmt: skip


def read_csv(path: Path, _frame: Frame | None = None) -> list[Annotations]:
    """Read tables as :func:`write_csv` writes them, of any number of images.

    Raises
    ------
    BadFileError
        When the file cannot be read or is damaged; the text says in which line.
    """
    gatherings: dict[tuple[Any, ...], Gathering] = {}
    for number, row in _parsed(path):
        try:
            if row.frame not in gatherings:
                gatherings[row.frame] = _begun(row)
            _gather(row, gatherings[row.frame])
        except BadFileError as error:
            raise BadFileError(f"Line {number} of '{path.name}' is damaged: {error.happened}") from error
    if not gatherings:
        raise BadFileError(f"'{path.name}' has no rows.")
    return [gathering.finish() for gathering in gatherings.values()]


def _parsed(path: Path) -> Iterator[tuple[int, _Row]]:
    reader: csv.DictReader[str] | None = None
    # masks of large objects are longer than the fields of usual tables
    usual = csv.field_size_limit(MAX_FILE_BYTES)
    try:
        text = read_bytes(path).decode("utf-8-sig")
        reader = csv.DictReader(io.StringIO(text, newline=""), strict=True)
        for row in reader:
            yield reader.line_num, _Row.model_validate({k: v for k, v in row.items() if k and v})
    except ValidationError as error:
        line = reader.line_num if reader else 1
        raise BadFileError(f"Line {line} of '{path.name}' is no instance: {first_problem(error)}.") from error
    except (csv.Error, UnicodeDecodeError) as error:
        raise BadFileError(f"'{path.name}' is no table of instances: {error}.") from error
    finally:
        csv.field_size_limit(usual)


def _begun(row: _Row) -> Gathering:
    grid = grid_of(row.axes, row.planes, row.pixel_size, row.units)
    return Gathering(Frame(row.image, (row.height, row.width), grid))


def _gather(row: _Row, gathering: Gathering) -> None:
    gathering.declare(row.name, row.color)
    if row.rle:
        gathering.add(
            row.name,
            rle.decode(rle.from_text(row.rle), (row.height, row.width)),
            number=row.id,
            score=row.score,
            state=row.state,
            plane=_numbers(row.plane),
        )


def _numbers(text: str) -> tuple[int, ...]:
    parts = text.split()
    if not all(part.isdecimal() and len(part) < 10 for part in parts):
        raise BadFileError(f"{text!a} is no plane.")
    return tuple(map(int, parts))


CSV = Format("csv", "CSV table", ".csv", write_csv, read_csv)
