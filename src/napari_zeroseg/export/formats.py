"""The exchange formats that there are, and which of them a file is in."""

from __future__ import annotations

from typing import TYPE_CHECKING

from napari_zeroseg.core.errors import BadFileError
from napari_zeroseg.core.record import KIND
from napari_zeroseg.export.coco import COCO, COCO_POLYGONS
from napari_zeroseg.export.csv_table import CSV
from napari_zeroseg.export.cvat import CVAT
from napari_zeroseg.export.imagej import IMAGEJ
from napari_zeroseg.export.label_studio import LABEL_STUDIO
from napari_zeroseg.export.label_tiff import LABELS
from napari_zeroseg.export.qupath import QUPATH
from napari_zeroseg.export.record_annotations import RECORD

if TYPE_CHECKING:
    from pathlib import Path

    from napari_zeroseg.export.format import Format

FORMATS = {f.name: f for f in (LABELS, COCO, COCO_POLYGONS, QUPATH, IMAGEJ, CVAT, LABEL_STUDIO, CSV, RECORD)}
"""Every format by its name."""
WRITERS = {name: f.write for name, f in FORMATS.items() if f.write}
READERS = {name: f.read for name, f in FORMATS.items() if f.read}

_BY_SUFFIX = {
    ".tif": LABELS, ".tiff": LABELS, ".geojson": QUPATH, ".zip": IMAGEJ, ".roi": IMAGEJ, ".xml": CVAT,
    ".csv": CSV,
}  # fmt: skip
_BEGINNING = 4096
"""Bytes within which a JSON file has to say what it is."""
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
    """Return the format that a file is in, None where it is in none."""
    suffix = path.suffix.lower()
    if suffix == ".json":
        return _of_json(path)
    return _BY_SUFFIX.get(suffix)


def _of_json(path: Path) -> Format | None:
    try:
        with path.open("rb") as file:
            beginning = file.read(_BEGINNING)
    except OSError:
        return None
    if KIND.encode() in beginning:
        return RECORD
    if b'"Feature"' in beginning:
        return QUPATH
    kind, keys = (LABEL_STUDIO, _TASK) if beginning.lstrip().startswith(b"[") else (COCO, _COCO)
    return kind if any(key in beginning for key in keys) else None
