"""The tree of connected components of an image over falling thresholds, with additive measurements."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING, Any

import numpy as np
from scipy import ndimage as ndi

from napari_zeroseg.backends.embedded.sheet import Sheet

if TYPE_CHECKING:
    from collections.abc import Iterator

    from numpy.typing import NDArray

    Floats = NDArray[np.float64]

ROOT = 0
SPARSE = 0.15
"""Part of a large plane; where less of it is bright, the bright components are looked at on a sheet."""
LARGE = 500_000
"""Pixels of a large plane."""


@dataclass(frozen=True, slots=True, eq=False)
class ComponentTree:
    """Every bright component at every threshold; children lie inside their parents.

    Node 0 is the whole plane; a parent always has a smaller number than its children.

    Parameters
    ----------
    node : ndarray of int32, shape (H, W)
        The smallest component that holds a pixel.
    parent : ndarray of int32, shape (N,)
    level : ndarray of int32, shape (N,)
        Index of the threshold at which the component was found.
    starts : ndarray of int64, shape (L + 1,)
        Nodes of level ``k`` are ``starts[k]`` up to ``starts[k + 1]``.
    """

    node: NDArray[np.int32]
    parent: NDArray[np.int32]
    level: NDArray[np.int32]
    starts: NDArray[np.int64]

    def __len__(self) -> int:
        return len(self.parent)

    def sums(self, per_node: Floats) -> Floats:
        """Add the values of all descendants to each node; shape (N, K) in and out."""
        total = np.array(per_node)
        for siblings, firsts, above in self._families_up():
            total[above] += np.add.reduceat(total[siblings], firsts)
        return total

    def _families_up(self) -> Iterator[tuple[NDArray[np.intp], NDArray[np.intp], NDArray[np.int32]]]:
        """Yield the nodes of each level by parents, where each family begins, and the parents."""
        by_parent = np.argsort(self.parent[1:], kind="stable") + 1
        parents = self.parent[by_parent]
        begins = np.flatnonzero(np.diff(parents, prepend=-1))
        # the parents of a level are nodes of the one below, so that levels stay together
        bounds = np.searchsorted(begins, self.starts[1:] - 1).tolist()
        for (low, high), (first, last) in zip(self._levels_up(), [*pairwise(bounds)][::-1], strict=True):
            families = begins[first:last]
            yield by_parent[low - 1 : high - 1], families - (low - 1), parents[families]

    def _levels_up(self) -> list[tuple[int, int]]:
        return list(pairwise(self.starts[1:].tolist()))[::-1]

    def antichain(self, value: Floats) -> NDArray[np.intp]:
        """Return the nodes, none inside another, whose values sum to the most.

        A node is taken when it is worth at least as much as the best choice within it.
        """
        best = np.zeros(len(self))
        for low, high in self._levels_up():
            best[low:high] = np.maximum(best[low:high], value[low:high])
            np.add.at(best, self.parent[low:high], best[low:high])
        taken = (value > 0) & (value >= best)
        taken[ROOT] = False
        covered = np.zeros(len(self), bool)
        for low, high in self._levels_up()[::-1]:
            above = covered[self.parent[low:high]] | taken[self.parent[low:high]]
            covered[low:high] = above
            taken[low:high] &= ~above
        return np.flatnonzero(taken)

    def paint(self, nodes: NDArray[np.intp]) -> NDArray[np.int32]:
        """Return a plane that holds i + 1 where ``nodes[i]`` lies, 0 elsewhere.

        Where nodes are nested, the innermost shows.
        """
        label = np.zeros(len(self), np.int32)
        label[nodes] = np.arange(1, len(nodes) + 1)
        for low, high in self._levels_up()[::-1]:
            inherited = label[self.parent[low:high]]
            label[low:high] = np.where(label[low:high] > 0, label[low:high], inherited)
        return label[self.node]


def component_tree(levels: NDArray[np.uint8]) -> ComponentTree:
    """Build the tree of the 4-connected components of ``levels >= k`` for k = 1, 2, ...

    Parameters
    ----------
    levels : ndarray of uint8, shape (H, W)
        Quantised intensities.
    """
    node = np.zeros(levels.shape, np.int32)
    parents, starts, count = [np.zeros(1, np.int32)], [0, 1], 1
    sheet, shown, nodes = None, levels, node
    for k in range(1, int(levels.max()) + 1):
        bright = shown >= k
        labels, found = ndi.label(bright)
        parent = np.zeros(found + 1, np.int32)
        parent[labels] = nodes
        parents.append(parent[1:])
        np.add(labels, count - 1, out=nodes, where=bright, casting="unsafe")
        count += found
        starts.append(count)
        if sheet is None and _is_sparse(bright):
            sheet = Sheet.of(labels, np.arange(1, found + 1))
            shown, nodes = sheet.laid(levels), sheet.laid(node)
    if sheet is not None:
        sheet.put_back(nodes, node)
    bounds = np.array(starts, np.int64)
    level = np.repeat(np.arange(len(bounds) - 1, dtype=np.int32), np.diff(bounds))
    return ComponentTree(node, np.concatenate(parents), level, bounds)


def _is_sparse(bright: NDArray[np.bool_]) -> bool:
    return bright.size > LARGE and int(np.count_nonzero(bright)) < SPARSE * bright.size


@dataclass(frozen=True, slots=True, eq=False)
class NodeShapes:
    """Measurements of every node of a tree, all of shape (N,).

    Parameters
    ----------
    area : ndarray
        Pixels.
    edge : ndarray
        Mean step in intensity across the outline, per pixel.
    ellipse : ndarray
        Area over the area of the ellipse with the same second moments: 1 for a filled
        ellipse, smaller for branched, bent, hollow or clustered components.
    convexity : ndarray
        Half-perimeter of the bounding box over that of the outline, 1 for row-convex shapes.
    mean : ndarray
        Mean intensity.
    outside : ndarray
        Mean intensity just outside the outline.
    free : ndarray
        Part of the outline that is not cut off by the border of the image.
    """

    area: Floats
    edge: Floats
    ellipse: Floats
    convexity: Floats
    mean: Floats
    outside: Floats
    free: Floats


def measure_nodes(tree: ComponentTree, values: NDArray[np.float32]) -> NodeShapes:
    """Measure all nodes at once: every measurement is a sum over pixels or pixel pairs."""
    pixels = _pixel_sums(tree, values)
    pairs = _pair_sums(tree, values)
    total = tree.sums(np.column_stack((*pixels, *pairs)))
    area, bright, y, x, yy, xx, xy, border, rim, step, outer = total.T
    spread_y = yy / area - (y / area) ** 2 + 1 / 12
    spread_x = xx / area - (x / area) ** 2 + 1 / 12
    covariance = xy / area - (x / area) * (y / area)
    determinant = np.maximum(spread_y * spread_x - covariance**2, 1 / 144)
    perimeter = np.maximum(rim + border, 1)
    rim = np.maximum(rim, 1e-9)
    # the bounding box of an ellipse of these moments has sides 4·sqrt(spread)
    box = 8 * (np.sqrt(spread_y) + np.sqrt(spread_x))
    return NodeShapes(
        area=area,
        edge=np.where(rim > 0.5, step / rim, 0),
        ellipse=np.minimum(area / (4 * np.pi * np.sqrt(determinant)), 1),
        convexity=np.minimum(box / perimeter, 1),
        mean=bright / area,
        outside=outer / rim,
        free=rim / perimeter,
    )


def _pixel_sums(tree: ComponentTree, values: NDArray[np.float32]) -> list[Floats]:
    flat = tree.node.ravel().astype(np.intp)
    weights = _pixel_weights(values)
    return [np.asarray(np.bincount(flat, w, len(tree)), np.float64) for w in weights]


def _pixel_weights(values: NDArray[np.float32]) -> Iterator[Any]:
    """Yield what is summed over the pixels of a component, one plane at a time: they take much memory."""
    height, width = values.shape
    y = np.repeat(np.arange(height, dtype=np.float64) - height / 2, width)
    x = np.tile(np.arange(width, dtype=np.float64) - width / 2, height)
    yield None
    yield values.ravel()
    yield y
    yield x
    yield y * y
    yield x * x
    yield x * y
    border = np.zeros((height, width))
    for side in (np.s_[0], np.s_[-1], np.s_[:, 0], np.s_[:, -1]):
        border[side] += 1
    yield border.ravel()


def _pair_sums(tree: ComponentTree, values: NDArray[np.float32]) -> list[Floats]:
    sums = [np.zeros(len(tree)) for _ in range(3)]
    for first, second in ((np.s_[:-1], np.s_[1:]), (np.s_[:, :-1], np.s_[:, 1:])):
        a, b = tree.node[first].ravel(), tree.node[second].ravel()
        differ = a != b  # nodes are numbered from dark to bright
        a, b = a[differ], b[differ]
        high, low = np.maximum(a, b), np.minimum(a, b)
        va, vb = values[first].ravel()[differ], values[second].ravel()[differ]
        outer = np.where(a < b, va, vb).astype(np.float64)
        step = np.abs(va - vb).astype(np.float64)
        for total, weight in zip(sums, (None, step, outer), strict=True):
            total += np.bincount(high, weight, len(tree)) - np.bincount(low, weight, len(tree))
    return sums
