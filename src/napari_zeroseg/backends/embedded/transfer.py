"""Labels of one plane on the next: each place takes that of the places nearby that look like it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from scipy import ndimage as ndi

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Floats = NDArray[np.float32]

CELLS = 96
"""The longer side of the grid on which places are compared."""
REACH = 10
"""How far a place is looked for, in cells; no farther than a quarter of the object's size."""
SIGMAS = (1.0, 2.0, 4.0)
"""Gaussian sigmas in pixels of what is compared: bands of detail, as a Laplacian pyramid has them."""
SLOPE = 1.5
"""Sigma of the lightness whose gradient is compared too."""
LIKE = 60.0
"""Squared distance, in CIELAB units, over which likeness falls by e."""
NEAR = 0.02
"""Likeness that a squared cell of distance costs, as an exponent."""
SURE = 0.02
"""Least probability of either side."""


def texture_of(lab: Floats) -> Floats:
    """Return what places are compared by, shape (H, W, features)."""
    fine, middle, coarse = (ndi.gaussian_filter(lab, (s, s, 0)) for s in SIGMAS)
    slopes = [ndi.gaussian_filter(lab[..., 0], SLOPE, order=order) for order in ((1, 0), (0, 1))]
    return np.concatenate([fine, fine - middle, middle - coarse, np.stack(slopes, axis=2)], axis=2)


def transferred(before: Floats, after: Floats, inside: Floats, size: float) -> Floats:
    """Return how likely each pixel of a window belongs to the object now, as logits of shape (h, w).

    A non-parametric vote over a neighbourhood, as in label propagation (Jabri et al., "Space-Time
    Correspondence as a Contrastive Random Walk", NeurIPS 2020, section 3.3) with hand-made features.

    Parameters
    ----------
    before, after : ndarray of float32, shape (h, w, features)
        The same window of two planes.
    inside : ndarray of float32, shape (h, w)
        1 where the object was.
    size : float
        Square root of its area, in pixels.
    """
    step = max(1, -(-max(inside.shape) // CELLS))
    reach = int(np.clip(size / step / 4, 2, REACH))
    votes = _vote(_blocks(before, step), _blocks(after, step), _blocks(inside, step), reach)
    logits = np.log((votes + SURE) / (1 + SURE - votes))
    return _enlarged(logits, step, (inside.shape[0], inside.shape[1]))


def _vote(before: Floats, after: Floats, inside: Floats, reach: int) -> Floats:
    height, width = inside.shape
    edge = ((reach, reach), (reach, reach))
    around = np.pad(before, (*edge, (0, 0)), mode="edge")
    labels = np.pad(inside, edge, mode="edge")
    shifts = [(y, x) for y in range(2 * reach + 1) for x in range(2 * reach + 1)]
    costs = np.empty((len(shifts), height, width), np.float32)
    for place, (y, x) in enumerate(shifts):
        difference = after - around[y : y + height, x : x + width]
        far = (y - reach) ** 2 + (x - reach) ** 2
        costs[place] = np.einsum("ijc,ijc->ij", difference, difference) / LIKE + NEAR * far
    weights = np.exp(costs.min(axis=0) - costs)
    votes = sum(w * labels[y : y + height, x : x + width] for w, (y, x) in zip(weights, shifts, strict=True))
    return np.asarray(votes / weights.sum(axis=0), np.float32)


def _blocks(values: Floats, step: int) -> Floats:
    """Return means of blocks; the last ones may be cut."""
    if step == 1:
        return values
    rows, cols = (np.arange(0, n, step) for n in values.shape[:2])
    sums = np.add.reduceat(np.add.reduceat(values, rows, axis=0), cols, axis=1)
    counts = (
        np.diff(np.append(rows, values.shape[0]))[:, None] * np.diff(np.append(cols, values.shape[1]))[None]
    )
    shape = counts.shape + (1,) * (values.ndim - 2)
    return np.asarray(sums / counts.reshape(shape), np.float32)


def _enlarged(values: Floats, step: int, shape: tuple[int, int]) -> Floats:
    if step == 1:
        return values
    places = np.meshgrid(*((np.arange(n) + 0.5) / step - 0.5 for n in shape), indexing="ij")
    return np.asarray(ndi.map_coordinates(values, places, order=1, mode="nearest"), np.float32)
