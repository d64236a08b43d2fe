"""Sums over all pixels weighted by nearness in place and colour, at a cost linear in pixels.

The kernel exp(-d² / 2α²) exp(-e² / 2β²), with distances d in place and e in colour, is a
product. Its colour factor is replaced by products of short vectors
(:mod:`napari_zeroseg.core.palette`), so that the sum becomes one Gaussian blur of the image per
element of the vectors. A blurred image is smooth: the blur is done on a grid that is coarser by
a step near α, to which pixels give, and from which they take, with the weights of quadratic
B-splines. Their second moment is the same at every place between the nodes, so that the kernel
is nearly the same there too.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from itertools import product
from typing import TYPE_CHECKING, Any

import numpy as np

from napari_zeroseg.core.blur import blurred

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from napari_zeroseg.core.palette import Palette

    Floats = NDArray[np.float32]

SIGMAS_PER_STEP = 2
"""The grid's step is the largest whole number of pixels that fits so often into sigma."""
LARGEST_STEP = 48
SPLINE_VARIANCE = 0.25
"""Of a quadratic B-spline's weights about the place they stand for, in squared steps."""
PIXELS_AT_ONCE = 2**14
NODE_VALUES_AT_ONCE = 2**24
CORNERS = tuple(product(range(3), range(3)))


