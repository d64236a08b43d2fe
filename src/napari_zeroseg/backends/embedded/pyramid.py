"""An image as a stack of ever coarser feature planes, which can be read anywhere at any scale."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from scipy import ndimage

from napari_zeroseg.backends.embedded.survey import OWN, Survey

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from napari_zeroseg.core.image import Plane

    Floats = NDArray[np.float32]

GRAY_TOLERANCE = 2e-3
SMOOTHING = 0.8
"""Gaussian sigma in pixels: enough to take derivatives, less than the edge of a small object."""
COARSEST_SIDE = 24
LEAST_NOISE = 2e-3
"""What 8 bits leave in square roots where a camera's zero is clipped."""


@dataclass(frozen=True, slots=True, eq=False)
class Pyramid:
    """Features of an image at falling resolution.

    Parameters
    ----------
    levels : tuple of ndarray of float32, each of shape (h, w, channels)
        Level ``n`` has pixels of ``2 ** n`` image pixels.
    noise : float
        Standard deviation of what is no structure in the finest level.
    """

    levels: tuple[Floats, ...]
    noise: float

    @classmethod
    def of(cls, image: Plane, survey: Survey = OWN) -> Pyramid:
        """Build it from RGB in 0..1; a grey image gets a single channel."""
        planes = _stabilised(image)
        levels = [ndimage.gaussian_filter(planes, (SMOOTHING, SMOOTHING, 0))]
        while min(levels[-1].shape[:2]) >= 2 * COARSEST_SIDE:
            levels.append(_halved(levels[-1]))
        return cls(tuple(levels), survey.usual("noise of square roots", lambda: _noise(planes)))

    @property
    def shape(self) -> tuple[int, int]:
        """Height and width of the image."""
        height, width = self.levels[0].shape[:2]
        return height, width

    def level_for(self, detail: Floats) -> NDArray[np.intp]:
        """Return the coarsest level whose pixels are no larger than ``detail`` image pixels."""
        return np.clip(np.log2(np.maximum(detail, 1)), 0, len(self.levels) - 1).astype(np.intp)

    def sample(self, rows: Floats, cols: Floats, level: int) -> Floats:
        """Interpolate at image coordinates.

        Parameters
        ----------
        rows, cols : ndarray of float, any shape S
            Outside the image the rim is repeated.
        level : int

        Returns
        -------
        ndarray of float32, shape (*S, channels)
        """
        plane = self.levels[level]
        (top, bottom, down), (left, right, along) = (
            _neighbours((position + 0.5) / 2**level - 0.5, size)
            for position, size in zip((rows, cols), plane.shape[:2], strict=True)
        )
        upper = plane[top, left] * (1 - along) + plane[top, right] * along
        lower = plane[bottom, left] * (1 - along) + plane[bottom, right] * along
        return np.asarray(upper * (1 - down) + lower * down, np.float32)


def _neighbours(position: Floats, size: int) -> tuple[NDArray[np.intp], NDArray[np.intp], Floats]:
    position = np.clip(position, 0, size - 1)
    low = position.astype(np.intp)
    return low, np.minimum(low + 1, size - 1), (position - low).astype(np.float32)[..., None]


def _stabilised(image: Plane) -> Floats:
    """Square roots, in which photon noise is alike in bright and dim objects."""
    gray = float(np.abs(image - image[..., :1]).max()) < GRAY_TOLERANCE
    return np.sqrt(image[..., :1] if gray else image)


def _noise(planes: Floats) -> float:
    # second differences cancel slopes; 1.4826 turns the median into a standard deviation
    second = planes[:, 2:] - 2 * planes[:, 1:-1] + planes[:, :-2]
    return max(float(1.4826 * np.median(np.abs(second)) / np.sqrt(6)), LEAST_NOISE)


def _halved(planes: Floats) -> Floats:
    height, width, _ = planes.shape
    even = np.pad(planes, ((0, height % 2), (0, width % 2), (0, 0)), mode="edge")
    return (even[::2, ::2] + even[1::2, ::2] + even[::2, 1::2] + even[1::2, 1::2]) / np.float32(4)
