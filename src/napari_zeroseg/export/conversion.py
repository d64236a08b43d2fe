"""Annotations from any file that can be read, put onto their image, into any file that can be written."""

from __future__ import annotations

from dataclasses import replace
from pathlib import PurePath
from typing import TYPE_CHECKING

from napari_zeroseg.core.annotations import Annotations, Frame
from napari_zeroseg.core.errors import BadFileError, ExportError
from napari_zeroseg.export import voc, yolo
from napari_zeroseg.export.atomic import make_folder
from napari_zeroseg.export.formats import FORMATS, format_of
from napari_zeroseg.export.images import open_image
from napari_zeroseg.export.names import first_free, safe_name

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from napari_zeroseg.export.format import Format


FOLDER_MARKS = ("zarr.json", ".zattrs", ".zgroup", voc.LABELS, yolo.CLASSES)
"""Files that stand for the folder in which they lie."""


def frame_of(path: Path, axes: str | None = None) -> Frame:
    """Return what annotations need to know of an image file.

    Raises
    ------
    BadImageError
        When it cannot be read.
    """
    volume = open_image(path, axes)
    return Frame(path.name, volume.shape, volume.grid())


def read_annotations(path: Path, name: str = "", frame: Frame | None = None) -> list[Annotations]:
    """Read annotations, those of each image by themselves.

    Parameters
    ----------
    path : Path
        A file, or the folder of a format that is one.
    name : str
        Of the format; told from the file by default.
    frame : Frame, optional
        The image that they lie on. Of files on several images, those on this one are read.

    Raises
    ------
    BadFileError
        When the file is damaged, in no known format, or on other images.
    """
    if not path.exists():
        raise BadFileError(f"'{path}' is not there.")
    # a dialogue for files lets nobody choose a folder
    path = path.parent if path.name in FOLDER_MARKS else path
    chosen = FORMATS[name] if name else format_of(path)
    if chosen.read is None:
        raise BadFileError(f"{chosen.title} can be written, but not read.")
    found = chosen.read(path, frame)
    return found if frame is None else [_on(_of_image(found, frame, path), frame, path)]


def _of_image(found: Sequence[Annotations], frame: Frame, path: Path) -> Annotations:
    """Return the annotations of one image: by its name, whatever its suffix, or the only ones."""
    stem = PurePath(frame.image).stem
    named = [a for a in found if PurePath(a.image).stem == stem]
    if len(named) == 1 or len(found) == 1:
        return (named or found)[0]
    names = ", ".join(f"'{a.image}'" for a in found[:5])
    raise BadFileError(
        f"'{path.name}' holds annotations of {len(found)} images, none or several of them '{stem}'.",
        remedy=f"It names {names}." if names else "",
    )


def _on(annotations: Annotations, frame: Frame, path: Path) -> Annotations:
    if annotations.shape != frame.shape:
        (height, width), (rows, cols) = annotations.shape, frame.shape
        raise BadFileError(
            f"'{path.name}' is of an image of {width} × {height} pixels, '{frame.image}' has {cols} × {rows}."
        )
    grid = annotations.grid
    fits = {i.plane for i in annotations.instances} <= set(frame.grid.planes)
    if fits or (grid.depth, len(frame.grid.planes)) == (frame.grid.depth, 1):
        grid = frame.grid
    return replace(annotations, image=frame.image, grid=grid)


def write_annotations(
    many: Sequence[Annotations], path: Path, target: Format, *, overwrite: bool = False
) -> tuple[Path, ...]:
    """Write annotations of one image as a file, those of several as files of a folder.

    Returns
    -------
    tuple of Path
        What was written.

    Raises
    ------
    ExportError
        When the format cannot hold them, a file is there already, or it cannot be written.
    """
    if target.write is None:
        raise ExportError(f"{target.title} can be read, but not written.")
    for one in many:
        target.check(one.grid)
    places = _places(many, path, target)
    files = [target.files(place, a) for place, a in zip(places, many, strict=True)]
    there = [file for some in files for file in some if file.exists()]
    if there and not overwrite:
        raise ExportError(f"'{there[0]}' is there already.", remedy="Choose another name, or overwrite it.")
    make_folder(path if len(many) > 1 and target.suffix else path.parent)
    for place, one in zip(places, many, strict=True):
        target.write(place, one)
    return tuple(file for some in files for file in some)


def _places(many: Sequence[Annotations], path: Path, target: Format) -> list[Path]:
    # the folder of a format that is one holds any number of images
    if len(many) == 1 or not target.suffix:
        return [path] * len(many)
    taken: set[str] = set()
    stems = []
    for one in many:
        stems.append(first_free(safe_name(PurePath(one.image).stem or "image"), taken))
        taken.add(stems[-1].casefold())
    return [path / f"{stem}{target.suffix}" for stem in stems]
