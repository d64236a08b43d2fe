"""What is measured of each object: size, shape and intensity, in physical units where these are known."""

from __future__ import annotations

import math
import warnings
from typing import TYPE_CHECKING, Any

import numpy as np

from napari_zeroseg.core.channels import Composition

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from numpy.typing import NDArray

    from napari_zeroseg.core.instance import Instance
    from napari_zeroseg.core.volume import Grid, Volume

LENGTHS = {
    "equivalent_diameter": "equivalent_diameter_area",
    "major_axis": "axis_major_length",
    "minor_axis": "axis_minor_length",
    "perimeter": "perimeter",
}
SHAPES = ("eccentricity", "solidity", "extent", "orientation")
COLORS = ("red", "green", "blue")
COLUMNS = (
    "image", "class", "id", "state", "score", "plane", "unit", "area", *LENGTHS, *SHAPES,
    "y", "x", "area_px", "y0_px", "x0_px", "y1_px", "x1_px",
)  # fmt: skip
"""Of every table; behind them come mean, deviation, least and largest intensity of each channel.

``area``, lengths and the centre (``y``, ``x``) are in ``unit`` (squared for the area), which is
"pixel" where the file tells no size. ``orientation`` is in radians, as in scikit-image.
"""

Row = dict[str, Any]


def measured(
    instances: Sequence[Instance], volume: Volume, grid: Grid, shown: Composition | None
) -> Iterator[Row]:
    """Yield one row for each instance, without the name of the image.

    Parameters
    ----------
    instances : sequence of Instance
        On planes of the volume.
    volume : Volume
        Whose intensities are measured, as they are stored.
    grid : Grid
        Pixel sizes and units.
    shown : Composition, optional
        Gives the names of the channels.

    Notes
    -----
    Shapes are those of ``skimage.measure.regionprops``. An object that goes through several planes
    has a row for each.
    """
    spacing, unit = _pixel(grid)
    names = channel_names(volume, shown)
    for instance in instances:
        yield _about(instance, unit) | _shape(instance, spacing) | _intensities(instance, volume, names)


def _pixel(grid: Grid) -> tuple[tuple[float, float], str]:
    units = {grid.units.get(axis, "") for axis in "YX"}
    if not {"Y", "X"} <= grid.scale.keys() or len(units) > 1 or units == {""}:
        return (1.0, 1.0), "pixel"
    return (float(grid.scale["Y"]), float(grid.scale["X"])), units.pop()


def _about(instance: Instance, unit: str) -> Row:
    return {
        "class": instance.name,
        "id": instance.id,
        "state": str(instance.state),
        "score": round(instance.score, 4),
        "plane": ",".join(map(str, instance.plane)),
        "unit": unit,
    }


def _shape(instance: Instance, spacing: tuple[float, float]) -> Row:
    from skimage.measure import regionprops

    mask = instance.mask
    (region,) = regionprops(mask.pixels.astype(np.uint8), spacing=spacing)
    y, x = (float(c) + o * s for c, o, s in zip(region.centroid, mask.origin, spacing, strict=True))
    x0, y0, x1, y1 = (int(side) for side in mask.box)
    row: Row = {"area": float(region.area)}
    row |= {name: _number(region, key) for name, key in LENGTHS.items()}
    row |= {name: _number(region, name) for name in SHAPES}
    return row | {
        "y": y, "x": x, "area_px": mask.area, "y0_px": y0, "x0_px": x0, "y1_px": y1, "x1_px": x1,
    }  # fmt: skip


def _number(region: Any, name: str) -> float | None:
    """Return a property; None where it is not defined, as the hull of a single pixel."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            value = float(getattr(region, name))
        except Exception:  # noqa: BLE001 - the hull of few pixels fails in many ways
            return None
    return value if math.isfinite(value) else None


def channel_names(volume: Volume, shown: Composition | None) -> tuple[str, ...]:
    """Return a name for each channel: of its colour, of the file, or its number."""
    if volume.rgb:
        return COLORS
    count = volume.channel_count
    told = [name for name, _ in volume.channels] if len(volume.channels) == count else [""] * count
    seen = [c.name for c in shown.channels] if shown and len(shown.channels) == count > 1 else [""] * count
    names = [a or b or str(n) for n, (a, b) in enumerate(zip(told, seen, strict=True))]
    return tuple(names) if len(set(names)) == count else tuple(map(str, range(count)))


def _intensities(instance: Instance, volume: Volume, names: Sequence[str]) -> Row:
    row: Row = {}
    for name, values in zip(names, _values(instance, volume), strict=False):
        inside = values[instance.mask.pixels].astype(np.float64)
        finite = inside[np.isfinite(inside)]
        numbers = (finite.mean(), finite.std(), finite.min(), finite.max()) if finite.size else (None,) * 4
        for kind, number in zip(("mean", "std", "min", "max"), numbers, strict=True):
            row[f"{kind}_{name}"] = None if number is None else float(number)
    return row


def _values(instance: Instance, volume: Volume) -> Iterator[NDArray[Any]]:
    for number in range(volume.channel_count):
        values = volume.channel(number).read(instance.plane, instance.mask.slices)
        if values.ndim == 3:
            yield from (values[..., sample] for sample in range(min(values.shape[2], len(COLORS))))
        else:
            yield values
