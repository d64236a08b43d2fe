"""Colour and texture around each pixel at several scales, without a model."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from napari_zeroseg.backends.embedded import stains
from napari_zeroseg.core.image import shrunk

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from napari_zeroseg.core.image import Plane

    Floats = NDArray[np.float32]

SIGMAS = (1.0, 2.0, 4.0, 8.0)
"""Standard deviations of the Gaussians, in pixels of the grid."""
UNIT = 20.0
"""A difference in CIELAB that counts as one: about that between neighbouring kinds of tissue."""
SHARES = (1.0, 0.5, 0.1, 0.1)
"""How much values, gradients and curvatures count: edges are no areas of their own."""
CHROMA = 1.5
"""How much the colour axes count beside lightness, which light and shade change."""
MAX_SIDE = 512
"""Longest side of the grid; larger images are averaged onto it."""
WIDTH = 3 * 4 * len(SIGMAS)
"""Numbers per pixel."""


class TextureExtractor:
    """Fills the role of feature extractor: :func:`skimage.feature.multiscale_basic_features` on CIELAB."""

    def features(self, image: Plane) -> Floats:
        """Describe each place of an image.

        For each of lightness, green-red and blue-yellow, at each of ``SIGMAS``, in this order: the
        smoothed value, the length of its gradient, and the two eigenvalues of its Hessian.
        Derivatives are multiplied by powers of sigma (Lindeberg's normalisation), so that scales
        can be compared, then by ``SHARES``, and those of colour by ``CHROMA``. Units are the same for
        every image: CIELAB over ``UNIT``, the image under white light (see :func:`stains.balanced`);
        mid grey is 0.

        Parameters
        ----------
        image : ndarray of float32, shape (H, W, 3)
            RGB in 0..1.

        Returns
        -------
        ndarray of float32, shape (h, w, WIDTH)
            (h, w) is (H, W) where no side is longer than ``MAX_SIDE``, else in proportion.
        """
        from skimage.feature import multiscale_basic_features

        colors = (stains.lab(stains.balanced(shrunk(image, MAX_SIDE))) - (50, 0, 0)) / np.float32(UNIT)
        found = multiscale_basic_features(
            colors, sigma_min=SIGMAS[0], sigma_max=SIGMAS[-1], num_sigma=len(SIGMAS), channel_axis=-1
        )
        return np.ascontiguousarray(found * _scale(), np.float32)


def _scale() -> Floats:
    """Return what each number is multiplied by to be comparable across scales, shape (WIDTH,)."""
    value, slope, bend, other_bend = SHARES
    powers = [[value, slope * sigma, bend * sigma**2, other_bend * sigma**2] for sigma in SIGMAS]
    return np.outer([1, CHROMA, CHROMA], np.ravel(powers)).ravel().astype(np.float32)
