"""The exchange formats that there are, and which of them a file is in."""

from __future__ import annotations

from typing import TYPE_CHECKING

from napari_zeroseg.core.errors import BadFileError
from napari_zeroseg.core.record import KIND
from napari_zeroseg.export.coco import COCO, COCO_POLYGONS
from napari_zeroseg.export.csv_table import CSV
from napari_zeroseg.export.label_tiff import LABELS
from napari_zeroseg.export.record_annotations import RECORD

if TYPE_CHECKING:
    from pathlib import Path

    from napari_zeroseg.export.format import Format

FORMATS = {f.name: f for f in (LABELS, COCO, COCO_POLYGONS, CSV, RECORD)}
"""Every format by its name."""
WRITERS = {name: f.write for name, f in FORMATS.items() if f.write}
READERS = {name: f.read for name, f in FORMATS.items() if f.read}

_BEGINNING = 4096
"""Bytes within which a JSON file has to say what it is."""


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
    return {".tif": LABELS, ".tiff": LABELS, ".csv": CSV}.get(suffix)


def _of_json(path: Path) -> Format | None:
    try:
        with path.open("rb") as file:
            beginning = file.read(_BEGINNING)
    except OSError:
        return None
    if KIND.encode() in beginning:
        return RECORD
    # the key 'annotations' can come after a long list of images
    keys = (b'"images"', b'"annotations"', b'"categories"')
    return COCO if any(key in beginning for key in keys) else None
