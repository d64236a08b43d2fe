"""Images and texts in one space: fused features, and how well each place agrees with each class.

After Tang et al., LMSeg (arXiv 2412.00364): F = w·F_c + (1 − w)·F_s, and the cost map
E(i, j, n) = cos(F(i, j), T_n).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Floats = NDArray[np.float32]

TINY = np.float32(1e-6)
"""Length below which a vector has no direction: its cosine with any other is 0."""
RIDGE = 1e-2
"""Weight of the ridge, as a part of the detail features' mean power."""


@dataclass(frozen=True, slots=True, eq=False)
class Aligned:
    """An image and the classes in one space, where directions that are alike mean the same.

    Parameters
    ----------
    dense : ndarray of float32, shape (h, w, d)
        The image, on a grid over all of it.
    texts : ndarray of float32, shape (N, d)
        The classes.
    ground : ndarray of float32, shape (B, d)
        Texts of what belongs to no class, at least one.
    sharpness : float
        By which cosines are multiplied before the soft-max that makes them probabilities.
    """

    dense: Floats
    texts: Floats
    ground: Floats
    sharpness: float

    @property
    def vectors(self) -> Floats:
        """The ground's texts and the classes' below them, shape (B + N, d)."""
        return np.concatenate((self.ground, self.texts))


def cost_map(features: Floats, texts: Floats) -> Floats:
    """Return the cosine of each place's features with each text.

    Parameters
    ----------
    features : ndarray of float32, shape (h, w, d)
    texts : ndarray of float32, shape (N, d)

    Returns
    -------
    ndarray of float32, shape (N, h, w)
        In -1..1.
    """
    return np.ascontiguousarray(np.moveaxis(_unit(features) @ _unit(texts).T, 2, 0))


def _unit(vectors: Floats) -> Floats:
    length = np.sqrt(np.einsum("...d,...d->...", vectors, vectors))
    return np.asarray(vectors / np.maximum(length, TINY)[..., None], np.float32)


def fused(dense: Floats, detail: Floats, weight: float) -> Floats:
    """Return w·F_c + (1 − w)·F_s, where F_s is ``detail`` in terms of ``dense``.

    Parameters
    ----------
    dense : ndarray of float32, shape (h, w, d)
        Features that can be compared with texts, F_c.
    detail : ndarray of float32, shape (h, w, e)
        Features of another kind on the same grid, see :func:`translated`.
    weight : float
        w in 0..1; at 1 ``dense`` is returned as it is.
    """
    if weight == 1:
        return dense
    part = np.float32(weight)
    return part * dense + (1 - part) * translated(detail, dense)


def translated(detail: Floats, dense: Floats) -> Floats:
    """Return the linear function of ``detail`` that is nearest to ``dense``: its detail, the other's meaning.

    LMSeg learns this projection from 118,000 images. Here it is the ridge regression on the places of
    this one image, in closed form, so that nothing is trained: what the dense features say of places
    that look alike is brought together, and drawn as finely as the detail is.

    Parameters
    ----------
    detail : ndarray of float32, shape (h, w, e)
    dense : ndarray of float32, shape (h, w, d)

    Returns
    -------
    ndarray of float32, shape (h, w, d)
    """
    x = detail.reshape(-1, detail.shape[-1]).astype(np.float64)
    y = dense.reshape(-1, dense.shape[-1]).astype(np.float64)
    x_mean, y_mean = x.mean(axis=0), y.mean(axis=0)
    x = (x - x_mean) / np.maximum(x.std(axis=0), TINY)
    power = x.T @ x
    power[np.diag_indices_from(power)] += RIDGE * len(x) + TINY
    found = x @ np.linalg.solve(power, x.T @ (y - y_mean)) + y_mean
    return np.asarray(found.reshape(dense.shape), np.float32)


def shares(features: Floats, aligned: Aligned) -> Floats:
    """Return how probable each class is at each place, the ground first.

    The ground is as near as the nearest of its texts.

    Parameters
    ----------
    features : ndarray of float32, shape (h, w, d)
        Fused or not.
    aligned : Aligned
        Says the texts.

    Returns
    -------
    ndarray of float32, shape (1 + N, h, w)
        Sums to 1 over classes.
    """
    ground = cost_map(features, aligned.ground).max(axis=0, keepdims=True)
    cost = np.concatenate((ground, cost_map(features, aligned.texts))) * np.float32(aligned.sharpness)
    weights = np.exp(cost - cost.max(axis=0))
    return np.asarray(weights / weights.sum(axis=0), np.float32)


def pooled(first: Floats, second: Floats, share: float) -> Floats:
    """Return what two opinions say together: their logarithmic pool (Genest and Zidek, 1986).

    Parameters
    ----------
    first, second : ndarray of float32, shape (K, h, w)
        Probabilities that sum to 1 over the K classes.
    share : float
        How much the second counts, 0..1; at 0 the first is returned as it is.

    Returns
    -------
    ndarray of float32, shape (K, h, w)
        Sums to 1 over classes.
    """
    if share == 0:
        return first
    part = np.float32(share)
    both = np.maximum(first, TINY) ** (1 - part) * np.maximum(second, TINY) ** part
    return np.asarray(both / both.sum(axis=0), np.float32)
