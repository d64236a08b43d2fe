"""Label images as OME-TIFF: a channel for each class, with its name, its colour and the size of pixels.

A file of one class is a plain label image, as Cellpose, StarDist, CellProfiler and Fiji read them.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from napari_zeroseg.core.annotations import Annotations, Frame
from napari_zeroseg.core.compose import drawn_instances
from napari_zeroseg.core.errors import BadFileError, ZeroSegError
from napari_zeroseg.core.label_images import masks_of
from napari_zeroseg.export.format import NO_SCORES, NO_STATES, NOT_SHARED, Format
from napari_zeroseg.export.gathering import Gathering
from napari_zeroseg.export.images import open_image
from napari_zeroseg.export.tiff import write_large_label_tiff

if TYPE_CHECKING:
    from pathlib import Path

    from napari_zeroseg.core.volume import Volume

UNNAMED = "object"
"""The class of a label image that names none."""


def write_labels(path: Path, annotations: Annotations) -> None:
    """Write the ids of objects, tile by tile.

    Raises
    ------
    ExportError
        When the file cannot be written.
    """
    planes = [
        drawn_instances(annotations.on_plane(plane), target.name)
        for target in annotations.vocabulary
        for plane in annotations.grid.planes
    ]
    classes = annotations.vocabulary.classes
    write_large_label_tiff(path, planes, annotations.shape, annotations.grid, classes)


def read_labels(path: Path, _frame: Frame | None = None) -> list[Annotations]:
    """Read a label image of any number of classes and planes.

    Raises
    ------
    BadFileError
        When the file cannot be read, or holds no labels.
    """
    try:
        return [read_volume(open_image(path), path.name)]
    except BadFileError:
        raise
    except ZeroSegError as error:
        raise BadFileError(f"'{path.name}': {error.happened}", remedy=error.remedy) from error


def read_volume(volume: Volume, name: str) -> Annotations:
    """Return the objects of a label image, each channel a class.

    Raises
    ------
    BadFileError
        When it holds no labels.
    """
    if volume.rgb or np.dtype(volume.data.dtype).kind not in "ui":
        raise BadFileError(f"'{name}' holds a picture or measurements, not labels.")
    grid = volume.grid()
    gathering = Gathering(Frame(name, volume.shape, grid))
    for channel in range(volume.channel_count):
        target, color = _class(volume, channel)
        known = gathering.declare(target, color)
        for plane in grid.planes:
            for number, mask in masks_of(volume.channel(channel).read(plane)):
                gathering.add(known, mask, number=number, plane=plane)
    return gathering.finish()


def _class(volume: Volume, channel: int) -> tuple[str, str]:
    name, color = volume.channels[channel] if channel < len(volume.channels) else ("", "")
    several = volume.channel_count > 1
    return name or (f"{UNNAMED} {channel + 1}" if several else UNNAMED), color


LABELS = Format(
    "labels",
    "Label TIFF (OME-TIFF)",
    ".ome.tif",
    write_labels,
    read_labels,
    {**NO_SCORES, **NO_STATES, **NOT_SHARED},
)
