"""k-means on the places of an image: which of them are alike, whatever they are."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Iterable

    from numpy.typing import NDArray

    Floats = NDArray[np.float32]
    Labels = NDArray[np.int32]

LEARNED_FROM = 10_000
"""Places that centres are learned from; where there are more, a part of them, spread over all."""
JUDGED_BY = 1_000
"""Places by which a number of clusters is judged, the cost of which is quadratic."""
STARTS = 4
"""Times that k-means begins anew; the best end counts."""
EVEN = 1 / np.sqrt(3)
"""Standard deviation of what is spread evenly over -1..1."""


def with_places(features: Floats, weight: float) -> Floats:
    """Add to the features of each place where it is.

    Rows and columns get a standard deviation that is ``weight`` times that of all features together.
    """
    if not weight:
        return features
    rows, cols = (np.linspace(-1, 1, n) for n in features.shape[:2])
    spread = float(np.sqrt(features.reshape(-1, features.shape[2]).var(axis=0).sum()))
    places = np.stack(np.meshgrid(rows, cols, indexing="ij"), axis=2) * (weight * spread / EVEN)
    return np.concatenate([features, places.astype(np.float32)], axis=2)


def clustered(features: Floats, count: int, seed: int = 0) -> Labels:
    """Put the places of a grid into groups by k-means (Lloyd 1982; k-means++ starts).

    The result belongs to the features alone, not to the order in which the places come: centres
    are learned from the places in the order of their values, and are numbered in that order too.

    Parameters
    ----------
    features : ndarray of float32, shape (..., d)
        Of each place.
    count : int
        The number of groups, at most; there are fewer where fewer places differ.
    seed : int
        Of the random starts.

    Returns
    -------
    ndarray of int32, shape (...)
        0 to count - 1, by rising first coordinate of the centres.
    """
    places = features.reshape(-1, features.shape[-1])
    found = _labels(places, _fitted(_learned_from(places), count, seed))
    return found.reshape(features.shape[:-1])


def silhouette_count(features: Floats, counts: Iterable[int], seed: int = 0) -> int:
    """Return the number of clusters whose silhouette (Rousseeuw 1987) is largest.

    Parameters
    ----------
    features : ndarray of float32, shape (..., d)
        Of each place.
    counts : iterable of int
        To choose from, each at least 2; the first is returned where all places are alike.
    seed : int
        Of the random starts.
    """
    from sklearn.metrics import silhouette_score

    places = _learned_from(features.reshape(-1, features.shape[-1]))
    judged = places[:: 1 + (len(places) - 1) // JUDGED_BY]
    scores = {}
    for count in counts:
        labels = _labels(judged, _fitted(places, count, seed))
        told_apart = 1 < len(np.unique(labels)) < len(judged)
        scores[count] = float(silhouette_score(judged, labels)) if told_apart else -1.0
    return max(scores, key=scores.__getitem__)


def _learned_from(places: Floats) -> Floats:
    """Return a part of the places, the same whatever their order."""
    ordered = places[np.lexsort(places.T[::-1])]
    return ordered[:: 1 + (len(ordered) - 1) // LEARNED_FROM]


def _fitted(places: Floats, count: int, seed: int) -> Floats:
    """Return centres in the order of their coordinates, shape (count, d)."""
    from sklearn.cluster import KMeans
    from threadpoolctl import threadpool_limits

    count = min(count, len(np.unique(places, axis=0)))
    model: Any = KMeans(count, n_init=STARTS, random_state=seed)
    with threadpool_limits(1, "openmp"):  # the sums of several threads depend on who comes first
        centers = model.fit(places).cluster_centers_
    return np.asarray(centers[np.lexsort(centers.T[::-1])], np.float32)


def _labels(places: Floats, centers: Floats) -> Labels:
    """Return the nearest centre of each place."""
    # |x - c|^2 without |x|^2, which is the same for all centres
    far = (centers**2).sum(axis=1) - 2 * places @ centers.T
    return np.asarray(far.argmin(axis=1), np.int32)
