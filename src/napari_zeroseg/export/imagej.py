"""ImageJ's regions of interest, as the ROI Manager of ImageJ and Fiji opens and saves them: a zip file.

Source: the package ``roifile``, after ``ij/io/RoiDecoder.java`` of https://github.com/imagej/ImageJ.
"""

from __future__ import annotations

import json
import zipfile
from typing import TYPE_CHECKING, Any, cast

import numpy as np
from pydantic import BaseModel, TypeAdapter, ValidationError

from napari_zeroseg.core.annotations import Annotations, Frame
from napari_zeroseg.core.errors import BadFileError
from napari_zeroseg.core.volume import ONE_PLANE
from napari_zeroseg.export.atomic import replacing
from napari_zeroseg.export.format import NO_EMPTY, NO_SCALE, Format
from napari_zeroseg.export.gathering import Gathering
from napari_zeroseg.export.names import safe_name
from napari_zeroseg.export.planes import grid_around, places_of, plane_at
from napari_zeroseg.export.polygons import filled, polygons_of
from napari_zeroseg.export.qupath import UNSIZED
from napari_zeroseg.export.untrusted import MAX_FILE_BYTES

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from numpy.typing import NDArray
    from roifile import ImagejRoi

    from napari_zeroseg.core.instance import Instance
    from napari_zeroseg.core.mask import Mask

KEY = "ZeroSeg"
"""Property of a ROI that holds what ImageJ has no place for, as JSON."""
UNNAMED = "object"
MAX_ROI_BYTES = 64 << 20
MAX_ROIS = 1 << 20
_MOVE, _LINE, _CLOSE = 0, 1, 4


def write_imagej(path: Path, annotations: Annotations) -> None:
    """Write a ROI for each instance, in the colour of its class and its group.

    Raises
    ------
    ExportError
        When the file cannot be written.
    """
    groups = {name: number for number, name in enumerate(annotations.vocabulary.names, 1)}
    with replacing(path) as part, zipfile.ZipFile(part, "w", zipfile.ZIP_DEFLATED) as archive:
        for number, instance in enumerate(annotations.instances, 1):
            roi = _outline(instance.mask)
            _describe(roi, annotations, instance, groups[instance.name])
            # ImageJ lists ROIs by the names of the entries, which must differ
            archive.writestr(f"{number:06d}-{safe_name(instance.name)}-{instance.id}.roi", roi.tobytes())


def _outline(mask: Mask) -> ImagejRoi:
    from roifile import ROI_TYPE, ImagejRoi

    rings = [ring for polygon in polygons_of(mask) for ring in polygon.rings]
    x0, y0, x1, y1 = (int(side) for side in mask.trimmed().box)
    roi = ImagejRoi(left=x0, top=y0, right=x1, bottom=y1)
    if len(rings) == 1:
        roi.roitype = ROI_TYPE.TRACED
        roi.integer_coordinates = (rings[0] - [x0, y0]).astype(np.int32)
        roi.n_coordinates = len(rings[0])
    else:
        roi.roitype = ROI_TYPE.RECT  # so ImageJ marks shapes with holes or parts
        roi.multi_coordinates = np.concatenate([_path(ring) for ring in rings])
        roi.shape_roi_size = len(roi.multi_coordinates)
    return roi


def _path(ring: NDArray[np.int64]) -> NDArray[np.float32]:
    steps = np.full((len(ring), 3), _LINE, np.float32)
    steps[0, 0] = _MOVE
    steps[:, 1:] = ring
    return np.append(steps.ravel(), np.float32(_CLOSE))


def _describe(roi: ImagejRoi, annotations: Annotations, instance: Instance, group: int) -> None:
    color = annotations.vocabulary[instance.name].color
    # ImageJ counts the letters of names in units of 16 bits
    plain = "".join(c if ord(c) < 1 << 16 else "?" for c in instance.name)
    roi.name = f"{plain} {instance.id}"
    roi.stroke_color = bytes.fromhex(f"ff{color.removeprefix('#')}")
    roi.group = group
    places = places_of(annotations.grid, instance.plane)
    roi.z_position, roi.t_position = (places[axis] + 1 if axis in places else 0 for axis in "ZT")
    score, state = round(instance.score, 4), str(instance.state)
    told = _Told(name=instance.name, id=instance.id, score=score, state=state)
    roi.props = f"{KEY}: {json.dumps(told.model_dump())}\n"


class _Told(BaseModel):
    name: str = UNNAMED
    id: int | None = None
    score: float | None = None
    state: str | None = None


