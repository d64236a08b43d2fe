"""A large plane as tiles that overlap, and the objects found in them as those of the plane."""

from __future__ import annotations

from dataclasses import dataclass, replace
from itertools import pairwise
from typing import TYPE_CHECKING

import numpy as np

from napari_zeroseg.core.mask import Box, Mask
from napari_zeroseg.core.prompt import Point

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from numpy.typing import NDArray

    from napari_zeroseg.core.instance import Instance

Window = tuple[slice, slice]
"""Rows and columns of a plane, with start and stop within it."""

ALIGNMENT = 64
"""Windows start at multiples of so many pixels, so that halved images of neighbours have the same grid."""
DOUBT = 4.0
"""An object whose centre is so near to a core, in pixels, may be that tile's where its owner saw none."""
SAME = 0.5
"""Pieces that agree on this part of where both can be seen (IoU) are one object."""


@dataclass(frozen=True, slots=True)
class Tile:
    """A part of a plane.

    Parameters
    ----------
    core : tuple of slice
        Its own part; the cores of all tiles cover the region once.
    window : tuple of slice
        What is looked at: the core and a margin, as far as the plane goes.
    reach : int
        How far neighbours look into the core at most, in pixels.
    """

    core: Window
    window: Window
    reach: int = 0

    def owns(self, box: Box, doubt: float = 0.0) -> bool:
        """Say whether the centre of a box (x0, y0, x1, y1) lies in the core, or so many pixels from it."""
        rows, cols = self.core
        x, y = (box[0] + box[2]) / 2, (box[1] + box[3]) / 2
        inside = rows.start - doubt <= y < rows.stop + doubt
        return inside and bool(cols.start - doubt <= x < cols.stop + doubt)

    def scaled(self, factor: tuple[float, float]) -> Tile:
        """Return the tile in pixels of a plane that has ``factor`` pixels for one of the tile's."""
        if factor == (1.0, 1.0):
            return self
        core, window = (
            (_times(part[0], factor[0]), _times(part[1], factor[1])) for part in (self.core, self.window)
        )
        return Tile(core, window, round(self.reach * max(factor)))

    def cuts(self, mask: Mask, shape: tuple[int, int]) -> bool:
        """Say whether a mask is cut off by the window, and not by the border of the plane."""
        return any(
            (own.start <= seen.start and seen.start > 0) or (own.stop >= seen.stop and seen.stop < size)
            for own, seen, size in zip(mask.slices, self.window, shape, strict=True)
        )

    def reaches_core(self, mask: Mask) -> bool:
        """Say whether the bounds of a mask meet the core."""
        return all(
            own.start < core.stop and own.stop > core.start
            for own, core in zip(mask.slices, self.core, strict=True)
        )

    def near_seam(self, mask: Mask) -> bool:
        """Say whether the bounds of a mask reach into what a neighbour looks at too."""
        return any(
            own.start < core.start + self.reach or own.stop > core.stop - self.reach
            for own, core in zip(mask.slices, self.core, strict=True)
        )


