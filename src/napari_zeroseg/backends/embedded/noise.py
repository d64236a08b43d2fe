"""How noisy an image is, and the same image without most of it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from scipy import ndimage as ndi
from scipy.special import ndtri

from napari_zeroseg.backends.embedded.survey import OWN, Survey

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from napari_zeroseg.core.image import Plane

QUANTILE = 0.8
"""Edges reach the Laplacian's magnitudes above this quantile, noise those below."""
QUIET = 0.03
"""Standard deviation of the noise, as a part of the image's range, that does no harm."""
LEAST_SIGMA = 0.5
"""Smoothing by less than so many pixels is not worth it."""
RANGE = (1, 99)
"""Percentiles of the smoothed grey values between which the range lies."""
RANGE_SIGMA = 2.0


def noise_of(channel: NDArray[np.float32]) -> float:
    """Return the standard deviation of the pixel noise.

    By Immerkær's Laplacian (CVIU 1996), with a quantile that edges do not reach for the mean.
    """
    kernel = np.array([[1, -2, 1], [-2, 4, -2], [1, -2, 1]], np.float32) / 6
    response = ndi.convolve(channel, kernel)
    return float(np.quantile(np.abs(response), QUANTILE) / ndtri((1 + QUANTILE) / 2))


def calmed(image: Plane, survey: Survey = OWN) -> Plane:
    """Return a noisy image smoothed until its noise does no harm, others as they are.

    A Gaussian of sigma s leaves 1 / (2 s √π) of white noise.
    """
    sigma = survey.usual("calming", lambda: _calming(image))
    if sigma < LEAST_SIGMA:
        return image
    return np.asarray(ndi.gaussian_filter(image, (sigma, sigma, 0)), np.float32)


def _calming(image: Plane) -> float:
    """Return the sigma in pixels of the Gaussian that an image needs."""
    grey = image.mean(axis=2)
    low, high = np.percentile(ndi.gaussian_filter(grey, RANGE_SIGMA), RANGE)
    return float(noise_of(grey) / max(float(high - low), 1e-6) / QUIET / (2 * np.sqrt(np.pi)))
