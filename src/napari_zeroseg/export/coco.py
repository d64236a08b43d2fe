"""COCO annotations: instances as run-length encoded masks or as polygons in JSON.

Source: "Data format" of https://cocodataset.org, and for colours of categories its panoptic part.
"""

from __future__ import annotations

from functools import reduce
from pathlib import PurePosixPath
from typing import TYPE_CHECKING, Annotated, Any

import numpy as np
from pydantic import BaseModel, Field

from napari_zeroseg.core.annotations import Annotations, Frame
from napari_zeroseg.core.errors import BadFileError
from napari_zeroseg.core.mask import Mask
from napari_zeroseg.export import rle
from napari_zeroseg.export.colors import hex_color, rgb
from napari_zeroseg.export.format import NO_SCALE, SINGLE_PLANES, Format
from napari_zeroseg.export.gathering import Gathering
from napari_zeroseg.export.json_files import read_json, write_json
from napari_zeroseg.export.polygons import NOTHING, filled, one_ring, polygons_of

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from napari_zeroseg.core.instance import Instance

    Segmentation = dict[str, Any] | list[list[int]]


def coco_document(
    annotations: Annotations, segmentation: Callable[[Mask, tuple[int, int]], Segmentation]
) -> dict[str, Any]:
    """Return the annotations of one image as COCO's document.

    ``segmentation`` says how a mask is written: :func:`as_runs` or :func:`as_polygons`.
    """
    vocabulary, (height, width) = annotations.vocabulary, annotations.shape
    ids = {name: number for number, name in enumerate(vocabulary.names, 1)}
    return {
        "info": {"description": "Segmented with napari-zeroseg"},
        "images": [{"id": 1, "file_name": annotations.image, "height": height, "width": width}],
        "categories": [
            {"id": ids[c.name], "name": c.name, "supercategory": "", "color": rgb(c.color)}
            for c in vocabulary
        ],
        "annotations": [
            _annotation(number, instance, ids[instance.name])
            | {"segmentation": segmentation(instance.mask, annotations.shape)}
            for number, instance in enumerate(annotations.instances, 1)
        ],
    }


def _annotation(number: int, instance: Instance, category: int) -> dict[str, Any]:
    x0, y0, x1, y1 = instance.mask.trimmed().box
    return {
        "id": number,
        "image_id": 1,
        "category_id": category,
        "iscrowd": 0,
        "area": instance.mask.area,
        "bbox": [x0, y0, x1 - x0, y1 - y0],
        "score": round(instance.score, 4),
        "attributes": {"instance_id": instance.id, "state": str(instance.state)},
    }


def as_runs(mask: Mask, shape: tuple[int, int]) -> Segmentation:
    """Return a mask as compressed runs."""
    return {"size": list(shape), "counts": rle.to_text(rle.encode_mask(mask, shape))}


def as_polygons(mask: Mask, _shape: tuple[int, int]) -> Segmentation:
    """Return a mask as one polygon for each of its parts; holes are joined to the outline."""
    return [one_ring([polygon]).ravel().tolist() for polygon in polygons_of(mask)]


def write_coco(path: Path, annotations: Annotations) -> None:
    """Write masks as runs, exactly as they are.

    Raises
    ------
    ExportError
        When the file cannot be written.
    """
    write_json(path, coco_document(annotations, as_runs))


def write_coco_polygons(path: Path, annotations: Annotations) -> None:
    """Write masks as polygons along the edges of their pixels.

    Raises
    ------
    ExportError
        When the file cannot be written.
    """
    write_json(path, coco_document(annotations, as_polygons))


Coordinate = Annotated[float, Field(allow_inf_nan=False)]


class _ImageEntry(BaseModel):
    id: int
    file_name: str = ""
    height: Annotated[int, Field(gt=0, le=1 << 20)]
    width: Annotated[int, Field(gt=0, le=1 << 20)]


class _Category(BaseModel):
    id: int
    name: str
    color: Any = None


class _Runs(BaseModel):
    size: tuple[int, int]
    counts: str | list[int]


class _Annotation(BaseModel):
    image_id: int
    category_id: int
    segmentation: _Runs | list[Annotated[list[Coordinate], Field(min_length=6)]]
    score: Any = None
    attributes: dict[str, Any] = Field(default_factory=dict)


class _Document(BaseModel):
    images: list[_ImageEntry]
    categories: list[_Category]
    annotations: list[_Annotation]


def read_coco(path: Path, _frame: Frame | None = None) -> list[Annotations]:
    """Read COCO annotations, masks and polygons, one entry per image.

    Classes come in the order of their ids.

    Raises
    ------
    BadFileError
        When the file cannot be read or is damaged; the text says where.
    """
    document = read_json(path, _Document, "COCO annotations")
    try:
        return [_of_image(document, image) for image in document.images]
    except BadFileError as error:
        raise BadFileError(f"'{path.name}' cannot be used: {error.happened}") from error


def _of_image(document: _Document, image: _ImageEntry) -> Annotations:
    shape = (image.height, image.width)
    # a path of someone's disk says nothing here but its end
    gathering = Gathering(Frame(PurePosixPath(image.file_name.replace("\\", "/")).name, shape))
    categories = {c.id: c for c in sorted(document.categories, key=lambda c: c.id)}
    for category in categories.values():
        gathering.declare(category.name, hex_color(category.color))
    for annotation in document.annotations:
        if annotation.image_id == image.id:
            if annotation.category_id not in categories:
                raise BadFileError(
                    f"An annotation names the category {annotation.category_id}, which is not there."
                )
            gathering.add(
                categories[annotation.category_id].name,
                _mask(annotation.segmentation, shape),
                number=annotation.attributes.get("instance_id"),
                score=annotation.score,
                state=annotation.attributes.get("state"),
            )
    return gathering.finish()


def _mask(segmentation: _Runs | list[list[float]], shape: tuple[int, int]) -> Mask:
    if isinstance(segmentation, list):
        return reduce(Mask.plus, (filled([_corners(flat)], shape) for flat in segmentation), NOTHING)
    if segmentation.size != shape:
        raise BadFileError(f"A mask has size {list(segmentation.size)}, its image {list(shape)}.")
    counts = segmentation.counts
    return rle.decode(rle.from_text(counts) if isinstance(counts, str) else counts, shape)


def _corners(flat: list[float]) -> np.ndarray[Any, Any]:
    return np.reshape(flat[: len(flat) // 2 * 2], (-1, 2))


_LOSES = {**SINGLE_PLANES, **NO_SCALE}

COCO = Format("coco", "COCO (masks)", ".json", write_coco, read_coco, _LOSES)
COCO_POLYGONS = Format("coco-polygons", "COCO (polygons)", ".json", write_coco_polygons, read_coco, _LOSES)
