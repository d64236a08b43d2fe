"""A result's record and label images as annotations, so that results can go on to other tools."""

from __future__ import annotations

from math import prod
from typing import TYPE_CHECKING, Annotated, Any

import numpy as np
from pydantic import BaseModel, Field

from napari_zeroseg.core.annotations import Annotations, Frame
from napari_zeroseg.core.errors import BadFileError
from napari_zeroseg.core.label_images import masks_of
from napari_zeroseg.core.volume import Grid
from napari_zeroseg.export.format import Format
from napari_zeroseg.export.gathering import Gathering
from napari_zeroseg.export.json_files import read_json
from napari_zeroseg.export.record import read_label_files
from napari_zeroseg.export.tiff import read_label_tiff

if TYPE_CHECKING:
    from pathlib import Path

    from numpy.typing import NDArray

Positive = Annotated[float, Field(gt=0, allow_inf_nan=False)]


class _Image(BaseModel):
    name: str
    height: Annotated[int, Field(gt=0, le=1 << 20)]
    width: Annotated[int, Field(gt=0, le=1 << 20)]
    axes: Annotated[str, Field(pattern="^[TZ]{0,2}YX$")] = "YX"
    depth: list[Annotated[int, Field(gt=0)]] = []
    planes: Annotated[list[tuple[int, ...]], Field(min_length=1)] = [()]
    scale: dict[str, Positive] = {}
    units: dict[str, str] = {}

    @property
    def grid(self) -> Grid:
        if len(self.planes) != prod(self.depth):
            raise BadFileError("The record names other planes than it counts.")
        return Grid(self.axes, tuple(self.depth), tuple(self.planes), self.scale, self.units)


class _Instance(BaseModel):
    name: Annotated[str, Field(alias="class")]
    id: int
    plane: tuple[int, ...] = ()
    score: Any = None
    state: Any = None


class _Record(BaseModel):
    image: _Image
    instances: list[_Instance]


def read_record(path: Path, _frame: Frame | None = None) -> list[Annotations]:
    """Read a record with the label images beside it.

    Raises
    ------
    BadFileError
        When a file is missing or damaged.
    """
    record = read_json(path, _Record, "record of napari-zeroseg")
    shape, grid = (record.image.height, record.image.width), record.image.grid
    known = {(i.name, i.id, i.plane): i for i in record.instances}
    gathering = Gathering(Frame(record.image.name, shape, grid))
    for file in read_label_files(path):
        gathering.declare(file.name, file.color)
        stack = read_label_tiff(file.path)
        if stack.shape != (*grid.depth, *shape):
            raise BadFileError(f"'{file.path.name}' has shape {stack.shape}, which its record does not say.")
        for plane, labels in zip(grid.planes, stack.reshape(-1, *shape), strict=True):
            _gather(gathering, file.name, plane, labels, known)
    return [gathering.finish()]


def _gather(
    gathering: Gathering,
    name: str,
    plane: tuple[int, ...],
    labels: NDArray[np.integer[Any]],
    known: dict[tuple[str, int, tuple[int, ...]], _Instance],
) -> None:
    for number, mask in masks_of(labels):
        told = known.get((name, number, plane))
        score, state = (told.score, told.state) if told else (None, None)
        gathering.add(name, mask, number=number, score=score, state=state, plane=plane)


RECORD = Format("record", "Record of napari-zeroseg", ".json", None, read_record)
