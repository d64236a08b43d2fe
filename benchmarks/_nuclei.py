"""A generated image of any size with nuclei-like objects, made block by block from a seed."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

PITCH = 48
"""One object in a square of this side, in pixels."""
RADII = (7.0, 13.0)
ASPECTS = (0.7, 1.0)
BRIGHTNESS = (0.4, 0.9)
GROUND = 0.06
NOISE = 0.02
BLOCK = 1024


@dataclass(frozen=True, eq=False)
class Nuclei:
    """Ellipses with soft edges and noise, uint8, square.

    Parameters
    ----------
    side : int
        In pixels.
    seed : int
        The same seed and side give the same image.
    """

    side: int
    seed: int = 0

    def write(self, path: Path) -> Any:
        """Write the image as a zarr array, block by block, and return it."""
        import zarr

        array = zarr.create_array(
            path, shape=(self.side, self.side), chunks=(BLOCK, BLOCK), dtype="uint8", overwrite=True
        )
        ellipses = self._ellipses()
        for top in range(0, self.side, BLOCK):
            for left in range(0, self.side, BLOCK):
                block = self._block(ellipses, top, left)
                array[top : top + BLOCK, left : left + BLOCK] = block
        return array

    def _ellipses(self) -> NDArray[np.float64]:
        """Return rows of y, x, radius, aspect, angle, brightness."""
        count = self.side // PITCH + 1
        rng = np.random.default_rng(self.seed)
        cells = np.stack(np.mgrid[:count, :count], axis=-1).reshape(-1, 2)
        places = (cells + rng.uniform(0, 1, cells.shape)) * PITCH
        spans = (RADII, ASPECTS, (0, np.pi), BRIGHTNESS)
        return np.column_stack([places, *(rng.uniform(*span, len(cells)) for span in spans)])

    def _block(self, ellipses: NDArray[np.float64], top: int, left: int) -> NDArray[np.uint8]:
        height, width = min(BLOCK, self.side - top), min(BLOCK, self.side - left)
        image = np.zeros((height, width), np.float32)
        reach = RADII[1] + 3
        y, x = ellipses[:, 0] - top, ellipses[:, 1] - left
        near = (y > -reach) & (y < height + reach) & (x > -reach) & (x < width + reach)
        for row in ellipses[near]:
            _draw(image, row[0] - top, row[1] - left, *row[2:])
        rng = np.random.default_rng((self.seed, top, left))
        image += GROUND + rng.normal(0, NOISE, image.shape).astype(np.float32)
        return np.asarray(np.clip(image, 0, 1) * 255, np.uint8)


def _draw(
    image: NDArray[np.float32], y: float, x: float, radius: float, aspect: float, angle: float, value: float
) -> None:
    reach = int(radius + 3)
    rows = slice(max(int(y) - reach, 0), max(int(y) + reach + 1, 0))
    cols = slice(max(int(x) - reach, 0), max(int(x) + reach + 1, 0))
    part = image[rows, cols]
    yy, xx = np.mgrid[rows.start : rows.start + part.shape[0], cols.start : cols.start + part.shape[1]]
    along = (yy - y) * np.cos(angle) + (xx - x) * np.sin(angle)
    across = (xx - x) * np.cos(angle) - (yy - y) * np.sin(angle)
    distance = np.hypot(along / radius, across / (radius * aspect))
    np.maximum(part, np.clip((1 - distance) * radius / 1.5 + 0.5, 0, 1) * value, out=part)
