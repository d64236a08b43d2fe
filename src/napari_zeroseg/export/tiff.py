"""Label images as TIFF."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from napari_zeroseg.core.compose import label_tiles
from napari_zeroseg.core.errors import BadFileError, ExportError
from napari_zeroseg.core.volume import ONE_PLANE
from napari_zeroseg.export.atomic import replacing
from napari_zeroseg.export.units import SYMBOLS

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from numpy.typing import NDArray

    from napari_zeroseg.core.compose import Drawn
    from napari_zeroseg.core.vocabulary import TargetClass
    from napari_zeroseg.core.volume import Grid

MAX_PIXELS = 2**31
TILE = 512
"""Side in pixels of the tiles of a large label image."""
OME_SIZES = {"X": "PhysicalSizeX", "Y": "PhysicalSizeY", "Z": "PhysicalSizeZ", "T": "TimeIncrement"}
CENTIMETERS = {"nanometer": 1e-7, "micrometer": 1e-4, "millimeter": 0.1, "centimeter": 1.0}


def write_label_tiff(path: Path, labels: NDArray[Any], grid: Grid | None = None) -> None:
    """Write a label image, losslessly compressed, in the smallest unsigned type that holds it.

    8 and 16 bits are what ImageJ, CellProfiler and QuPath read as labels; 32 bits are used only
    for more than 65535 objects.

    Parameters
    ----------
    path : Path
        Replaced if it is there.
    labels : ndarray of int, shape (H, W) or with leading axes (…, H, W)
        0 for background.
    grid : Grid, optional
        Axes and scale, which are written as OME-TIFF where they say more than rows and columns.

    Raises
    ------
    ExportError
        When the file cannot be written, or a label is negative.
    """
    import tifffile

    small = _smallest(labels)
    with replacing(path) as part:
        tifffile.imwrite(part, small, compression="zlib", photometric="minisblack", **_described(grid))


def write_large_label_tiff(
    path: Path,
    planes: Sequence[Drawn],
    shape: tuple[int, int],
    grid: Grid | None = None,
    classes: Sequence[TargetClass] = (),
) -> None:
    """Write a label image like :func:`write_label_tiff`, as a BigTIFF in tiles that are drawn one by one.

    Parameters
    ----------
    path : Path
        Replaced if it is there.
    planes : sequence of list of (int, Mask)
        What is drawn on each plane, in the order of the grid.
    shape : tuple of int
        (H, W) of a plane.
    grid : Grid, optional
        As there.
    classes : sequence of TargetClass, optional
        A channel for each, with its name and colour, outside of the grid: ``planes`` are those of the
        first class, then those of the second.

    Raises
    ------
    ExportError
        When the file cannot be written.
    """
    import tifffile

    channels = (len(classes),) if len(classes) > 1 else ()
    dtype = np.min_scalar_type(max((value for drawn in planes for value, _ in drawn), default=0))
    depth = grid.depth if grid is not None else ()
    with replacing(path) as part:
        tifffile.imwrite(
            part,
            (tile for drawn in planes for tile in label_tiles(drawn, shape, TILE, dtype)),
            shape=(*channels, *depth, *shape),
            dtype=dtype,
            tile=(TILE, TILE),
            bigtiff=True,
            compression="zlib",
            photometric="minisblack",
            maxworkers=1,  # more of them encode, and hold, many tiles at once
            **(_with_classes(grid or ONE_PLANE, classes) if classes else _described(grid)),
        )


def _described(grid: Grid | None) -> dict[str, Any]:
    """Return axes and scale as OME has them, and the resolution for readers that know no OME."""
    if grid is None or (grid.axes == "YX" and not grid.scale):
        return {}
    return {"ome": True, "metadata": _placed(grid), **_resolution(grid)}


def _with_classes(grid: Grid, classes: Sequence[TargetClass]) -> dict[str, Any]:
    placed = _placed(grid)
    axes = f"C{grid.axes}" if len(classes) > 1 else grid.axes
    channels = {"Name": [c.name for c in classes], "Color": [_ome_color(c.color) for c in classes]}
    return {"ome": True, "metadata": placed | {"axes": axes, "Channel": channels}, **_resolution(grid)}


def _ome_color(color: str) -> int:
    """Return RRGGBBAA as OME has it, a signed number of 32 bits."""
    # opaque white is what OME has where nobody chose a colour
    alpha = "fe" if color.lower() == "#ffffff" else "ff"
    return int.from_bytes(bytes.fromhex(f"{color.removeprefix('#')}{alpha}"), "big", signed=True)


def _placed(grid: Grid) -> dict[str, Any]:
    metadata: dict[str, Any] = {"axes": grid.axes}
    for axis, size in grid.scale.items():
        name, unit = OME_SIZES[axis], SYMBOLS.get(grid.units.get(axis, ""), "")
        metadata |= {name: size} | (
            {f"{name}Unit": unit} if unit else {f"{name}Unit": "pixel"} if axis != "T" else {}
        )
    return metadata


def _resolution(grid: Grid) -> dict[str, Any]:
    centimeter = CENTIMETERS.get(grid.units.get("X", ""))
    if centimeter is None or not {"X", "Y"} <= set(grid.scale):
        return {}
    per_centimeter = tuple(1 / (grid.scale[axis] * centimeter) for axis in "XY")
    return {"resolution": per_centimeter, "resolutionunit": "CENTIMETER"}


def _smallest(labels: NDArray[Any]) -> NDArray[Any]:
    low, high = (int(labels.min()), int(labels.max())) if labels.size else (0, 0)
    if low < 0 or high > np.iinfo(np.uint32).max:
        raise ExportError(
            f"A label image holds the values {low} to {high}.",
            remedy="Labels must be 0 or more and fit into 32 bits.",
        )
    return labels.astype(np.min_scalar_type(high))


def read_label_tiff(path: Path) -> NDArray[Any]:
    """Read a label image of any number of axes, as unsigned integers.

    Raises
    ------
    BadFileError
        When the file cannot be read, is too large, or holds no labels.
    """
    import tifffile

    try:
        with tifffile.TiffFile(path) as file:
            series = file.series[0]
            _check(path, series.shape, series.dtype)
            return np.asarray(series.asarray())
    except BadFileError:
        raise
    # a damaged file can make the decoder fail in any way
    except Exception as error:
        raise BadFileError(f"'{path}' could not be read as a TIFF: {error}.") from error


def _check(path: Path, shape: tuple[int, ...], dtype: Any) -> None:
    if np.prod(shape, dtype=float) > MAX_PIXELS:
        raise BadFileError(f"'{path}' says it has shape {shape}, which is too large.")
    if dtype is None or np.dtype(dtype).kind != "u":
        raise BadFileError(
            f"'{path}' holds values of type {dtype}, not labels.",
            remedy="Open it as an image.",
        )
