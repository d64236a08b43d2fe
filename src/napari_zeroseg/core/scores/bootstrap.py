"""How far a score would vary had other images of the same kind been taken."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from numpy.typing import NDArray

    Weights = NDArray[np.float64]

RESAMPLES = 1000
LEVEL = 0.95


@dataclass(frozen=True)
class Bootstrap:
    """Percentile intervals over images drawn again with replacement.

    Parameters
    ----------
    images : int
        How many there are.
    seed : int
        The same seed draws the same images, for every score.
    resamples : int
        How often as many images are drawn as there are.

    References
    ----------
    Efron, Tibshirani: An Introduction to the Bootstrap (1993), chapter 13.
    """

    images: int
    seed: int = 0
    resamples: int = RESAMPLES

    def intervals(self, scores: Callable[[Weights], Mapping[str, float]]) -> dict[str, tuple[float, float]]:
        """Return the ends of the 95 % interval of each score; none where there are too few images.

        Parameters
        ----------
        scores : callable
            Gets how often each image was drawn, float of shape (images,), and returns the scores of
            these images by name; NaN for one that they do not have.
        """
        if self.images < 2:
            return {}
        rng = np.random.default_rng(self.seed)
        even = np.full(self.images, 1 / self.images)
        drawn: defaultdict[str, list[float]] = defaultdict(list)
        for _ in range(self.resamples):
            weights = rng.multinomial(self.images, even).astype(np.float64)
            for name, value in scores(weights).items():
                if np.isfinite(value):
                    drawn[name].append(value)
        return {name: _middle(values) for name, values in drawn.items()}


def _middle(values: list[float]) -> tuple[float, float]:
    low, high = np.quantile(values, [(1 - LEVEL) / 2, (1 + LEVEL) / 2])
    return float(low), float(high)