@dataclass(frozen=True, eq=False)
class BilateralFilter:
    """Sums pixels over the plane, weighted by nearness in place and colour.

    Parameters
    ----------
    palette : Palette
        The colours of the plane, shape (H, W).
    sigma : float
        Standard deviation in place, in pixels.
    """

    palette: Palette
    sigma: float

    @cached_property
    def step(self) -> int:
        """Pixels between two nodes of the grid."""
        return min(max(int(self.sigma / SIGMAS_PER_STEP), 1), LARGEST_STEP)

    @cached_property
    def node_sigma(self) -> float:
        """What is left of sigma for the blur of the grid, in its steps."""
        return float(np.sqrt((self.sigma / self.step) ** 2 - 2 * SPLINE_VARIANCE))

    @property
    def cells(self) -> tuple[int, int]:
        """Rows and columns of cells of step × step pixels."""
        height, width = self.palette.index.shape
        return -(-height // self.step), -(-width // self.step)

    @cached_property
    def self_weight(self) -> Floats:
        """The kernel at no distance as the vectors have it, shape (H, W), in the unit of :meth:`__call__`."""
        return self.place_weight * self.palette.likeness_to_self

    @cached_property
    def place_weight(self) -> Floats:
        """The kernel at no distance of a colour that is wholly like itself, shape (H, W)."""
        blur = np.exp(-((np.arange(3) - np.arange(3)[:, None]) ** 2) / (2 * self.node_sigma**2))
        line = np.einsum("pa,ab,pb->p", self._spline, blur, self._spline)
        rows, cols = (np.tile(line, n) for n in self.cells)
        height, width = self.palette.index.shape
        return np.outer(rows[:height], cols[:width]).astype(np.float32)

    def __call__(self, planes: Floats) -> Floats:
        """Return the weighted sums of planes, float32 (C, H, W), up to one constant factor."""
        blocks = self._into_blocks(planes)
        out = np.zeros_like(blocks)
        for ranks in self._rank_parts(len(planes)):
            vectors = np.ascontiguousarray(self.palette.vectors[:, ranks])
            nodes = blurred(self._given(blocks, vectors), self.node_sigma, (0, 1))
            self._take(nodes, vectors, out)
        return self._from_blocks(out)

    def _rank_parts(self, depth: int) -> Iterator[slice]:
        """Yield elements of the vectors that are worked on together, which bounds memory."""
        rank = self.palette.vectors.shape[1]
        nodes = (self.cells[0] + 2) * (self.cells[1] + 2)
        size = max(NODE_VALUES_AT_ONCE // (nodes * depth), 1)
        return (slice(start, min(start + size, rank)) for start in range(0, rank, size))

    def _cell_rows(self) -> Iterator[slice]:
        rows, cols = self.cells
        size = max(PIXELS_AT_ONCE // (cols * self.step**2), 1)
        return (slice(start, min(start + size, rows)) for start in range(0, rows, size))

    def _given(self, blocks: Floats, vectors: Floats) -> Floats:
        """Return what pixels give to the grid's nodes, shape (rows + 2, cols + 2, rank × C)."""
        (rows, cols), depth, rank = self.cells, blocks.shape[-1], vectors.shape[1]
        nodes = np.zeros((rows + 2, cols + 2, rank, depth), np.float32)
        for part in self._cell_rows():
            own = vectors[self._index[part]]
            split = blocks[part][..., None, :] * self._corner_weights[..., None]
            shares = own.swapaxes(-1, -2) @ split.reshape(*own.shape[:-1], -1)
            shares = shares.reshape(*shares.shape[:-1], len(CORNERS), depth)
            for corner, (dy, dx) in enumerate(CORNERS):
                nodes[part.start + dy : part.stop + dy, dx : dx + cols] += shares[..., corner, :]
        return nodes.reshape(rows + 2, cols + 2, rank * depth)

    def _take(self, nodes: Floats, vectors: Floats, out: Floats) -> None:
        """Add to pixels, shape (rows, cols, step², C), what they take from the nodes."""
        cols, depth, rank = self.cells[1], out.shape[-1], vectors.shape[1]
        nodes = nodes.reshape(*nodes.shape[:2], rank, depth)
        for part in self._cell_rows():
            corners = [nodes[part.start + dy : part.stop + dy, dx : dx + cols] for dy, dx in CORNERS]
            around = np.stack(corners, axis=-2).reshape(-1, cols, rank, len(CORNERS) * depth)
            taken = vectors[self._index[part]] @ around
            taken = taken.reshape(*taken.shape[:-1], len(CORNERS), depth)
            out[part] += np.einsum("...kc,...k->...c", taken, self._corner_weights)

    @cached_property
    def _spline(self) -> Floats:
        """Weights of the three nearest nodes for each pixel along a cell, shape (step, 3)."""
        t = (np.arange(self.step) + 0.5) / self.step - 0.5
        weights = [0.5 * (0.5 - t) ** 2, 0.75 - t**2, 0.5 * (0.5 + t) ** 2]
        return np.stack(weights, axis=1).astype(np.float32)

    @cached_property
    def _corner_weights(self) -> Floats:
        """Weights of the nine nearest nodes for each pixel of a cell, shape (step², 9)."""
        both = np.einsum("ya,xb->yxab", self._spline, self._spline)
        return np.ascontiguousarray(both.reshape(self.step**2, len(CORNERS)))

    @cached_property
    def _index(self) -> NDArray[np.int32]:
        """The palette's index in blocks, shape (rows, cols, step²)."""
        return self._into_blocks(self.palette.index[None])[..., 0]

    def _into_blocks(self, planes: NDArray[Any]) -> NDArray[Any]:
        """Return planes (C, H, W) cell by cell, shape (rows, cols, step², C), 0 where they end."""
        (rows, cols), step = self.cells, self.step
        depth, height, width = planes.shape
        padded = np.pad(planes, ((0, 0), (0, rows * step - height), (0, cols * step - width)))
        cells = padded.reshape(depth, rows, step, cols, step).transpose(1, 3, 2, 4, 0)
        return np.ascontiguousarray(cells).reshape(rows, cols, step**2, depth)

    def _from_blocks(self, blocks: Floats) -> Floats:
        (rows, cols), step = self.cells, self.step
        height, width = self.palette.index.shape
        planes = blocks.reshape(rows, cols, step, step, -1).transpose(4, 0, 2, 1, 3)
        return planes.reshape(-1, rows * step, cols * step)[:, :height, :width]
