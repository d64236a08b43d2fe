"""Planes and the size of pixels as short texts, for formats that have no place of their own for them."""

from __future__ import annotations

from itertools import product
from math import isfinite, prod
from typing import TYPE_CHECKING

from napari_zeroseg.core.errors import BadFileError
from napari_zeroseg.core.volume import ONE_PLANE, Grid
from napari_zeroseg.export.units import unit_name

if TYPE_CHECKING:
    from collections.abc import Iterable

MAX_PLANES = 1 << 20


def spelled(grid: Grid) -> dict[str, str]:
    """Return axes, planes, size of a pixel and units as texts; empty where there is nothing to say."""
    if grid.planes == ((),) and not grid.scale:
        return {"axes": "", "planes": "", "pixel_size": "", "units": ""}
    return {
        "axes": grid.axes,
        "planes": _planes(grid),
        "pixel_size": " ".join(f"{axis}={size!r}" for axis, size in grid.scale.items()),
        "units": " ".join(f"{axis}={unit}" for axis, unit in grid.units.items()),
    }


def _planes(grid: Grid) -> str:
    """Return the places along each axis: "0-4 2" for five planes at place 2 of a second axis."""
    places = [sorted(set(along)) for along in zip(*grid.planes, strict=True)]
    # axes that the label image has although they are of one place
    single = len(grid.depth) - sum(len(along) > 1 for along in places)
    texts = []
    for along in places:
        is_kept = len(along) > 1 or single > 0
        single -= len(along) == 1
        texts.append(f"{along[0]}-{along[-1]}" if is_kept else str(along[0]))
    return " ".join(texts)


def grid_of(axes: str, planes: str, sizes: str, units: str) -> Grid:
    """Return what :func:`spelled` was given.

    Raises
    ------
    BadFileError
        When the texts say something else.
    """
    if not axes:
        return ONE_PLANE
    places = [_span(text) for text in planes.split()]
    if prod(map(len, places)) > MAX_PLANES or not axes.endswith("YX") or not set(axes) <= set("TZYX"):
        raise BadFileError(f"{axes!a} {planes!a} are no planes.")
    scale = {axis: _size(value) for axis, value in _pairs(sizes) if axis in axes}
    named = {axis: name for axis, unit in _pairs(units) if axis in axes and (name := unit_name(unit))}
    depth = tuple(len(place) for place, text in zip(places, planes.split(), strict=True) if "-" in text)
    if len(depth) != len(axes) - 2:
        raise BadFileError(f"{planes!a} are no planes along {axes!a}.")
    return Grid(axes, depth, tuple(product(*places)), scale, named)


def _span(text: str) -> range:
    first, _, last = text.partition("-")
    if not (first.isdecimal() and (last.isdecimal() or not last) and len(text) < 20):
        raise BadFileError(f"{text!a} is no place along an axis.")
    return range(int(first), int(last or first) + 1)


def _pairs(text: str) -> list[tuple[str, str]]:
    return [(axis, value) for axis, _, value in (part.partition("=") for part in text.split())]


def _size(text: str) -> float:
    try:
        size = float(text)
    except ValueError as error:
        raise BadFileError(f"{text!a} is no size of a pixel.") from error
    if not (isfinite(size) and size > 0):
        raise BadFileError(f"{text!a} is no size of a pixel.")
    return size


def places_of(grid: Grid, plane: tuple[int, ...]) -> dict[str, int]:
    """Return where a plane lies along each of the axes of a stack, such as ``{"Z": 3}``."""
    return dict(zip(grid.axes[:-2], plane, strict=True)) if grid.depth else {}


def plane_at(grid: Grid, places: dict[str, int]) -> tuple[int, ...]:
    """Return the plane at places along axes, the first one along those that are not named."""
    return tuple(places.get(axis, 0) for axis in grid.axes[:-2]) if grid.depth else grid.planes[0]


def grid_around(all_places: Iterable[dict[str, int]]) -> Grid:
    """Return the smallest stack, of no known scale, that has these places along its axes.

    Raises
    ------
    BadFileError
        When it would have too many planes.
    """
    sizes = {"T": 1, "Z": 1}
    for places in all_places:
        for axis, place in places.items():
            sizes[axis] = max(sizes[axis], place + 1)
    kept = {axis: size for axis, size in sizes.items() if size > 1}
    if prod(kept.values()) > MAX_PLANES:
        raise BadFileError("The objects lie on too many planes.")
    depth = tuple(kept.values())
    return Grid("".join(kept) + "YX", depth, tuple(product(*map(range, depth))))
