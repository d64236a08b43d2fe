"""Label images in OME-Zarr, one for each class, with the colour, class, score and state of each object.

Source: https://ngff.openmicroscopy.org, versions 0.4 and 0.5. New folders are of version 0.5; into a folder
that holds an image the labels come in the version of the image.
"""

from __future__ import annotations

from collections.abc import Mapping
from math import prod
from typing import TYPE_CHECKING, Annotated, Any

import numpy as np
from pydantic import BaseModel, Field, ValidationError

from napari_zeroseg.core.annotations import Annotations, Frame
from napari_zeroseg.core.axes import NAMES
from napari_zeroseg.core.compose import drawn_instances, label_tiles
from napari_zeroseg.core.errors import BadFileError, ExportError, ZeroSegError
from napari_zeroseg.core.label_images import masks_of
from napari_zeroseg.core.volume import ONE_PLANE
from napari_zeroseg.export.atomic import make_folder, replacing_folder
from napari_zeroseg.export.colors import hex_color, rgb
from napari_zeroseg.export.format import NO_SECTIONS, NOT_SHARED, Format
from napari_zeroseg.export.gathering import Gathering
from napari_zeroseg.export.names import first_free, safe_name
from napari_zeroseg.export.planes import MAX_PLANES
from napari_zeroseg.export.untrusted import first_problem
from napari_zeroseg.export.zarr_images import is_zarr, open_zarr

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from napari_zeroseg.core.instance import Instance
    from napari_zeroseg.core.vocabulary import TargetClass
    from napari_zeroseg.core.volume import Grid, Volume

LABELS = "labels"
TILE = 512
_TYPES = {"T": "time"}


def label_folders(path: Path, annotations: Annotations) -> tuple[Path, ...]:
    """Return the folder of each class, in the order of the vocabulary."""
    taken: set[str] = set()
    names = []
    for target in annotations.vocabulary:
        names.append(first_free(safe_name(target.name), taken))
        taken.add(names[-1].casefold())
    return tuple(path / LABELS / name for name in names)


def write_ome_zarr(path: Path, annotations: Annotations) -> None:
    """Write a label image for each class, tile by tile, each of them whole or not at all.

    Raises
    ------
    ExportError
        When something else is there, or it cannot be written.
    """
    zarr_format = _zarr_format(path)
    folders = label_folders(path, annotations)
    make_folder(path / LABELS)
    for folder, target in zip(folders, annotations.vocabulary, strict=True):
        with replacing_folder(folder) as part:
            _write_label(part, annotations, target, zarr_format)
    _list_labels(path, [folder.name for folder in folders], zarr_format)


def _zarr_format(path: Path) -> int:
    """Return the version of zarr that is there already, 3 for a new folder."""
    import zarr

    if not path.exists():
        return 3
    if not is_zarr(path):
        raise ExportError(f"'{path}' is there already, and is no zarr folder.", remedy="Choose another name.")
    node = zarr.open(str(path), mode="r")
    if isinstance(node, zarr.Array):
        raise ExportError(f"'{path}' is an array, which holds no labels.", remedy="Choose another name.")
    return int(node.metadata.zarr_format)


def _write_label(folder: Path, annotations: Annotations, target: TargetClass, zarr_format: int) -> None:
    import zarr

    group = zarr.open_group(str(folder), mode="w", zarr_format=3 if zarr_format == 3 else 2)
    own, grid, shape = annotations.of(target.name), annotations.grid, annotations.shape
    dtype = np.min_scalar_type(max((i.id for i in own), default=0))
    array = group.create_array(
        "0",
        shape=(*grid.depth, *shape),
        chunks=(*(1 for _ in grid.depth), *(min(TILE, side) for side in shape)),
        dtype=dtype,
        chunk_key_encoding={"name": "v2" if zarr_format == 2 else "default", "separator": "/"},
        dimension_names=list(grid.axes.lower()) if zarr_format == 3 else None,
    )
    for place, plane in zip(np.ndindex(grid.depth), grid.planes, strict=True):
        drawn = drawn_instances(annotations.on_plane(plane), target.name)
        tiles = label_tiles(drawn, shape, TILE, dtype)
        for (rows, cols), tile in zip(_tiles(shape), tiles, strict=True):
            if tile.any():
                array[(*place, rows, cols)] = tile[: rows.stop - rows.start, : cols.stop - cols.start]
    _tell(group, _described(target, own, grid, folder.name), zarr_format)


