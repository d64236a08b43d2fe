"""How alike regions are to a few examples, told by what is measured of them."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from napari_zeroseg.backends.embedded.words import RegionTable

    Floats = NDArray[np.float64]

WITHIN = (8.0, 8.0, 8.0, 8.0, 6.0, 6.0, 0.45, 0.12, 0.12, 0.45, 2.5, 0.6)
"""Standard deviation of each measurement within a class, before examples tell it better."""
TRUST = 2.0
"""How many examples that knowledge is worth."""
NEAREST = 0.5
"""Part of the distance that is measured to the nearest example, the rest to their mean."""


def described(table: RegionTable) -> Floats:
    """Return the measurements that are compared, shape (N, 12).

    Colour; colour against the surround, both in CIELAB; octaves of diameter; compactness as ellipse
    and convexity; octaves of elongation; texture; octaves of the step across the outline.
    """
    return np.column_stack(
        (
            table.color,
            table.color - table.surround,
            np.log2(np.maximum(table.diameter, 1)),
            table.ellipse,
            table.convexity,
            np.log2(np.maximum(table.elongation, 1)),
            table.texture,
            np.log2(1 + table.edge),
        )
    )


def likeness(rows: Floats, examples: Floats) -> Floats:
    """Return how alike each row is to the examples, 0..1, shape (N,).

    A Gaussian around them; its variances are those of :data:`WITHIN`, corrected by what the examples
    themselves show, as far as their number allows.
    """
    mean, count = examples.mean(axis=0), len(examples)
    spread = TRUST * np.square(WITHIN) + np.square(examples - mean).sum(axis=0)
    variance = spread / (TRUST + count - 1) * (1 + 1 / count)
    to_mean = np.mean(np.square(rows - mean) / variance, axis=1)
    to_nearest = np.min([np.mean(np.square(rows - e) / variance, axis=1) for e in examples], axis=0)
    distance = NEAREST * to_nearest + (1 - NEAREST) * to_mean
    return np.asarray(np.exp(-0.5 * distance))
