"""TIFF files as volumes: plain ones, ImageJ's hyperstacks, and OME-TIFF."""

from __future__ import annotations

import weakref
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

import numpy as np

from napari_zeroseg.core.axes import NAMES, UNKNOWN
from napari_zeroseg.core.volume import Volume
from napari_zeroseg.export.tiff import OME_SIZES
from napari_zeroseg.export.units import unit_name

if TYPE_CHECKING:
    from pathlib import Path

    from tifffile import TiffFile, TiffPageSeries

SUFFIXES = (".tif", ".tiff")
EAGER_BYTES = 256_000_000
"""Files up to this size are read at once: planes come faster then than one by one."""

Frames = Callable[["Path"], list[np.ndarray[Any, Any]]]


def is_tiff(path: Path) -> bool:
    """Return whether a file is a TIFF by its name."""
    return path.suffix.lower() in SUFFIXES


def open_tiff(path: Path, frames: Frames, *, on_disk: bool = False) -> Volume:
    """Open the first image of a TIFF.

    Parameters
    ----------
    path : Path
        The file.
    frames : callable
        Reads its pages in another way, for compressions that tifffile needs a package for.
    on_disk : bool
        Whether to leave the pixels on disk in any case, not in large files alone.
    """
    import tifffile

    with tifffile.TiffFile(path) as file:
        series = file.series[0]
        axes, shape = series.get_axes(squeeze=True), series.get_shape(squeeze=True)
        told = _TOLD.get(_kind(file), _nothing)(file, axes, shape)
        lazy = on_disk or series.nbytes > EAGER_BYTES
        data = None if lazy else _read(path, series, frames).reshape(shape)
    known = "".join(axis if axis in NAMES else UNKNOWN for axis in axes)
    return Volume(_lazy(path) if data is None else data, known, **told)


def _read(path: Path, series: TiffPageSeries, frames: Frames) -> np.ndarray[Any, Any]:
    try:
        return np.asarray(series.asarray())
    except ValueError:
        # some compressions need a package that Pillow has built in
        return np.stack(frames(path))


def _lazy(path: Path) -> Any:
    import tifffile
    import zarr

    store: Any = tifffile.imread(path, aszarr=True, series=0, level=0)
    array = zarr.open_array(store, mode="r")
    # the file stays open for as long as the array lives
    weakref.finalize(array, store.close)
    return array


def _kind(file: TiffFile) -> str:
    return "ome" if file.is_ome else "imagej" if file.is_imagej else ""


def _nothing(_file: TiffFile, _axes: str, _shape: tuple[int, ...]) -> dict[str, Any]:
    return {}


def _from_imagej(file: TiffFile, axes: str, shape: tuple[int, ...]) -> dict[str, Any]:
    told = file.imagej_metadata or {}
    unit = unit_name(told.get("unit", ""))
    scale: dict[str, float] = {}
    if unit:
        tags: Any = file.pages.first.tags
        for axis, tag in (("X", "XResolution"), ("Y", "YResolution")):
            if tag in tags:
                count, length = tags[tag].value
                scale |= _positive(axis, length / count if count else 0)
        scale |= _positive("Z", told.get("spacing"))
    scale |= _positive("T", told.get("finterval"))
    units = {axis: "second" if axis == "T" else unit for axis in scale}
    return {"scale": scale, "units": units, "channels": _imagej_channels(told, axes, shape)}


def _imagej_channels(
    told: Mapping[str, Any], axes: str, shape: tuple[int, ...]
) -> tuple[tuple[str, str], ...]:
    tables = told.get("LUTs") or ()
    if "C" not in axes or len(tables) != shape[axes.index("C")]:
        return ()
    return tuple(("", "#" + bytes(np.asarray(table, np.uint8)[:, -1]).hex()) for table in tables)


def _from_ome(file: TiffFile, _axes: str, _shape: tuple[int, ...]) -> dict[str, Any]:
    import tifffile

    image = tifffile.xml2dict(file.ome_metadata or "")["OME"]["Image"]
    pixels = (image[0] if isinstance(image, list) else image)["Pixels"]
    scale: dict[str, float] = {}
    units: dict[str, str] = {}
    for axis, name in OME_SIZES.items():
        scale |= _positive(axis, pixels.get(name))
        units[axis] = unit_name(pixels.get(f"{name}Unit", "second" if axis == "T" else "micrometer"))
    named = _ome_channels(file.ome_metadata or "")
    return {"scale": scale, "units": {a: units[a] for a in scale}, "channels": named}


def _ome_channels(text: str) -> tuple[tuple[str, str], ...]:
    """Return names and colours of the first image's channels, as they are written: "01" is no number."""
    from defusedxml.ElementTree import fromstring

    pixels = fromstring(text).find("{*}Image/{*}Pixels")
    channels = [] if pixels is None else pixels.findall("{*}Channel")
    return tuple((c.get("Name", ""), _ome_color(c.get("Color", "-1"))) for c in channels)


def _ome_color(text: str) -> str:
    """Return the colour of a signed number RRGGBBAA, empty when there is none."""
    try:
        value = int(text)
    except ValueError:
        return ""
    return f"#{(value >> 8) & 0xFFFFFF:06x}" if value != -1 else ""


def _positive(axis: str, value: Any) -> dict[str, float]:
    number = float(value) if isinstance(value, int | float) else 0.0
    return {axis: number} if np.isfinite(number) and number > 0 else {}


_TOLD = {"ome": _from_ome, "imagej": _from_imagej}
