"""Lightness and colours around each pixel at several scales, to be learned from."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from napari_zeroseg.backends.embedded import stains
from napari_zeroseg.backends.embedded.texture import MAX_SIDE, UNIT
from napari_zeroseg.core.image import shrunk

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from napari_zeroseg.core.image import Plane

SIGMAS = (1.0, 2.0, 4.0, 8.0, 16.0)
"""Standard deviations of the Gaussians, in pixels of the grid."""


class ScalesExtractor:
    """Fills the role of detail extractor: :func:`skimage.feature.multiscale_basic_features` on CIELAB.

    Beside :class:`~napari_zeroseg.backends.embedded.texture.TextureExtractor`, whose units can be
    compared with each other, and under white light: these are as the image has them, because what
    is learned from them finds its units itself, and reach farther.
    """

    def features(self, image: Plane) -> NDArray[np.float32]:
        """Return value, gradient and Hessian of each axis at each of ``SIGMAS``, shape (h, w, 60).

        The axes are lightness, green-red and blue-yellow, in units of ``UNIT``.
        (h, w) is (H, W) where no side is longer than 512 pixels, else in proportion.
        """
        from skimage.feature import multiscale_basic_features

        colors = stains.lab(shrunk(image, MAX_SIDE)) / np.float32(UNIT)
        found = multiscale_basic_features(
            colors, sigma_min=SIGMAS[0], sigma_max=SIGMAS[-1], num_sigma=len(SIGMAS), channel_axis=-1
        )
        return np.ascontiguousarray(found, np.float32)
