"""The colours of an image as short vectors whose products say how alike two colours are."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from napari_zeroseg.core.image import Plane

FINENESS = 1 / 64
"""Colours that differ by less than this part of sigma are one colour, their mean."""
MOST_COLORS = 2**16
"""An image with more is divided into colours less finely."""
MISSED = 0.0001
"""How much of a pixel's likeness to itself the vectors may miss, in the mean of all pixels."""
MOST = 64
"""Longest vectors in large images, which bounds the time that filters take."""
AT_WILL = 2**20
"""Numbers that all pixels' vectors together may have however long that makes them."""


@dataclass(frozen=True, slots=True, eq=False)
class Palette:
    """Colours as vectors: the product of two is about exp(-e² / 2σ²) for their distance e.

    Parameters
    ----------
    vectors : ndarray of float32, shape (colours, rank)
        One row per colour.
    index : ndarray of int32, shape (H, W)
        Each pixel's row.
    """

    vectors: NDArray[np.float32]
    index: NDArray[np.int32]

    @classmethod
    def of(cls, plane: Plane, sigma: float) -> Palette:
        """Return the palette of an image plane, float32 (H, W, 3), for a sigma in its units."""
        colors, index, counts = _colors(plane.reshape(-1, 3).astype(np.float64), FINENESS * sigma)
        longest = max(MOST, AT_WILL // index.size)
        vectors = _factor(colors, counts, sigma, min(longest, len(colors)))
        return cls(vectors, index.reshape(plane.shape[:2]).astype(np.int32))

    @property
    def likeness_to_self(self) -> NDArray[np.float32]:
        """How alike each pixel's vector is to itself, shape (H, W): 1 less what the rank misses."""
        return np.asarray((self.vectors**2).sum(axis=1)[self.index], np.float32)


def _colors(
    pixels: NDArray[np.float64], step: float
) -> tuple[NDArray[np.float64], NDArray[np.intp], NDArray[np.intp]]:
    """Return colours (P, 3), each pixel's number among them, and how many pixels each has."""
    cells = np.floor((pixels - pixels.min(axis=0)) / step).astype(np.int64)
    codes = np.ravel_multi_index(tuple(cells.T), tuple(cells.max(axis=0) + 1))
    found, index, counts = np.unique(codes, return_inverse=True, return_counts=True)
    if len(found) > MOST_COLORS:
        return _colors(pixels, 2 * step)
    sums = [np.bincount(index, channel) for channel in pixels.T]
    return np.stack(sums, axis=1) / counts[:, None], index, counts


def _factor(
    colors: NDArray[np.float64], counts: NDArray[np.intp], sigma: float, longest: int
) -> NDArray[np.float32]:
    """Return F with F Fᵀ ≈ the Gaussian kernel of the colours: pivoted incomplete Cholesky.

    The next pivot is the colour that most pixels miss most (Fine & Scheinberg, Efficient SVM
    training using low-rank kernel representations, JMLR 2001, with pixels for samples).
    """
    colors = colors.astype(np.float32)
    vectors = np.zeros((longest, len(colors)), np.float32)
    missed = np.ones(len(colors), np.float32)
    for rank in range(longest):
        if missed @ counts <= MISSED * counts.sum():
            return np.ascontiguousarray(vectors[:rank].T)
        pivot = int(np.argmax(missed * counts))
        distance = ((colors - colors[pivot]) ** 2).sum(axis=1)
        known = vectors[:rank, pivot] @ vectors[:rank]
        vectors[rank] = (np.exp(distance / np.float32(-2 * sigma**2)) - known) / np.sqrt(missed[pivot])
        missed = np.maximum(missed - vectors[rank] ** 2, 0)
    return np.ascontiguousarray(vectors.T)