def tiles(shape: tuple[int, int], side: int, overlap: int, region: Window | None = None) -> list[Tile]:
    """Return tiles of about equal size, row by row.

    Parameters
    ----------
    shape : tuple of int
        (H, W) of the plane.
    side : int
        Largest side of a core, in pixels.
    overlap : int
        Width of what two neighbours both look at, in pixels.
    region : tuple of slice, optional
        The part of the plane that the cores cover; all of it by default.
    """
    margin = -(-overlap // 2)
    spans = [
        [(core, _grown(core, margin, size)) for core in _cores(part, side)]
        for part, size in zip(region or whole(shape), shape, strict=True)
    ]
    return [
        Tile((rows, cols), (seen_rows, seen_cols), margin + ALIGNMENT)
        for rows, seen_rows in spans[0]
        for cols, seen_cols in spans[1]
    ]


def _times(span: slice, factor: float) -> slice:
    return slice(round(span.start * factor), round(span.stop * factor))


def whole(shape: tuple[int, int]) -> Window:
    """Return the window that is all of a plane."""
    return slice(0, shape[0]), slice(0, shape[1])


def _cores(part: slice, side: int) -> list[slice]:
    count = max(1, -(-(part.stop - part.start) // side))
    cuts = [part.start + i * (part.stop - part.start) // count for i in range(1, count)]
    bounds = [part.start, *(max(c - c % ALIGNMENT, part.start) for c in cuts), part.stop]
    return [slice(a, b) for a, b in pairwise(bounds) if b > a]


def _grown(core: slice, margin: int, size: int) -> slice:
    start = max(0, core.start - margin)
    return slice(start - start % ALIGNMENT, min(size, core.stop + margin))


def covered(tiles: Sequence[Tile], factor: tuple[float, float] = (1.0, 1.0)) -> Window:
    """Return what the cores of tiles, in the order in which they are made, cover together."""
    first, last = tiles[0].scaled(factor).core, tiles[-1].scaled(factor).core
    return slice(first[0].start, last[0].stop), slice(first[1].start, last[1].stop)


def sample_windows(region: Window, side: int, count: int) -> list[Window]:
    """Return up to ``count`` by ``count`` windows of one side, spread over a region, none on another."""
    rows, cols = (_spread(part, side, count) for part in region)
    return [(r, c) for r in rows for c in cols]


def _spread(part: slice, side: int, count: int) -> list[slice]:
    room = part.stop - part.start
    side = min(side, room)
    count = min(count, room // side)
    starts = [part.start + int((i + 0.5) * room / count) - side // 2 for i in range(count)]
    return [slice(start, start + side) for start in starts]


def shrunk(region: Window | None, factor: tuple[float, float]) -> Window | None:
    """Return a region in pixels of a coarser level, no smaller than it is."""
    if region is None:
        return None
    rows, cols = (
        slice(int(s.start / f), max(int(-(-s.stop // f)), int(s.start / f) + 1))
        for s, f in zip(region, factor, strict=True)
    )
    return rows, cols


def placed(instance: Instance, origin: tuple[int, int], factor: tuple[float, float] = (1.0, 1.0)) -> Instance:
    """Return an instance that was found in a window as it lies on the plane.

    Parameters
    ----------
    instance : Instance
        In pixels of the window.
    origin : tuple of int
        Row and column where the window starts, in pixels of the level that was looked at.
    factor : tuple of float
        Pixels of the plane per pixel of that level, along rows and columns.
    """
    (top, left), (down, along) = origin, factor
    at = instance.provenance

    def x_on_plane(x: float) -> float:
        return (x + left + 0.5) * along - 0.5

    def y_on_plane(y: float) -> float:
        return (y + top + 0.5) * down - 0.5

    box = at.box and (
        (at.box[0] + left) * along,
        (at.box[1] + top) * down,
        (at.box[2] + left) * along,
        (at.box[3] + top) * down,
    )
    points = tuple(Point(x_on_plane(p.x), y_on_plane(p.y), p.positive) for p in at.points)
    moved = Mask((instance.mask.origin[0] + top, instance.mask.origin[1] + left), instance.mask.pixels)
    return replace(instance, mask=_enlarged(moved, factor), provenance=replace(at, box=box, points=points))


def _enlarged(mask: Mask, factor: tuple[float, float]) -> Mask:
    if factor == (1.0, 1.0):
        return mask
    rows, cols = (_sources(s, f) for s, f in zip(mask.slices, factor, strict=True))
    return Mask((rows[0], cols[0]), mask.pixels[np.ix_(rows[1], cols[1])]).trimmed()


def _sources(span: slice, factor: float) -> tuple[int, NDArray[np.intp]]:
    """Return the first pixel of a span on the fine grid, and for each of its pixels the coarse one."""
    start, stop = round(span.start * factor), round(span.stop * factor)
    coarse = np.floor((np.arange(start, stop) + 0.5) / factor).astype(np.intp) - span.start
    return start, np.clip(coarse, 0, span.stop - span.start - 1)


@dataclass(frozen=True, slots=True, eq=False)
class Piece:
    """An object that a tile's window cuts off, or whose owner is in doubt."""

    tile: Tile
    instance: Instance


def joined(pieces: Sequence[Piece]) -> list[Instance]:
    """Return the objects that pieces make up: those of one class that agree where both tiles look.

    A piece that agrees with no other is an object of its own if its tile may own it, else it is left
    to the neighbour, who saw it whole.
    """
    groups = _groups(pieces)
    return [
        _union([pieces[i].instance for i in group])
        for group in groups
        if len(group) > 1 or pieces[group[0]].tile.owns(pieces[group[0]].instance.mask.box, DOUBT)
    ]


def _groups(pieces: Sequence[Piece]) -> list[list[int]]:
    leader = list(range(len(pieces)))

    def lead(i: int) -> int:
        while leader[i] != i:
            leader[i] = i = leader[leader[i]]
        return i

    for i, j in _meeting([p.instance.mask for p in pieces]):
        if lead(i) != lead(j) and _agree(pieces[i], pieces[j]):
            leader[lead(j)] = lead(i)
    groups: dict[int, list[int]] = {}
    for i in range(len(pieces)):
        groups.setdefault(lead(i), []).append(i)
    return list(groups.values())


def _meeting(masks: Sequence[Mask]) -> Iterable[tuple[int, int]]:
    """Yield pairs of masks whose bounds overlap, by a sweep down the rows."""
    order = sorted(range(len(masks)), key=lambda i: masks[i].slices[0].start)
    active: list[int] = []
    for i in order:
        rows, cols = masks[i].slices
        active = [j for j in active if masks[j].slices[0].stop > rows.start]
        for j in active:
            other = masks[j].slices[1]
            if other.start < cols.stop and cols.start < other.stop:
                yield j, i
        active.append(i)


def _agree(a: Piece, b: Piece) -> bool:
    if a.tile is b.tile or a.instance.name != b.instance.name:
        return False
    shared = tuple(
        slice(max(s.start, t.start), min(s.stop, t.stop))
        for s, t in zip(a.tile.window, b.tile.window, strict=True)
    )
    if any(s.start >= s.stop for s in shared):
        return False
    window = (shared[0], shared[1])
    here, there = a.instance.mask.within(window), b.instance.mask.within(window)
    return bool(np.count_nonzero(here & there) > SAME * np.count_nonzero(here | there))


def _union(parts: Sequence[Instance]) -> Instance:
    """Return one instance with the pixels of all; the best of them says where it comes from."""
    best = max(parts, key=lambda i: i.score)
    slices = [p.mask.slices for p in parts]
    rows, cols = (
        slice(min(s[axis].start for s in slices), max(s[axis].stop for s in slices)) for axis in (0, 1)
    )
    pixels = np.any([p.mask.within((rows, cols)) for p in parts], axis=0)
    return replace(best, mask=Mask((rows.start, cols.start), pixels))