def _tiles(shape: tuple[int, int]) -> Iterator[tuple[slice, slice]]:
    for y in range(0, shape[0], TILE):
        for x in range(0, shape[1], TILE):
            yield slice(y, min(y + TILE, shape[0])), slice(x, min(x + TILE, shape[1]))


def _described(target: TargetClass, own: tuple[Instance, ...], grid: Grid, name: str) -> dict[str, Any]:
    # one description for each object, of its least certain plane
    objects = {i.id: i for i in sorted(own, key=lambda i: (i.locked, i.score), reverse=True)}
    scale = [float(grid.scale.get(axis, 1)) for axis in grid.axes]
    # there has to be a colour, so that the first object to come has one
    colors = [{"label-value": n, "rgba": [*rgb(target.color), 255]} for n in objects or (1,)]
    label: dict[str, Any] = {"colors": colors, "source": {"image": "../../"}}
    if objects:
        label["properties"] = [
            {"label-value": n, "class": i.name, "score": round(i.score, 4), "state": str(i.state)}
            for n, i in objects.items()
        ]
    return {
        "multiscales": [
            {
                "name": name,
                "axes": [_axis(axis, grid) for axis in grid.axes],
                "datasets": [{"path": "0", "coordinateTransformations": [{"type": "scale", "scale": scale}]}],
                "metadata": {"class": target.name, "color": target.color},
            }
        ],
        "image-label": label,
    }


def _axis(axis: str, grid: Grid) -> dict[str, str]:
    unit = {"unit": grid.units[axis]} if axis in grid.units else {}
    return {"name": axis.lower(), "type": _TYPES.get(axis, "space"), **unit}


def _tell(group: Any, told: dict[str, Any], zarr_format: int) -> None:
    """Write attributes as version 0.5 has them, or 0.4, which names the version in every part."""
    if zarr_format == 3:
        group.attrs.update({"ome": dict(group.attrs.get("ome", {})) | {"version": "0.5"} | told})
        return
    for scales in told.get("multiscales", ()):
        scales["version"] = "0.4"
    if "image-label" in told:
        told["image-label"]["version"] = "0.4"
    group.attrs.update(told)


def _list_labels(path: Path, names: list[str], zarr_format: int) -> None:
    import zarr

    kind: Any = 3 if zarr_format == 3 else 2
    root = zarr.open_group(str(path), mode="a", zarr_format=kind)
    if zarr_format == 3 and "ome" not in root.attrs:
        root.attrs.update({"ome": {"version": "0.5"}})
    group = zarr.open_group(str(path / LABELS), mode="a", zarr_format=kind)
    known = _attributes(group).get(LABELS, [])
    known = known if isinstance(known, list) else []
    _tell(group, {LABELS: list(dict.fromkeys([*known, *names]))}, zarr_format)


def _attributes(group: Any) -> Mapping[str, Any]:
    attributes = dict(group.attrs)
    described = attributes.get("ome", attributes)
    return described if isinstance(described, Mapping) else {}


class _Listed(BaseModel):
    labels: Annotated[list[str], Field(max_length=10_000)] = []


class _Color(BaseModel):
    value: Annotated[int, Field(alias="label-value")]
    rgba: list[int] | None = None


class _Property(BaseModel):
    value: Annotated[int, Field(alias="label-value")]
    name: Annotated[Any, Field(alias="class")] = None
    score: Any = None
    state: Any = None


class _Label(BaseModel):
    colors: list[_Color] = []
    properties: list[_Property] = []


class _Metadata(BaseModel):
    name: Annotated[str, Field(alias="class")] = ""
    color: str = ""


class _Scales(BaseModel):
    metadata: _Metadata | None = None


class _Described(BaseModel):
    multiscales: list[_Scales] = []
    label: Annotated[_Label, Field(alias="image-label")] = _Label()


