"""The exchange formats that there are, and which of them a file is in."""

from __future__ import annotations

from typing import TYPE_CHECKING

from napari_zeroseg.core.errors import BadFileError
from napari_zeroseg.core.record import KIND
from napari_zeroseg.export import cityscapes, voc, yolo
from napari_zeroseg.export.cityscapes import CITYSCAPES
from napari_zeroseg.export.coco import COCO, COCO_POLYGONS
from napari_zeroseg.export.csv_table import COLUMNS, CSV
from napari_zeroseg.export.cvat import CVAT
from napari_zeroseg.export.imagej import IMAGEJ
from napari_zeroseg.export.label_studio import LABEL_STUDIO
from napari_zeroseg.export.label_tiff import LABELS
from napari_zeroseg.export.ome_zarr import OME_ZARR
from napari_zeroseg.export.qupath import QUPATH
from napari_zeroseg.export.record_annotations import RECORD
from napari_zeroseg.export.voc import VOC
from napari_zeroseg.export.yolo import YOLO
from napari_zeroseg.export.zarr_images import is_zarr

if TYPE_CHECKING:
    from pathlib import Path

    from napari_zeroseg.export.format import Format

FORMATS = {
    f.name: f
    for f in (
        LABELS, OME_ZARR, COCO, COCO_POLYGONS, YOLO, VOC, CITYSCAPES, QUPATH, IMAGEJ, CVAT, LABEL_STUDIO, CSV,
        RECORD,
    )
}  # fmt: skip
"""Every format by its name."""
WRITERS = {name: f.write for name, f in FORMATS.items() if f.write}
READERS = {name: f.read for name, f in FORMATS.items() if f.read}

_SIGNS = {
    ".csv": (CSV, b",".join(c.encode() for c in COLUMNS[:3])),
    ".roi": (IMAGEJ, b"Iout"),
    ".xml": (CVAT, b"<annotations"),
    ".zip": (IMAGEJ, b".roi"),
}
"""What a file of a suffix has near its beginning, where it is of a format that is read."""
_BEGINNING = 4096
"""Bytes within which a file has to say what it is."""
_COCO = (b'"images"', b'"annotations"', b'"categories"')
"""The key "annotations" can come after a long list of images."""
_TASK = (b'"data"', b'"annotations"', b'"predictions"')


def format_of(path: Path) -> Format:
    """Return the format that a file is in, by its name and its beginning.

    Raises
    ------
    BadFileError
        When it is in none that can be read.
    """
    found = recognised(path)
    if found is None:
        raise BadFileError(
            f"'{path.name}' is in no format that can be read here.",
            remedy=f"There are {', '.join(READERS)}.",
        )
    return found


def recognised(path: Path) -> Format | None:
    """Return the format that a file, or a folder, is in, None where it is in none."""
    if path.is_dir():
        return _of_folder(path)
    suffix = path.suffix.lower()
    if suffix in (".tif", ".tiff", ".png"):
        return LABELS
    beginning = _beginning(path)
    if suffix in (".json", ".geojson"):
        return _of_json(beginning)
    kind, sign = _SIGNS.get(suffix, (None, b""))
    return kind if sign in beginning else None


def _beginning(path: Path) -> bytes:
    try:
        with path.open("rb") as file:
            return file.read(_BEGINNING)
    except OSError:
        return b""


def _of_folder(path: Path) -> Format | None:
    marks = ((VOC, path / voc.CLASSES), (YOLO, path / yolo.CLASSES))
    if is_zarr(path):
        return OME_ZARR
    found = (kind for kind, mark in marks if mark.exists())
    return next(found, CITYSCAPES if next(path.rglob(f"*{cityscapes.OBJECTS}"), None) else None)


def _of_json(beginning: bytes) -> Format | None:
    if KIND.encode() in beginning:
        return RECORD
    if b'"Feature"' in beginning:
        return QUPATH
    kind, keys = (LABEL_STUDIO, _TASK) if beginning.lstrip().startswith(b"[") else (COCO, _COCO)
    return kind if any(key in beginning for key in keys) else None
