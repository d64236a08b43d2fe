"""Cityscapes' label images: ids of classes and of objects, for the classes that it has.

Source: ``labels.py`` and the README of https://github.com/mcordts/cityscapesScripts.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from napari_zeroseg.core.annotations import Annotations, Frame
from napari_zeroseg.core.compose import by_rising_priority
from napari_zeroseg.core.errors import BadFileError, ExportError
from napari_zeroseg.core.label_images import masks_of
from napari_zeroseg.export.atomic import make_folder
from napari_zeroseg.export.colors import hex_color
from napari_zeroseg.export.format import (
    NO_EMPTY,
    NO_IDS,
    NO_SCALE,
    NO_SCORES,
    NO_STATES,
    NOT_MIXED,
    NOT_SHARED,
    SINGLE_PLANES,
    Format,
    Part,
)
from napari_zeroseg.export.gathering import Gathering
from napari_zeroseg.export.names import file_stem
from napari_zeroseg.export.png import read_png, write_png

if TYPE_CHECKING:
    from pathlib import Path

    from napari_zeroseg.core.vocabulary import TargetClass

IDS, OBJECTS, COLORS = "_gtFine_labelIds.png", "_gtFine_instanceIds.png", "_gtFine_color.png"
PER_CLASS = 1000
"""Objects of a class that can be numbered: an object is its class's id times this, plus its number."""


@dataclass(frozen=True, slots=True)
class Label:
    """A class of Cityscapes; only some have objects that are told apart."""

    id: int
    name: str
    color: tuple[int, int, int]
    counted: bool = False


LABELS = (
    Label(4, "static", (0, 0, 0)),
    Label(5, "dynamic", (111, 74, 0)),
    Label(6, "ground", (81, 0, 81)),
    Label(7, "road", (128, 64, 128)),
    Label(8, "sidewalk", (244, 35, 232)),
    Label(9, "parking", (250, 170, 160)),
    Label(10, "rail track", (230, 150, 140)),
    Label(11, "building", (70, 70, 70)),
    Label(12, "wall", (102, 102, 156)),
    Label(13, "fence", (190, 153, 153)),
    Label(14, "guard rail", (180, 165, 180)),
    Label(15, "bridge", (150, 100, 100)),
    Label(16, "tunnel", (150, 120, 90)),
    Label(17, "pole", (153, 153, 153)),
    Label(18, "polegroup", (153, 153, 153)),
    Label(19, "traffic light", (250, 170, 30)),
    Label(20, "traffic sign", (220, 220, 0)),
    Label(21, "vegetation", (107, 142, 35)),
    Label(22, "terrain", (152, 251, 152)),
    Label(23, "sky", (70, 130, 180)),
    Label(24, "person", (220, 20, 60), counted=True),
    Label(25, "rider", (255, 0, 0), counted=True),
    Label(26, "car", (0, 0, 142), counted=True),
    Label(27, "truck", (0, 0, 70), counted=True),
    Label(28, "bus", (0, 60, 100), counted=True),
    Label(29, "caravan", (0, 0, 90), counted=True),
    Label(30, "trailer", (0, 0, 110), counted=True),
    Label(31, "train", (0, 80, 100), counted=True),
    Label(32, "motorcycle", (0, 0, 230), counted=True),
    Label(33, "bicycle", (119, 11, 32), counted=True),
)
_BY_ID = {label.id: label for label in LABELS}


def label_of(target: TargetClass) -> Label | None:
    """Return what a class is called in Cityscapes, by its name or a synonym."""
    named = {label.name: label for label in LABELS}
    words = (word.casefold().strip() for word in (target.name, *target.synonyms))
    return next((named[word] for word in words if word in named), None)


def cityscapes_files(path: Path, annotations: Annotations) -> tuple[Path, ...]:
    """Return the files of an image in a folder."""
    stem = file_stem(annotations.image).removesuffix("_leftImg8bit")
    return tuple(path / f"{stem}{ending}" for ending in (IDS, OBJECTS, COLORS))


def write_cityscapes(path: Path, annotations: Annotations) -> None:
    """Write ids of classes, ids of objects and colours of an image into a folder.

    Raises
    ------
    ExportError
        When no class is one of Cityscapes, a class has too many objects, or it cannot be written.
    """
    labels = {c.name: label for c in annotations.vocabulary if (label := label_of(c))}
    if not labels:
        raise ExportError(
            "None of the classes is one of Cityscapes.",
            remedy=f"Its classes are {', '.join(label.name for label in LABELS)}.",
        )
    ids, objects = np.zeros(annotations.shape, np.uint8), np.zeros(annotations.shape, np.uint16)
    numbers = dict.fromkeys(labels.values(), 0)
    for instance in by_rising_priority(i for i in annotations.instances if i.name in labels):
        label, mask = labels[instance.name], instance.mask
        ids[mask.slices][mask.pixels] = label.id
        objects[mask.slices][mask.pixels] = _object_id(label, numbers[label])
        numbers[label] += 1
    colors = np.zeros((256, 3), np.uint8)
    for label in LABELS:
        colors[label.id] = label.color
    make_folder(path)
    id_file, object_file, color_file = cityscapes_files(path, annotations)
    write_png(id_file, ids)
    write_png(object_file, objects)
    write_png(color_file, colors[ids])


def _object_id(label: Label, number: int) -> int:
    if not label.counted:
        return label.id
    if number >= PER_CLASS:
        raise ExportError(f"Cityscapes numbers at most {PER_CLASS} objects of a class.")
    return label.id * PER_CLASS + number


def read_cityscapes(path: Path, _frame: Frame | None = None) -> list[Annotations]:
    """Read the objects of every image of a folder, from their ids.

    Raises
    ------
    BadFileError
        When there are none, or a file is damaged.
    """
    files = sorted(path.rglob(f"*{OBJECTS}"))
    if not files:
        raise BadFileError(f"'{path.name}' has no files whose names end with {OBJECTS}.")
    return [_of_image(file) for file in files]


def _of_image(file: Path) -> Annotations:
    objects = read_png(file)
    if objects.ndim != 2:
        raise BadFileError(f"'{file.name}' is a picture, not ids of objects.")
    image = f"{file.name.removesuffix(OBJECTS)}.png"
    gathering = Gathering(Frame(image, (objects.shape[0], objects.shape[1])))
    for value, mask in masks_of(objects):
        label = _BY_ID.get(value // PER_CLASS if value >= PER_CLASS else value)
        if label is None:
            gathering.leave_out("region of no class that is judged")
            continue
        gathering.declare(label.name, hex_color(label.color))
        gathering.add(label.name, mask)
    return gathering.finish()


CITYSCAPES = Format(
    "cityscapes",
    "Cityscapes ids (PNG)",
    "",
    write_cityscapes,
    read_cityscapes,
    {
        **SINGLE_PLANES,
        **NO_SCALE,
        Part.OTHERS: "Classes that Cityscapes does not have, by name or synonym, are left out.",
        Part.MERGED: "Objects of classes such as road and sky become one.",
        Part.COLORS: "Classes get the colours of Cityscapes.",
        Part.COUNT: f"Images with more than {PER_CLASS} objects of a class are refused.",
        **NO_IDS,
        **NO_SCORES,
        **NO_STATES,
        **NOT_SHARED,
        **NOT_MIXED,
        **NO_EMPTY,
    },
    cityscapes_files,
)
