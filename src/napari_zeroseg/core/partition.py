"""An image in clusters that a person may name, merge and split before they become masks."""

from __future__ import annotations

import colorsys
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np

from napari_zeroseg.core.clusters import clustered

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from numpy.typing import NDArray

    from napari_zeroseg.core.tiles import Window

    Labels = NDArray[np.unsignedinteger[Any]]

GOLDEN = 0.618034
"""Part of the circle of hues between one cluster and the next."""


@dataclass(frozen=True, slots=True, eq=False)
class Partition:
    """Clusters with the classes that they show.

    It holds neither the image nor its features, so that every step of the undo stack can hold one.

    Parameters
    ----------
    labels : ndarray of uint8 or uint16, shape (h, w)
        Which cluster each place is in, from 0 without gaps; the grid is that of the features, most
        often coarser than the image.
    names : tuple of str or None
        The class of each cluster, None for the background.
    scores : tuple of float
        How likely each is what it is called, 0..1; 1 where a person said so.
    plane : tuple of int
        Where the image lies in its stack.
    window : tuple of slice or None
        The part of the plane that it shows, None for all of it.
    """

    labels: Labels
    names: tuple[str | None, ...]
    scores: tuple[float, ...]
    plane: tuple[int, ...] = ()
    window: Window | None = None

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

    def renamed(self, renamed: Callable[[str], str | None]) -> Partition:
        """Return the same after a change of the classes; ``renamed`` gives None for one that left."""
        return replace(self, names=tuple(None if n is None else renamed(n) for n in self.names))

    def merged(self, numbers: Sequence[int]) -> Partition:
        """Return the same with some clusters as one, under the name of the largest of them."""
        kept = self._largest(numbers)
        left = [n for n in range(len(self)) if n == kept or n not in numbers]
        target = np.array([left.index(kept if n in numbers else n) for n in range(len(self))])
        return self._with(target[self.labels], left)

    def merged_number(self, numbers: Sequence[int]) -> int:
        """Return which cluster it is that some become when they are merged."""
        kept = self._largest(numbers)
        return kept - sum(n < kept for n in set(numbers))

    def _largest(self, numbers: Sequence[int]) -> int:
        shares = self.shares
        return max(numbers, key=lambda number: (shares[number], -number))

    def split(self, number: int, features: NDArray[np.float32], seed: int = 0) -> Partition:
        """Return the same with a cluster in two, by k-means on it alone; the new one comes last.

        Where all of its places are alike, nothing changes.

        Parameters
        ----------
        number : int
            The cluster.
        features : ndarray of float32, shape (a, b, d)
            Of the image.
        seed : int
            Of the random starts.
        """
        size = features.shape[:2]
        here = nearest(self.labels, size) == number
        halves = np.zeros(size, np.int32)
        if here.any():
            halves[here] = clustered(features[here], 2, seed)
        other = (self.labels == number) & (nearest(halves, self.labels.shape) == 1)
        if not other.any() or (other == (self.labels == number)).all():
            return self
        return self._with(np.where(other, len(self), self.labels), [*range(len(self)), number])

    def _with(self, labels: NDArray[Any], sources: Sequence[int]) -> Partition:
        names = tuple(self.names[n] for n in sources)
        scores = tuple(self.scores[n] for n in sources)
        return replace(self, labels=compact(labels, len(sources)), names=names, scores=scores)


def same_clusters(one: Partition | None, other: Partition | None) -> bool:
    """Say whether two partitions differ by no more than what their clusters are called."""
    if one is None or other is None:
        return one is other
    return one.labels is other.labels


def compact(labels: NDArray[Any], count: int) -> Labels:
    """Return labels 0..count - 1 in the fewest bytes each."""
    return labels.astype(np.uint8) if count <= 256 else labels.astype(np.uint16)


def nearest(labels: NDArray[Any], shape: tuple[int, ...]) -> NDArray[Any]:
    """Return labels on another grid over the same image, by nearest neighbour."""
    rows, cols = (
        ((np.arange(new) + 0.5) * old / new).astype(int) for new, old in zip(shape, labels.shape, strict=True)
    )
    return labels[np.ix_(rows, cols)]


def color_of(number: int) -> str:
    """Return a colour for a cluster, far from those of the clusters before it: "#rrggbb"."""
    red, green, blue = colorsys.hsv_to_rgb(number * GOLDEN % 1, 0.65, 0.95)
    return f"#{round(red * 255):02x}{round(green * 255):02x}{round(blue * 255):02x}"