def read_ome_zarr(path: Path, frame: Frame | None = None) -> list[Annotations]:
    """Read the labels of an image, or one label image by itself.

    Raises
    ------
    BadFileError
        When there are none, or what describes them is damaged.
    """
    folders = _folders(path)
    try:
        return [_of_folders(folders, frame.image if frame else path.name)]
    except ZeroSegError as error:
        raise BadFileError(f"'{path.name}': {error.happened}", remedy=error.remedy) from error
    # a damaged store can fail in any way
    except Exception as error:
        raise BadFileError(f"'{path.name}' holds no labels that can be read: {error}.") from error


def _of_folders(folders: list[Path], name: str) -> Annotations:
    volumes = [_labels(folder) for folder in folders]
    first = volumes[0]
    gathering = Gathering(Frame(name, first.shape, _grid(first)))
    for folder, volume in zip(folders, volumes, strict=True):
        if (volume.shape, volume.depth) != (first.shape, first.depth):
            raise BadFileError(f"The labels '{folder.name}' are of another size than the first ones.")
        _gather(gathering, volume, _parsed(folder), folder.name)
    return gathering.finish()


def _folders(path: Path) -> list[Path]:
    for group in (path / LABELS, path):
        if is_zarr(group):
            try:
                listed = _Listed.model_validate(_attributes(_opened(group))).labels
            except ValidationError as error:
                raise BadFileError(f"'{path.name}' lists no labels: {first_problem(error)}.") from error
            if listed:
                return [_inside(group, name) for name in listed]
    return [path]


def _opened(folder: Path) -> Any:
    import zarr

    try:
        return zarr.open(str(folder), mode="r")
    # a damaged store can fail in any way
    except Exception as error:
        raise BadFileError(f"'{folder.name}' is no zarr folder that can be read: {error}.") from error


def _inside(group: Path, name: str) -> Path:
    if not set(name.split("/")).isdisjoint({"", ".", ".."}) or "\\" in name:
        raise BadFileError(f"'{group.parent.name}' names the labels {name!a}, which are not in its folder.")
    return group / name


def _labels(folder: Path) -> Volume:
    volume = open_zarr(folder)
    if np.dtype(volume.data.dtype).kind not in "ui" or volume.channel_count > 1 or volume.rgb:
        raise BadFileError(f"'{folder.name}' is an image, and has no labels.")
    if prod(volume.depth) > MAX_PLANES:
        raise BadFileError(f"'{folder.name}' says that it has {prod(volume.depth)} planes.")
    return volume


def _grid(volume: Volume) -> Grid:
    grid = volume.grid()
    if volume.stack_axes.strip("".join(NAMES)):
        raise BadFileError("It is not told what the axes of the labels mean.")
    # every label image has a scale: one of 1 without a unit tells nothing
    is_plain = not grid.units and all(size == 1 for size in grid.scale.values())
    if not is_plain:
        return grid
    if not grid.depth:
        return ONE_PLANE
    return type(grid)(grid.axes, grid.depth, grid.planes)


def _parsed(folder: Path) -> _Described:
    try:
        return _Described.model_validate(_attributes(_opened(folder)))
    except ValidationError as error:
        raise BadFileError(f"'{folder.name}' is no label image: {first_problem(error)}.") from error


def _gather(gathering: Gathering, volume: Volume, described: _Described, folder: str) -> None:
    scales = described.multiscales[0].metadata if described.multiscales else None
    own = (scales and scales.name) or folder
    told = {p.value: p for p in described.label.properties}
    colors = {c.value: hex_color(c.rgba) for c in described.label.colors}
    named = {p.name for p in told.values() if isinstance(p.name, str)}
    if not named or own in named:
        gathering.declare(own, scales.color if scales else "")
    for plane in volume.grid().planes:
        for value, mask in masks_of(volume.channel(0).read(plane)):
            known = told.get(value, _Property.model_validate({"label-value": value}))
            name = known.name if isinstance(known.name, str) and known.name else own
            gathering.declare(name, colors.get(value, ""))
            gathering.add(name, mask, number=value, score=known.score, state=known.state, plane=plane)


OME_ZARR = Format(
    "ome-zarr",
    "OME-Zarr labels",
    ".ome.zarr",
    write_ome_zarr,
    read_ome_zarr,
    {**NOT_SHARED, **NO_SECTIONS},
    label_folders,
)
