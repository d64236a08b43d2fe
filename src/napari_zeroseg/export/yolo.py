"""YOLO's segmentation labels, as Ultralytics trains on them: a polygon for each object.

Source: "Instance Segmentation Datasets Overview" of https://docs.ultralytics.com.
"""

from __future__ import annotations

from math import isfinite
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import yaml
from pydantic import BaseModel, ValidationError

from napari_zeroseg.core.annotations import Annotations, Frame
from napari_zeroseg.core.errors import BadFileError, BadImageError, ExportError
from napari_zeroseg.export.atomic import make_folder, replacing
from napari_zeroseg.export.format import (
    NO_COLORS,
    NO_IDS,
    NO_SCALE,
    NO_SCORES,
    NO_STATES,
    SINGLE_PLANES,
    Format,
)
from napari_zeroseg.export.gathering import Gathering
from napari_zeroseg.export.images import told_volume
from napari_zeroseg.export.names import file_stem
from napari_zeroseg.export.polygons import filled, one_ring, polygons_of
from napari_zeroseg.export.untrusted import first_problem, read_bytes

if TYPE_CHECKING:
    from collections.abc import Sequence

    from napari_zeroseg.core.mask import Mask

LABELS, IMAGES, CLASSES = "labels", "images", "data.yaml"


def yolo_files(path: Path, annotations: Annotations) -> tuple[Path, ...]:
    """Return the file of an image in a data set's folder."""
    return (path / LABELS / f"{file_stem(annotations.image)}.txt",)


def write_yolo(path: Path, annotations: Annotations) -> None:
    """Write the labels of an image into a data set's folder, which may hold others with the same classes.

    Raises
    ------
    ExportError
        When the data set has other classes, or it cannot be written.
    """
    (file,) = yolo_files(path, annotations)
    make_folder(file.parent)
    names = list(annotations.vocabulary.names)
    _write_classes(path / CLASSES, names)
    lines = [f"{names.index(i.name)} {_polygon(i.mask, annotations.shape)}" for i in annotations.instances]
    with replacing(file) as part:
        part.write_text("".join(f"{line}\n" for line in lines), encoding="utf-8")


def _polygon(mask: Mask, shape: tuple[int, int]) -> str:
    corners = one_ring(polygons_of(mask)) / [shape[1], shape[0]]
    return " ".join(f"{part:.9g}" for part in corners.ravel())


def _write_classes(path: Path, names: Sequence[str]) -> None:
    if path.exists():
        if _classes(path) != list(names):
            raise ExportError(f"'{path}' lists other classes.", remedy="Choose another folder.")
        return
    document = {"path": ".", "train": IMAGES, "val": IMAGES, "names": dict(enumerate(names))}
    with replacing(path) as part:
        part.write_text(yaml.safe_dump(document, allow_unicode=True, sort_keys=False), encoding="utf-8")


class _Classes(BaseModel):
    names: dict[int, str] | list[str]


def _classes(path: Path) -> list[str]:
    try:
        names = _Classes.model_validate(yaml.safe_load(read_bytes(path))).names
    except (yaml.YAMLError, RecursionError, ValueError) as error:
        why = first_problem(error) if isinstance(error, ValidationError) else f"{error}"
        raise BadFileError(f"'{path.name}' lists no classes: {why}.") from error
    if isinstance(names, list):
        return names
    if sorted(names) != list(range(len(names))):
        raise BadFileError(f"'{path.name}' does not number its classes from 0 on.")
    return [names[number] for number in range(len(names))]


def read_yolo(path: Path, frame: Frame | None = None) -> list[Annotations]:
    """Read the labels of every image of a data set, or of the one that is given.

    Their images tell the sizes; they lie in ``images`` under the same names.

    Raises
    ------
    BadFileError
        When there are none, a file is damaged, or an image is missing.
    """
    names = _classes(path / CLASSES)
    files = sorted((path / LABELS).rglob("*.txt"))
    if frame is not None:
        stem = file_stem(frame.image)
        files = [file for file in files if file.stem == stem] or files[:2]
    if not files:
        raise BadFileError(f"'{path.name}' has no labels in a folder {LABELS}.")
    if frame is not None and len(files) > 1:
        raise BadFileError(f"'{path.name}' has no labels for '{frame.image}', or several.")
    return [_of_image(file, frame or _frame(path, file), names) for file in files]


def _frame(path: Path, file: Path) -> Frame:
    place = path / IMAGES / file.relative_to(path / LABELS).parent
    found = [image for image in sorted(place.glob("*")) if image.stem == file.stem]
    if not found:
        raise BadFileError(
            f"The size of the image of '{file.name}' is not known.",
            remedy=f"Put the image into the folder {IMAGES}, or name it.",
        )
    try:
        volume = told_volume(found[0], on_disk=True)
    except BadImageError as error:
        raise BadFileError(f"'{found[0].name}': {error.happened}") from error
    return Frame(found[0].name, volume.shape)


def _of_image(file: Path, frame: Frame, names: Sequence[str]) -> Annotations:
    gathering = Gathering(Frame(frame.image, frame.shape))  # of one plane, whatever the image has
    for name in names:
        gathering.declare(name)
    try:
        lines = read_bytes(file).decode("utf-8").splitlines()
    except UnicodeDecodeError as error:
        raise BadFileError(f"'{file.name}' is no text.") from error
    for number, line in enumerate(lines, 1):
        parts = line.split()
        if parts:
            mask = _mask(parts[1:], frame.shape)
            if mask is None or not (parts[0].isdecimal() and int(parts[0]) < len(names)):
                raise BadFileError(f"Line {number} of '{file.name}' is no object of a class that there is.")
            gathering.add(names[int(parts[0])], mask)
    return gathering.finish()


def _mask(texts: Sequence[str], shape: tuple[int, int]) -> Mask | None:
    """Return what a polygon encloses; four numbers are the centre and the size of a box."""
    try:
        values = [float(text) for text in texts]
    except ValueError:
        return None
    if not all(map(isfinite, values)):
        return None
    if len(values) in (4, 5):
        x, y, w, h = values[:4]
        values = [x - w / 2, y - h / 2, x + w / 2, y - h / 2, x + w / 2, y + h / 2, x - w / 2, y + h / 2]
    if len(values) < 6:
        return None
    corners = np.reshape(values[: len(values) // 2 * 2], (-1, 2)) * [shape[1], shape[0]]
    return filled([corners], shape)


YOLO = Format(
    "yolo",
    "YOLO segmentation",
    "",
    write_yolo,
    read_yolo,
    {**SINGLE_PLANES, **NO_SCALE, **NO_IDS, **NO_COLORS, **NO_SCORES, **NO_STATES},
    yolo_files,
)
