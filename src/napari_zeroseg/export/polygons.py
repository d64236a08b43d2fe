"""Outlines of masks as polygons along the edges of pixels, and back, without a pixel lost.

Coordinates are (x, y) with (0, 0) at the outer corner of the first pixel, so that the centre of a
pixel in column c and row r is (c + 0.5, r + 0.5).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from napari_zeroseg.core.mask import Mask

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from numpy.typing import NDArray

    Ring = NDArray[np.int64]


NOTHING = Mask((0, 0), np.zeros((0, 0), bool))
"""A mask without pixels, to which others are added."""


@dataclass(frozen=True, slots=True, eq=False)
class Polygon:
    """An outline and its holes; rings touch themselves and each other in single points at most.

    Parameters
    ----------
    outer : ndarray of int, shape (N, 2)
        Corners (x, y) in order, the first not repeated at the end; its :func:`winding` is 1.
    holes : tuple of such arrays
        Inside of it, wound the other way.
    """

    outer: Ring
    holes: tuple[Ring, ...] = ()

    @property
    def rings(self) -> tuple[Ring, ...]:
        return (self.outer, *self.holes)


def polygons_of(mask: Mask) -> list[Polygon]:
    """Return the outlines of a mask, one polygon for each part whose pixels touch by their sides."""
    from scipy.ndimage import label

    padded = np.pad(mask.pixels, 1)
    parts, _ = label(padded)
    outers: dict[int, Ring] = {}
    holes: dict[int, list[Ring]] = {}
    offset = np.array([mask.origin[1] - 1, mask.origin[0] - 1])
    for ring in _rings(padded):
        x, y = min(map(tuple, ring.tolist()), key=lambda corner: (corner[1], corner[0]))
        # right below the first corner lies the inside of a ring; above a hole lies the part around it
        if padded[y, x]:
            outers[parts[y, x]] = ring[:: winding(ring)] + offset
        else:
            holes.setdefault(parts[y - 1, x], []).append(ring[:: -winding(ring)] + offset)
    return [Polygon(outer, tuple(holes.get(part, ()))) for part, outer in outers.items()]


def winding(ring: Ring) -> int:
    """Return 1 where x turns towards y along the ring, as in RFC 7946 it does along outlines, else -1."""
    (x, y), (next_x, next_y) = ring.T, np.roll(ring, -1, axis=0).T
    return 1 if int((x * next_y - next_x * y).sum()) > 0 else -1


def _rings(padded: NDArray[np.bool_]) -> Iterator[Ring]:
    """Yield the rings around a mask that has an empty border, each without a corner twice."""
    x, y, downward = _corners(padded)
    # corners of a row belong together two by two, and so do those of a column
    along_row = _pairs(np.arange(len(x)))
    along_column = _pairs(np.lexsort((downward, y, x)))
    corners = list(zip(x.tolist(), y.tolist(), strict=True))
    left = np.ones(len(x), bool)
    for start in range(len(x)):
        if left[start]:
            way, here = [], start
            while left[here]:
                across = along_row[here]
                left[[here, across]] = False
                way += [corners[here], corners[across]]
                here = along_column[across]
            yield from _simple(way)


def _corners(
    padded: NDArray[np.bool_],
) -> tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.bool_]]:
    """Return x and y of the corners row by row, and whether the outline leaves each downward.

    Where two pixels touch by a corner only, there are two corners in one place, the left one first.
    """
    a, b, c, d = padded[:-1, :-1], padded[:-1, 1:], padded[1:, :-1], padded[1:, 1:]
    crossing = (a == d) & (b == c) & (a != b)
    count = (a ^ b ^ c ^ d).astype(np.intp) + 2 * crossing
    y, x = np.nonzero(count)
    times = count[y, x]
    y, x, first = np.repeat(y, times), np.repeat(x, times), np.repeat(np.cumsum(times) - times, times)
    is_second = np.arange(len(x)) > first
    # the pixel on the upper left: its corner is the left one of the two, and turns upward
    downward = crossing[y, x] & (is_second == a[y, x])
    return x + 1, y + 1, downward


def _pairs(order: NDArray[np.intp]) -> list[int]:
    partner = np.empty(len(order), np.intp)
    partner[order[::2]], partner[order[1::2]] = order[1::2], order[::2]
    return partner.tolist()


def _simple(way: list[tuple[int, int]]) -> Iterator[Ring]:
    """Cut a closed way where it meets itself."""
    ring: list[tuple[int, int]] = []
    places: dict[tuple[int, int], int] = {}
    for corner in way:
        if corner in places:
            cut = places[corner]
            for gone in ring[cut:]:
                del places[gone]
            yield np.array(ring[cut:], np.int64)
            del ring[cut:]
        places[corner] = len(ring)
        ring.append(corner)
    yield np.array(ring, np.int64)


def one_ring(polygons: Sequence[Polygon]) -> Ring:
    """Return all rings as one, for formats that know neither holes nor parts.

    Rings are joined by lines that are gone there and back, along the edges of pixels: by the
    even-odd rule these enclose nothing.
    """
    base, *others = [ring for polygon in polygons for ring in polygon.rings]
    detours: list[list[Ring]] = [[] for _ in base]
    for ring, (at, begin) in zip(others, _nearest(base, others), strict=True):
        turn = np.array([[ring[begin][0], base[at][1]]])
        around = np.roll(ring, -begin, axis=0)
        detours[at].append(np.concatenate([turn, around, around[:1], turn, base[at : at + 1]]))
    pieces = [piece for at in range(len(base)) for piece in (base[at : at + 1], *detours[at])]
    return np.concatenate(pieces)


def _nearest(base: Ring, others: Sequence[Ring]) -> Iterator[tuple[int, int]]:
    """Yield for every ring the corner of the base and its own corner that are close to each other."""
    from scipy.spatial import cKDTree

    tree = cKDTree(base)
    for ring in others:
        distances, places = tree.query(ring, p=1)
        begin = int(np.argmin(distances))
        yield int(places[begin]), begin


def filled(rings: Sequence[NDArray[Any]], shape: tuple[int, int]) -> Mask:
    """Return the pixels whose centres lie inside of rings by the even-odd rule.

    Parameters
    ----------
    rings : sequence of ndarray, shape (N, 2)
        Finite corners (x, y); what lies outside of the plane is cut off.
    shape : tuple of int
        (H, W) of the plane.
    """
    edges = np.concatenate([_edges(np.asarray(ring, float)) for ring in rings])
    edges = edges[edges[:, 0, 1] != edges[:, 1, 1]]
    window = _window(edges, shape)
    if window is None:
        return NOTHING
    rows, cols = window
    y, x = _crossings(edges, rows)
    x = np.clip(x, cols.start, cols.stop)
    turns = np.zeros((rows.stop - rows.start, cols.stop - cols.start + 1), np.int32)
    np.add.at(turns, (y - rows.start, x - cols.start), 1)
    inside = np.cumsum(turns, axis=1)[:, :-1] % 2 == 1
    return Mask((rows.start, cols.start), inside).trimmed()


def _edges(ring: NDArray[np.float64]) -> NDArray[np.float64]:
    return np.stack([ring, np.roll(ring, -1, axis=0)], axis=1)


def _window(edges: NDArray[np.float64], shape: tuple[int, int]) -> tuple[slice, slice] | None:
    """Return the rows and columns of the plane that edges may enclose pixels of."""
    if not len(edges):
        return None
    low = np.clip(np.floor(edges.min(axis=(0, 1))), 0, shape[::-1]).astype(int)
    high = np.clip(np.ceil(edges.max(axis=(0, 1))), 0, shape[::-1]).astype(int)
    if (low >= high).any():
        return None
    return slice(int(low[1]), int(high[1])), slice(int(low[0]), int(high[0]))


def _crossings(edges: NDArray[np.float64], rows: slice) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Return for each row and edge that cross the row, and the first column right of the edge."""
    edges = np.where((edges[:, 0, 1] > edges[:, 1, 1])[:, None, None], edges[:, ::-1], edges)
    (x0, y0), (x1, y1) = edges[:, 0].T, edges[:, 1].T
    begin = np.clip(np.ceil(y0 - 0.5), rows.start, rows.stop).astype(np.int64)
    end = np.clip(np.ceil(y1 - 0.5), rows.start, rows.stop).astype(np.int64)
    times = end - begin
    which = np.repeat(np.arange(len(edges)), times)
    y = np.arange(len(which)) - np.repeat(np.cumsum(times) - times, times) + np.repeat(begin, times)
    share = (y + 0.5 - y0[which]) / (y1 - y0)[which]
    x = x0[which] + share * (x1 - x0)[which]
    # beyond these no plane reaches; a cast of larger numbers would be undefined
    return y, np.ceil(np.clip(x, -1e9, 1e9) - 0.5).astype(np.int64)
