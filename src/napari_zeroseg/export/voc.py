"""Pascal VOC's masks: PNGs with a palette for classes and for objects, and the list of the classes.

Source: the development kit of http://host.robots.ox.ac.uk/pascal/VOC/voc2012, and for ``labelmap.txt`` the
format "Segmentation mask" of https://docs.cvat.ai.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from napari_zeroseg.core.annotations import Annotations, Frame
from napari_zeroseg.core.compose import by_rising_priority
from napari_zeroseg.core.errors import BadFileError, ExportError
from napari_zeroseg.core.label_images import masks_of
from napari_zeroseg.export.atomic import make_folder, replacing
from napari_zeroseg.export.colors import hex_color, rgb
from napari_zeroseg.export.format import (
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
from napari_zeroseg.export.untrusted import read_bytes

if TYPE_CHECKING:
    from pathlib import Path

    from numpy.typing import NDArray

CLASSES, OBJECTS, LABELS = "SegmentationClass", "SegmentationObject", "labelmap.txt"
VOID = 255
"""Pixels that belong to nothing that is known."""
MOST = VOID - 1
_HEADER = "# label:color_rgb:parts:actions"
_VOC_NAMES = (
    "aeroplane bicycle bird boat bottle bus car cat chair cow diningtable dog horse motorbike person "
    "pottedplant sheep sofa train tvmonitor"
).split()


def voc_color(value: int) -> list[int]:
    """Return red, green and blue of a value in Pascal VOC's palette."""
    color = [0, 0, 0]
    for bit in range(8):
        for channel in range(3):
            color[channel] |= (value >> (3 * bit + channel) & 1) << (7 - bit)
    return color


def voc_files(path: Path, annotations: Annotations) -> tuple[Path, ...]:
    """Return the two files of an image in a folder."""
    name = f"{file_stem(annotations.image)}.png"
    return path / CLASSES / name, path / OBJECTS / name


def write_voc(path: Path, annotations: Annotations) -> None:
    """Write the masks of an image into a folder, which may hold others with the same classes.

    Raises
    ------
    ExportError
        When there are too many objects or classes, the folder has other classes, or it cannot be written.
    """
    vocabulary, instances = annotations.vocabulary, by_rising_priority(annotations.instances)
    if max(len(instances), len(vocabulary)) > MOST:
        raise ExportError(
            f"Pascal VOC's masks number at most {MOST} objects and classes.",
            remedy="Choose another format, or fewer classes.",
        )
    classes, objects = np.zeros(annotations.shape, np.uint8), np.zeros(annotations.shape, np.uint8)
    for number, instance in enumerate(instances, 1):
        classes[instance.mask.slices][instance.mask.pixels] = vocabulary.id_of(instance.name)
        objects[instance.mask.slices][instance.mask.pixels] = number
    class_file, object_file = voc_files(path, annotations)
    for file in (class_file, object_file):
        make_folder(file.parent)
    _write_label_map(path / LABELS, [(c.name, rgb(c.color)) for c in vocabulary])
    own = [rgb(c.color) for c in vocabulary]
    write_png(class_file, classes, [[0, 0, 0], *own, *map(voc_color, range(len(own) + 1, 256))])
    write_png(object_file, objects, list(map(voc_color, range(256))))


def _write_label_map(path: Path, classes: list[tuple[str, list[int]]]) -> None:
    lines = [_HEADER, "background:0,0,0::"]
    lines += [f"{name}:{','.join(map(str, color))}::" for name, color in classes]
    text = "\n".join(lines) + "\n"
    if path.exists() and path.read_text(encoding="utf-8") != text:
        raise ExportError(f"'{path}' lists other classes.", remedy="Choose another folder.")
    with replacing(path) as part:
        part.write_text(text, encoding="utf-8")


def read_voc(path: Path, _frame: Frame | None = None) -> list[Annotations]:
    """Read the masks of every image of a folder.

    Classes are those of ``labelmap.txt``, or Pascal VOC's own. Where objects are not told apart, all of
    a class is one.

    Raises
    ------
    BadFileError
        When there are none, or a file is damaged.
    """
    files = sorted((path / CLASSES).glob("*.png"))
    if not files:
        raise BadFileError(f"'{path.name}' has no masks in a folder {CLASSES}.")
    names = _label_map(path / LABELS)
    return [_of_image(file, path / OBJECTS / file.name, names) for file in files]


def _label_map(path: Path) -> list[tuple[str, str]]:
    """Return names and colours of the classes, background left out."""
    if not path.exists():
        return [(name, hex_color(voc_color(number))) for number, name in enumerate(_VOC_NAMES, 1)]
    found = []
    try:
        for line in read_bytes(path).decode("utf-8").split("\n"):
            if line.strip() and line.strip() != _HEADER:
                name, color, *_ = line.split(":")
                found.append((name, hex_color([int(part) for part in color.split(",")])))
    except ValueError as error:
        raise BadFileError(f"'{path.name}' is no list of classes: {error}.") from error
    return [pair for pair in found if pair[0].strip().lower() != "background"]


def _of_image(class_file: Path, object_file: Path, classes: list[tuple[str, str]]) -> Annotations:
    values = _values(read_png(class_file), classes)
    objects = _objects(object_file, values)
    gathering = Gathering(Frame(class_file.name, (values.shape[0], values.shape[1])))
    for name, color in classes:
        gathering.declare(name, color)
    for _, mask in masks_of(objects):
        inside = values[mask.slices][mask.pixels]
        value = int(np.bincount(inside).argmax())
        if 0 < value <= len(classes):
            gathering.add(classes[value - 1][0], mask)
        elif value:
            gathering.leave_out("object of a class that is not listed")
    return gathering.finish()


def _values(picture: NDArray[Any], classes: list[tuple[str, str]]) -> NDArray[Any]:
    """Return class values; where a picture has colours, by the colours of the classes."""
    if picture.ndim == 2:
        values = picture
    else:
        packed = picture.astype(np.int64) @ (1 << 16, 1 << 8, 1)
        values = np.zeros(packed.shape, np.uint8)
        for number, (_, color) in enumerate(classes[:MOST], 1):
            if color:
                values[packed == int(color[1:], 16)] = number
    return np.where(values == VOID, 0, values)


def _objects(file: Path, values: NDArray[Any]) -> NDArray[Any]:
    if not file.exists():
        return values
    objects = read_png(file)
    if objects.ndim == 3:
        objects = objects.astype(np.int64) @ (1 << 16, 1 << 8, 1)
    else:
        objects = np.where(objects == VOID, 0, objects)
    if objects.shape != values.shape:
        raise BadFileError(f"'{file.name}' has other sizes in {CLASSES} and {OBJECTS}.")
    return np.where(values > 0, objects, 0)


VOC = Format(
    "voc",
    "Pascal VOC (PNG with palette)",
    "",
    write_voc,
    read_voc,
    {
        **SINGLE_PLANES,
        **NO_SCALE,
        **NO_IDS,
        **NO_SCORES,
        **NO_STATES,
        **NOT_SHARED,
        **NOT_MIXED,
        Part.COUNT: f"Images with more than {MOST} objects or classes are refused.",
    },
    voc_files,
)
