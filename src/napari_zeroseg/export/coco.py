"""COCO annotations: instances as run-length encoded masks in JSON."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated, Any

import numpy as np
from pydantic import BaseModel, Field, ValidationError

from napari_zeroseg.core.errors import BadFileError, ZeroSegError
from napari_zeroseg.core.instance import Instance, InstanceState
from napari_zeroseg.core.mask import Mask
from napari_zeroseg.core.vocabulary import TargetClass, Vocabulary
from napari_zeroseg.export import rle
from napari_zeroseg.export.atomic import replacing

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from numpy.typing import NDArray

MAX_FILE_BYTES = 500_000_000
MAX_PIXELS = 2**29


def coco_document(
    image: str, shape: tuple[int, int], vocabulary: Vocabulary, instances: Sequence[Instance]
) -> dict[str, Any]:
    """Return the annotations of one image as COCO's document.

    Parameters
    ----------
    image : str
        File name of the image.
    shape : tuple of int
        (H, W) in pixels.
    """
    return {
        "info": {"description": "Segmented with napari-zeroseg"},
        "images": [{"id": 1, "file_name": image, "height": shape[0], "width": shape[1]}],
        "categories": [
            {"id": vocabulary.id_of(c.name), "name": c.name, "supercategory": ""} for c in vocabulary
        ],
        "annotations": [
            _annotation(number, instance, vocabulary.id_of(instance.name), shape)
            for number, instance in enumerate(instances, 1)
        ],
    }


def _annotation(number: int, instance: Instance, category: int, shape: tuple[int, int]) -> dict[str, Any]:
    x0, y0, x1, y1 = instance.mask.trimmed().box
    counts = rle.encode(instance.mask.to_plane(shape))
    return {
        "id": number,
        "image_id": 1,
        "category_id": category,
        "iscrowd": 0,
        "segmentation": {"size": list(shape), "counts": rle.to_text(counts)},
        "area": instance.mask.area,
        "bbox": [x0, y0, x1 - x0, y1 - y0],
        "score": round(instance.score, 4),
        "attributes": {"instance_id": instance.id, "state": str(instance.state)},
    }


def write_coco(
    path: Path, image: str, shape: tuple[int, int], vocabulary: Vocabulary, instances: Sequence[Instance]
) -> None:
    """Write the annotations of one image, see :func:`coco_document`.

    Raises
    ------
    ExportError
        When the file cannot be written.
    """
    document = coco_document(image, shape, vocabulary, instances)
    with replacing(path) as part:
        part.write_text(json.dumps(document, ensure_ascii=False) + "\n", encoding="utf-8")


class _ImageEntry(BaseModel):
    id: int
    file_name: str = ""
    height: Annotated[int, Field(gt=0, le=1 << 20)]
    width: Annotated[int, Field(gt=0, le=1 << 20)]


class _Category(BaseModel):
    id: int
    name: str


class _Runs(BaseModel):
    size: tuple[int, int]
    counts: str | list[int]


class _Annotation(BaseModel):
    image_id: int
    category_id: int
    segmentation: _Runs | list[Annotated[list[float], Field(min_length=6)]]
    score: float = 1.0
    attributes: dict[str, Any] = Field(default_factory=dict)


class _Document(BaseModel):
    images: list[_ImageEntry]
    categories: list[_Category]
    annotations: list[_Annotation]


@dataclass(frozen=True)
class Annotated2D:
    """The instances of one image.

    Parameters
    ----------
    image : str
        File name of the image.
    shape : tuple of int
        (H, W) in pixels.
    """

    image: str
    shape: tuple[int, int]
    vocabulary: Vocabulary
    instances: tuple[Instance, ...]


def read_coco(path: Path) -> list[Annotated2D]:
    """Read COCO annotations, masks and polygons, one entry per image.

    Classes come in the order of their ids; where names cannot be classes, the file is refused.

    Raises
    ------
    BadFileError
        When the file cannot be read or is damaged; the text says where.
    """
    document = _parse(path)
    try:
        return [_of_image(document, image) for image in document.images]
    except ZeroSegError as error:
        raise BadFileError(f"'{path.name}' cannot be used: {error.happened}") from error


def _parse(path: Path) -> _Document:
    try:
        if path.stat().st_size > MAX_FILE_BYTES:
            raise BadFileError(f"'{path.name}' is larger than {MAX_FILE_BYTES // 10**6} MB.")
        return _Document.model_validate_json(path.read_bytes())
    except OSError as error:
        raise BadFileError(f"'{path}' could not be read: {error.strerror or error}.") from error
    except ValidationError as error:
        first = error.errors()[0]
        where = ".".join(str(part) for part in first["loc"]) or "document"
        raise BadFileError(f"'{path.name}' holds no COCO annotations: {where}: {first['msg']}.") from error


def _of_image(document: _Document, image: _ImageEntry) -> Annotated2D:
    if image.height * image.width > MAX_PIXELS:
        raise BadFileError(f"The image {image.id} says it is {image.width} × {image.height} pixels.")
    names = {c.id: c.name for c in sorted(document.categories, key=lambda c: c.id)}
    vocabulary = Vocabulary(tuple(TargetClass(name) for name in names.values()))
    used: dict[str, int] = {}
    instances = []
    for annotation in document.annotations:
        if annotation.image_id == image.id:
            name = _name_of(annotation, names)
            used[name] = used.get(name, 0) + 1
            instances.append(_instance(annotation, name, used[name], (image.height, image.width)))
    return Annotated2D(image.file_name, (image.height, image.width), vocabulary, tuple(instances))


def _name_of(annotation: _Annotation, names: dict[int, str]) -> str:
    if annotation.category_id not in names:
        raise BadFileError(f"An annotation names the category {annotation.category_id}, which is not there.")
    return names[annotation.category_id].strip()


def _instance(annotation: _Annotation, name: str, number: int, shape: tuple[int, int]) -> Instance:
    state = annotation.attributes.get("state")
    known = state in {str(s) for s in InstanceState}
    return Instance(
        number,
        name,
        Mask.from_plane(_pixels(annotation.segmentation, shape)),
        float(np.clip(annotation.score, 0, 1)),
        # what another tool holds was made or checked by a person, for all that is known
        InstanceState(str(state)) if known else InstanceState.ACCEPTED,
    )


def _pixels(segmentation: _Runs | list[list[float]], shape: tuple[int, int]) -> NDArray[np.bool_]:
    if isinstance(segmentation, list):
        return _filled(segmentation, shape)
    if segmentation.size != shape:
        raise BadFileError(f"A mask has size {list(segmentation.size)}, its image {list(shape)}.")
    counts = segmentation.counts
    return rle.decode(rle.from_text(counts) if isinstance(counts, str) else counts, shape)


def _filled(polygons: list[list[float]], shape: tuple[int, int]) -> NDArray[np.bool_]:
    from skimage.draw import polygon2mask

    plane = np.zeros(shape, bool)
    for flat in polygons:
        # polygons run along pixel edges, masks are asked at pixel centres
        corners = np.reshape(flat[: len(flat) // 2 * 2], (-1, 2))[:, ::-1] - 0.5
        plane |= polygon2mask(shape, corners)
    return plane
