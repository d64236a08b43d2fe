"""Made volumes and films with truth: balls in noise, and a disc that moves."""

from __future__ import annotations

import numpy as np

SIDE, PLANES = 64, 30
BALLS = ((9, 20, 20, 7), (21, 22, 21, 7), (14, 44, 40, 9))
"""Middle plane, row, column, radius: the second lies behind the first, the third is alone."""


def balls(noise: float = 0.08, seed: int = 0) -> tuple[np.ndarray, np.ndarray]:
    """Return a volume, float32 in 0..1, and the balls' numbers from 1 on, both (planes, rows, columns)."""
    z, y, x = np.ogrid[:PLANES, :SIDE, :SIDE]
    labels = np.zeros((PLANES, SIDE, SIDE), int)
    for number, (cz, cy, cx, radius) in enumerate(BALLS, 1):
        labels[(z - cz) ** 2 + (y - cy) ** 2 + (x - cx) ** 2 < radius**2] = number
    rng = np.random.default_rng(seed)
    volume = 0.2 + 0.4 * (labels > 0) + rng.normal(0, noise, labels.shape)
    return np.clip(volume, 0, 1).astype(np.float32), labels


def film(moments: int = 8, step: int = 6, hidden: tuple[int, ...] = ()) -> tuple[np.ndarray, np.ndarray]:
    """Return RGB planes (moments, rows, columns, 3) of a red disc that crosses a green ground, and its masks.

    At the hidden moments a blue wall stands before it.
    """
    rng = np.random.default_rng(1)
    y, x = np.ogrid[:SIDE, : 2 * SIDE]
    ground = np.full((SIDE, 2 * SIDE, 3), (0.2, 0.5, 0.2))
    ground += rng.normal(0, 0.05, ground.shape)
    planes, masks = [], []
    for moment in range(moments):
        disc = (y - 30) ** 2 + (x - 20 - step * moment) ** 2 < 64
        plane = ground.copy()
        plane[disc] += (0.5, -0.3, 0.0)
        if moment in hidden:
            plane[10:55, :] = (0.1, 0.1, 0.7)
            disc = np.zeros_like(disc)
        planes.append(plane)
        masks.append(disc)
    return np.clip(np.stack(planes), 0, 1).astype(np.float32), np.stack(masks)