def read_imagej(path: Path, frame: Frame | None = None) -> list[Annotations]:
    """Read the ROIs of a zip file, or one that is a file by itself, as far as they have an area.

    ROIs that were not written here get their class from their group, or are of one class.

    Raises
    ------
    BadFileError
        When the file cannot be read or is damaged.
    """
    try:
        rois = [_parsed(data) for data in _entries(path)]
    except BadFileError:
        raise
    # a damaged archive can fail in any way
    except Exception as error:
        raise BadFileError(f"'{path.name}' holds no ROIs: {error}.") from error
    notes = () if frame is not None else (UNSIZED,)
    placed = [r.position or r.z_position or r.t_position for r in rois]
    if frame is not None and placed and not any(placed):
        # nothing says which plane of a stack is meant
        frame = Frame(frame.image, frame.shape, ONE_PLANE if frame.grid.depth else frame.grid)
    frame = frame or _frame(rois)
    gathering = Gathering(frame)
    for roi in rois:
        rings = _rings(roi)
        if not rings:
            gathering.leave_out("ROI without an area")
            continue
        told = _told(roi)
        gathering.declare(told.name, _color(roi))
        gathering.add(
            told.name,
            filled(rings, frame.shape),
            number=told.id,
            score=told.score,
            state=told.state,
            plane=plane_at(frame.grid, _places(roi, frame)),
        )
    return [gathering.finish(notes)]


def _entries(path: Path) -> Iterator[bytes]:
    """Yield the content of entries, whose names are not looked at."""
    if not zipfile.is_zipfile(path):
        with path.open("rb") as file:
            yield file.read(MAX_ROI_BYTES)
        return
    with zipfile.ZipFile(path) as archive:
        entries = archive.infolist()
        total = sum(entry.file_size for entry in entries)
        if len(entries) > MAX_ROIS or total > MAX_FILE_BYTES:
            raise BadFileError(f"'{path.name}' unpacks to {total / 1e6:.0f} MB in {len(entries)} entries.")
        for entry in entries:
            with archive.open(entry) as file:
                yield file.read(min(entry.file_size, MAX_ROI_BYTES))


def _parsed(data: bytes) -> ImagejRoi:
    from roifile import ImagejRoi

    try:
        return ImagejRoi.frombytes(data)
    # a damaged ROI can make the decoder fail in any way
    except Exception as error:
        raise BadFileError(f"A ROI is damaged: {error}.") from error


def _rings(roi: ImagejRoi) -> list[NDArray[np.float64]]:
    """Return the outlines of a ROI, none where it has no area."""
    from roifile import ROI_SUBTYPE, ROI_TYPE

    areas = (ROI_TYPE.POLYGON, ROI_TYPE.FREEHAND, ROI_TYPE.TRACED, ROI_TYPE.RECT, ROI_TYPE.OVAL)
    if roi.roitype not in areas or roi.subtype in (ROI_SUBTYPE.TEXT, ROI_SUBTYPE.IMAGE):
        return []
    try:
        parts = cast(list[Any], roi.coordinates(multi=True))
    # likewise, and curves in a path are not known
    except Exception as error:
        raise BadFileError(f"A ROI is damaged: {error}.") from error
    return [np.asarray(part, float) for part in parts if len(part) >= 3 and np.isfinite(part).all()]


def _told(roi: ImagejRoi) -> _Told:
    lines = dict(line.split(":", 1) for line in roi.props.splitlines() if ":" in line)
    try:
        if KEY in lines:
            return TypeAdapter(_Told).validate_json(lines[KEY])
    except ValidationError:
        pass  # someone else's property of this name: it tells nothing
    return _Told(name=f"group {roi.group}" if roi.group else UNNAMED)


def _color(roi: ImagejRoi) -> str:
    return roi.hexcolor(roi.stroke_color) or ""


def _places(roi: ImagejRoi, frame: Frame | None = None) -> dict[str, int]:
    told = {"Z": roi.z_position - 1, "T": roi.t_position - 1}
    if frame is not None and len(frame.grid.depth) == 1 and max(told.values()) < 0:
        told[frame.grid.axes[0]] = roi.position - 1  # in stacks of one axis ImageJ counts slices alone
    return {axis: min(max(place, 0), 1 << 20) for axis, place in told.items()}


def _frame(rois: list[ImagejRoi]) -> Frame:
    corners = np.concatenate([np.zeros((1, 2)), *(ring for roi in rois for ring in _rings(roi))])
    width, height = np.clip(np.ceil(corners.max(axis=0)), 1, 2**31).astype(int).tolist()
    return Frame("", (height, width), grid_around(_places(roi) for roi in rois))


_LOSES = {**NO_SCALE, **NO_EMPTY}

IMAGEJ = Format("imagej", "ImageJ / Fiji ROI set", ".zip", write_imagej, read_imagej, _LOSES)
