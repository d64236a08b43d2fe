"""Red, green and blue around each pixel at several scales, to be learned from."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from napari_zeroseg.backends.embedded.texture import MAX_SIDE
from napari_zeroseg.core.image import shrunk

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from napari_zeroseg.core.image import Plane

SIGMAS = (1.0, 2.0, 4.0, 8.0, 16.0)
"""Standard deviations of the Gaussians, in pixels of the grid."""


class ScalesExtractor:
    """Fills the role of detail extractor: :func:`skimage.feature.multiscale_basic_features` on RGB.

    Beside :class:`~napari_zeroseg.backends.embedded.texture.TextureExtractor`, whose units can be
    compared with each other: these are the raw colours, because what is learned from them finds its
    units itself, and reach farther.
    """

    def features(self, image: Plane) -> NDArray[np.float32]:
        """Return value, gradient and Hessian of each colour at each of ``SIGMAS``, shape (h, w, 60).

        (h, w) is (H, W) where no side is longer than 512 pixels, else in proportion.
        """
        from skimage.feature import multiscale_basic_features

        small = shrunk(image, MAX_SIDE)
        found = multiscale_basic_features(
            small, sigma_min=SIGMAS[0], sigma_max=SIGMAS[-1], num_sigma=len(SIGMAS), channel_axis=-1
        )
        return np.ascontiguousarray(found, np.float32)
