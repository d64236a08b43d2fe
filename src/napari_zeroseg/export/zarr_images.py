"""Zarr arrays and OME-Zarr images (NGFF 0.1 to 0.5) as volumes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Annotated, Any

from pydantic import BaseModel, Field, ValidationError

from napari_zeroseg.core.axes import NAMES, UNKNOWN
from napari_zeroseg.core.errors import BadImageError
from napari_zeroseg.core.volume import Volume
from napari_zeroseg.export.units import unit_name

if TYPE_CHECKING:
    from pathlib import Path

_MARKS = (".zarray", ".zgroup", "zarr.json")
_OF_TYPE = {"time": "T", "channel": "C"}
_BEFORE_AXES = "TCZYX"
"""The axes of versions 0.1 and 0.2, which do not name them."""

Positive = Annotated[float, Field(gt=0, allow_inf_nan=False)]


class _Axis(BaseModel):
    name: str
    type: str = ""
    unit: str = ""


class _Transform(BaseModel):
    type: str = ""
    scale: list[Positive] = []


class _Dataset(BaseModel):
    path: str
    transforms: list[_Transform] = Field([], alias="coordinateTransformations")


class _Multiscale(BaseModel):
    axes: list[_Axis | str] = []
    datasets: Annotated[list[_Dataset], Field(min_length=1)]
    transforms: list[_Transform] = Field([], alias="coordinateTransformations")


class _Channel(BaseModel):
    label: str = ""
    color: str = ""


class _Omero(BaseModel):
    channels: list[_Channel] = []


class _Image(BaseModel):
    multiscales: Annotated[list[_Multiscale], Field(min_length=1)]
    omero: _Omero = _Omero()


def is_zarr(path: Path) -> bool:
    """Return whether a folder is a zarr array or group."""
    return path.is_dir() and any((path / mark).is_file() for mark in _MARKS)


def open_zarr(path: Path) -> Volume:
    """Open a zarr array, or the finest level of an OME-Zarr image; it stays on disk.

    Raises
    ------
    BadImageError
        When it holds no image, or its description is not valid.
    """
    import zarr

    node = zarr.open(str(path), mode="r")
    if isinstance(node, zarr.Array):
        return Volume(node, _named_axes(node))
    attributes = dict(node.attrs)
    described = attributes.get("ome", attributes)
    if isinstance(described, Mapping) and "multiscales" in described:
        return _image(node, described)
    arrays = [array for _, array in node.arrays()]
    if len(arrays) != 1:
        raise BadImageError(
            f"'{path.name}' is a zarr group of {len(arrays)} arrays, and no OME-Zarr image.",
            remedy="Give the folder of the array that you mean, such as the first field of a plate.",
        )
    return Volume(arrays[0], _named_axes(arrays[0]))


def _named_axes(array: Any) -> str:
    names = getattr(array.metadata, "dimension_names", None) or array.attrs.get("_ARRAY_DIMENSIONS", [])
    return _letters([str(name) for name in names], array.ndim)


def _letters(names: Sequence[str], count: int) -> str:
    letters = [name.upper() if name.upper() in NAMES else UNKNOWN for name in names]
    return "".join(letters) if len(letters) == count else UNKNOWN * count


def _image(group: Any, described: Mapping[str, Any]) -> Volume:
    try:
        image = _Image.model_validate(described)
    except ValidationError as error:
        first = error.errors()[0]
        where = ".".join(map(str, first["loc"]))
        raise BadImageError(f"Its OME-Zarr description is not valid: {where}: {first['msg']}.") from error
    scales = image.multiscales[0]
    array = group[_inner(scales.datasets[0].path)]
    axes = [axis if isinstance(axis, _Axis) else _Axis(name=axis) for axis in scales.axes]
    named = [_OF_TYPE.get(axis.type, axis.name) for axis in axes] or list(_BEFORE_AXES)
    letters = _letters(named, array.ndim)
    return Volume(
        array,
        letters,
        scale=_scale(letters, scales),
        units={letter: unit_name(a.unit) for letter, a in zip(letters, axes, strict=False) if a.unit},
        channels=tuple((c.label, _color(c.color)) for c in image.omero.channels),
    )


def _inner(path: str) -> str:
    if path.startswith("/") or ".." in path.replace("\\", "/").split("/"):
        raise BadImageError(f"Its OME-Zarr description names the array {path!a}, which is not in its folder.")
    return path


def _scale(letters: str, scales: _Multiscale) -> dict[str, float]:
    """Return the scale of the finest level, times that of all levels."""
    product = dict.fromkeys(letters, 1.0)
    for transform in (*scales.datasets[0].transforms, *scales.transforms):
        if transform.type == "scale" and len(transform.scale) == len(letters):
            product = {a: product[a] * s for a, s in zip(letters, transform.scale, strict=True)}
    return {axis: size for axis, size in product.items() if axis not in "CS"}


def _color(text: str) -> str:
    return f"#{text.removeprefix('#')}" if len(text.removeprefix("#")) == 6 else ""
