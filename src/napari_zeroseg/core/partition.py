"""An image in clusters that a person may name, merge and split before they become masks."""

from __future__ import annotations

import colorsys
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from napari_zeroseg.core.clusters import clustered

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from napari_zeroseg.core.image import Plane
    from napari_zeroseg.core.tiles import Window

GOLDEN = 0.618034
"""Part of the circle of hues between one cluster and the next."""


@dataclass(frozen=True, slots=True, eq=False)
class Partition:
    """Clusters with the classes that they show.

    Parameters
    ----------
    image : ndarray of float32, shape (H, W, 3)
        What was parted, RGB in 0..1.
    labels : ndarray of int32, shape (h, w)
        Which cluster each place is in, from 0 without gaps; the grid may be coarser than the image.
    names : tuple of str or None
        The class of each cluster, None for the background.
    scores : tuple of float
        How likely each is what it is called, 0..1; 1 where a person said so.
    features : ndarray of float32, shape (a, b, d)
        By which clusters are told apart.
    plane : tuple of int
        Where the image lies in its stack.
    window : tuple of slice or None
        The part of the plane that it shows, None for all of it.
    origin : tuple of int
        Row and column of its first pixel, in its own pixels.
    factor : tuple of float
        Pixels of the plane per pixel of the image.
    """

    image: Plane
    labels: NDArray[np.int32]
    names: tuple[str | None, ...]
    scores: tuple[float, ...]
    features: NDArray[np.float32]
    plane: tuple[int, ...] = ()
    window: Window | None = None
    origin: tuple[int, int] = (0, 0)
    factor: tuple[float, float] = (1.0, 1.0)

    def __len__(self) -> int:
        return len(self.names)

    @property
    def shares(self) -> tuple[float, ...]:
        """Part of the image that each cluster covers, 0..1."""
        counts = np.bincount(self.labels.ravel(), minlength=len(self))
        return tuple((counts / self.labels.size).tolist())

    def named(self, number: int, name: str | None) -> Partition:
        """Return the same with a class that a person gave to a cluster."""
        names = tuple(name if n == number else own for n, own in enumerate(self.names))
        scores = tuple(1.0 if n == number else own for n, own in enumerate(self.scores))
        return replace(self, names=names, scores=scores)

    def merged(self, numbers: Sequence[int]) -> Partition:
        """Return the same with some clusters as one, under the name of the largest of them."""
        shares = self.shares
        kept = max(numbers, key=lambda number: (shares[number], -number))
        gone = sorted(set(numbers) - {kept})
        left = [number for number in range(len(self)) if number not in gone]
        target = np.array([left.index(kept if n in gone else n) for n in range(len(self))], np.int32)
        return self._with(target[self.labels], left)

    def split(self, number: int, seed: int = 0) -> Partition:
        """Return the same with a cluster in two, by k-means on it alone; the new one comes last.

        Where all of its places are alike, nothing changes.
        """
        size = self.features.shape[:2]
        here = nearest(self.labels, size) == number
        halves = np.zeros(size, np.int32)
        if here.any():
            halves[here] = clustered(self.features[here], 2, seed)
        other = (self.labels == number) & (nearest(halves, self.labels.shape) == 1)
        if not other.any() or (other == (self.labels == number)).all():
            return self
        labels = np.where(other, len(self), self.labels).astype(np.int32)
        return self._with(labels, [*range(len(self)), number])

    def _with(self, labels: NDArray[np.int32], sources: Sequence[int]) -> Partition:
        names = tuple(self.names[n] for n in sources)
        return replace(self, labels=labels, names=names, scores=tuple(self.scores[n] for n in sources))


def nearest(labels: NDArray[np.int32], shape: tuple[int, ...]) -> NDArray[np.int32]:
    """Return labels on another grid over the same image, by nearest neighbour."""
    rows, cols = (
        ((np.arange(new) + 0.5) * old / new).astype(int) for new, old in zip(shape, labels.shape, strict=True)
    )
    return labels[np.ix_(rows, cols)]


def color_of(number: int) -> str:
    """Return a colour for a cluster, far from those of the clusters before it: "#rrggbb"."""
    red, green, blue = colorsys.hsv_to_rgb(number * GOLDEN % 1, 0.65, 0.95)
    return f"#{round(red * 255):02x}{round(green * 255):02x}{round(blue * 255):02x}"
