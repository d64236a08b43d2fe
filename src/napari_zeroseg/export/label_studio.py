"""Label Studio's JSON: tasks with masks as its brush paints them; polygons are read too.

Source: "Export annotations" and the tags BrushLabels, PolygonLabels and RectangleLabels of
https://labelstud.io. What the machine proposes is a prediction, which Label Studio lets a person take over;
what a person answers for is an annotation.
"""

from __future__ import annotations

from pathlib import PurePosixPath
from typing import TYPE_CHECKING, Annotated, Any
from urllib.parse import unquote, urlsplit

import numpy as np
from pydantic import BaseModel, Field

from napari_zeroseg.core.annotations import Annotations, Frame
from napari_zeroseg.core.errors import BadFileError
from napari_zeroseg.core.instance import InstanceState
from napari_zeroseg.export.format import NO_COLORS, NO_EMPTY, NO_SCALE, SINGLE_PLANES, Format
from napari_zeroseg.export.gathering import Gathering
from napari_zeroseg.export.json_files import read_json, write_json
from napari_zeroseg.export.packed_runs import pack, unpack
from napari_zeroseg.export.polygons import filled

if TYPE_CHECKING:
    from pathlib import Path

    from napari_zeroseg.core.instance import Instance
    from napari_zeroseg.core.mask import Mask

FROM, TO = "tag", "image"
"""Names of the tags in the labelling set-up, as Label Studio's template for brushes has them."""


def write_label_studio(path: Path, annotations: Annotations) -> None:
    """Write a task with an annotation of what a person answers for and a prediction of the rest.

    Raises
    ------
    ExportError
        When the file cannot be written.
    """
    locked = [_region(i, annotations.shape) for i in annotations.instances if i.locked]
    proposed = [_region(i, annotations.shape) for i in annotations.instances if not i.locked]
    height, width = annotations.shape
    task = {
        "data": {"image": annotations.image},
        "annotations": [{"result": locked}] if locked else [],
        "predictions": [{"model_version": "napari-zeroseg", "result": proposed}] if proposed else [],
        "meta": {"height": height, "width": width},
    }
    write_json(path, [task])


def _region(instance: Instance, shape: tuple[int, int]) -> dict[str, Any]:
    plane = "_".join(map(str, instance.plane))
    return {
        "id": f"{instance.name}-{instance.id}-{plane}",
        "type": "brushlabels",
        "from_name": FROM,
        "to_name": TO,
        "original_width": shape[1],
        "original_height": shape[0],
        "image_rotation": 0,
        "score": round(instance.score, 4),
        "meta": {"id": instance.id, "state": str(instance.state)},
        "value": {"format": "rle", "rle": pack(instance.mask, shape), "brushlabels": [instance.name]},
    }


Percent = Annotated[float, Field(allow_inf_nan=False)]


class _Value(BaseModel):
    rle: list[int] = []
    points: list[tuple[Percent, Percent]] = []
    x: Percent = 0
    y: Percent = 0
    width: Percent = 0
    height: Percent = 0
    rotation: Percent = 0
    brushlabels: list[str] = []
    polygonlabels: list[str] = []
    rectanglelabels: list[str] = []
    labels: list[str] = []

    @property
    def name(self) -> str:
        named = self.brushlabels or self.polygonlabels or self.rectanglelabels or self.labels
        return named[0] if named else ""


class _Region(BaseModel):
    type: str = ""
    original_width: Annotated[int, Field(gt=0, le=1 << 20)] | None = None
    original_height: Annotated[int, Field(gt=0, le=1 << 20)] | None = None
    value: _Value = _Value()
    score: Any = None
    meta: dict[str, Any] | None = None

    @property
    def shape(self) -> tuple[int, int] | None:
        height, width = self.original_height, self.original_width
        return None if height is None or width is None else (height, width)


class _Made(BaseModel):
    result: list[_Region]
    was_cancelled: bool = False


class _Size(BaseModel):
    height: Annotated[int, Field(gt=0, le=1 << 20)] | None = None
    width: Annotated[int, Field(gt=0, le=1 << 20)] | None = None


class _Task(BaseModel):
    data: dict[str, Any]
    annotations: list[_Made] = []
    predictions: list[_Made] = []
    meta: _Size | None = None


def read_label_studio(path: Path, frame: Frame | None = None) -> list[Annotations]:
    """Read tasks as Label Studio exports them as JSON: of each task its annotations, and its predictions.

    Raises
    ------
    BadFileError
        When the file cannot be read or is damaged.
    """
    tasks = read_json(path, list[_Task], "tasks of Label Studio")
    try:
        return [_of_task(task, frame) for task in tasks]
    except BadFileError as error:
        raise BadFileError(f"'{path.name}' is damaged: {error.happened}") from error


def _of_task(task: _Task, frame: Frame | None) -> Annotations:
    shape = _shape(task) or (frame.shape if frame else None)
    if shape is None:
        raise BadFileError("A task has no objects and does not tell the size of its image.")
    gathering = Gathering(Frame(_image(task.data), shape))
    for made in (m for m in task.annotations if not m.was_cancelled):
        for region in made.result:
            _gather(gathering, region, shape, InstanceState.ACCEPTED)
    # a prediction that a person took over is there as an annotation as well
    if not task.annotations or _is_ours(task):
        for region in (r for made in task.predictions for r in made.result):
            _gather(gathering, region, shape, InstanceState.PROPOSED)
    return gathering.finish()


def _is_ours(task: _Task) -> bool:
    """Say whether annotations and predictions are apart, as they are in a file that was written here."""
    return task.meta is not None and task.meta.height is not None


def _shape(task: _Task) -> tuple[int, int] | None:
    if task.meta and task.meta.height and task.meta.width:
        return task.meta.height, task.meta.width
    regions = (r for made in (*task.annotations, *task.predictions) for r in made.result)
    return next((r.shape for r in regions if r.shape), None)


def _image(data: dict[str, Any]) -> str:
    """Return the file name of the image, whose address can be a path or a link."""
    address = data.get("image") or next((v for v in data.values() if isinstance(v, str)), "")
    if not isinstance(address, str):
        return ""
    place = urlsplit(address).path if "://" in address else address
    return PurePosixPath(unquote(place) if "://" in address else place.replace("\\", "/")).name


def _gather(gathering: Gathering, region: _Region, shape: tuple[int, int], state: InstanceState) -> None:
    mask = _mask(region, shape)
    if mask is None:
        gathering.leave_out(f"{region.type or 'result'} without an area")
        return
    told = region.meta or {}
    known = told.get("state") if told.get("state") in list(InstanceState) else state
    gathering.add(region.value.name, mask, number=told.get("id"), score=region.score, state=known)


def _mask(region: _Region, shape: tuple[int, int]) -> Mask | None:
    value = region.value
    if region.shape not in (None, shape):
        raise BadFileError("The regions of a task are of images of several sizes.")
    if value.rle:
        return unpack(value.rle, shape)
    scale = np.array([shape[1], shape[0]]) / 100
    if len(value.points) >= 3:
        return filled([np.array(value.points) * scale], shape)
    if region.type == "rectanglelabels" and not value.rotation:
        x0, y0, x1, y1 = value.x, value.y, value.x + value.width, value.y + value.height
        return filled([np.array([[x0, y0], [x1, y0], [x1, y1], [x0, y1]]) * scale], shape)
    return None


LABEL_STUDIO = Format(
    "label-studio",
    "Label Studio (JSON)",
    ".json",
    write_label_studio,
    read_label_studio,
    {**SINGLE_PLANES, **NO_SCALE, **NO_COLORS, **NO_EMPTY},
)
