"""What an object's colours are, beside those of its surround."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from scipy import ndimage as ndi

from napari_zeroseg.backends.embedded import stains

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from napari_zeroseg.core.image import Plane

    Floats = NDArray[np.float32]

GREY = 0.5
"""Largest distance from grey, in CIELAB units, in an image that is taken for grey."""
SIGMAS = (1.0, 2.5)
"""Gaussian sigmas in pixels: a pixel's own colour without most of its noise, and its neighbourhood's."""
NOISE = 0.1
"""Variance in squared CIELAB units that every colour has at least."""
SAMPLED = 20_000
"""So many pixels of either side are enough to know the colours by."""
FAINT = 0.5
"""Least squared distance of inside and surround, in standard deviations, that is told apart."""


def lab_of(image: Plane) -> Floats:
    """Return CIELAB of shape (H, W, 3), or (H, W, 1) with lightness alone where there is no colour."""
    lab = stains.lab(image)
    return lab[..., :1] if np.abs(lab[..., 1:]).max() < GREY else lab


def colors_of(lab: Floats) -> Floats:
    """Return what pixels are compared by, shape (H, W, channels)."""
    return np.concatenate([ndi.gaussian_filter(lab, (sigma, sigma, 0)) for sigma in SIGMAS], axis=2)


@dataclass(frozen=True, slots=True, eq=False)
class Samples:
    """Colours inside an object and around it, each of shape (n, channels)."""

    inside: Floats
    outside: Floats

    @classmethod
    def of(cls, colors: Floats, inside: NDArray[np.bool_], outside: NDArray[np.bool_]) -> Samples:
        return cls(_some(colors[inside]), _some(colors[outside]))

    def joined(self, other: Samples) -> Samples:
        """Return both, where they have as many channels."""
        if self.inside.shape[1] != other.inside.shape[1]:
            return other
        parts = (self.inside, other.inside), (self.outside, other.outside)
        return Samples(*(np.concatenate(pair) for pair in parts))


def _some(colors: Floats) -> Floats:
    return colors[:: 1 + len(colors) // SAMPLED]


@dataclass(frozen=True, slots=True, eq=False)
class Look:
    """A linear discriminant (Fisher 1936) between an object and its surround.

    Parameters
    ----------
    axis : ndarray of float, shape (channels,)
        Log-likelihood ratio per unit of colour, under normal distributions of equal covariance.
    middle : float
        Where on it inside and outside are as likely.
    distance : float
        Squared Mahalanobis distance of the two.
    inside : ndarray of float, shape (channels,)
        Mean colour of the object.
    precision : ndarray of float, shape (channels, channels)
        Inverse of the covariance.
    """

    axis: Floats
    middle: float
    distance: float
    inside: Floats
    precision: Floats

    @classmethod
    def of(cls, samples: Samples) -> Look:
        """Learn it; of nothing, or in nothing, there is no look and no pixel speaks for either side."""
        inside, outside = samples.inside.astype(np.float64), samples.outside.astype(np.float64)
        channels = inside.shape[1]
        if not len(inside) or not len(outside):
            nothing = np.zeros(channels, np.float32)
            return cls(nothing, 0.0, 0.0, nothing, np.zeros((channels, channels), np.float32))
        scatter = sum(
            np.cov(part.T, bias=True).reshape(channels, channels) * len(part) for part in (inside, outside)
        )
        within = scatter / (len(inside) + len(outside)) + NOISE * np.eye(channels)
        first, second = inside.mean(0), outside.mean(0)
        precision = np.linalg.inv(within)
        axis = precision @ (first - second)
        return cls(
            axis.astype(np.float32),
            float(axis @ (first + second) / 2),
            float(axis @ (first - second)),
            first.astype(np.float32),
            precision.astype(np.float32),
        )

    def evidence(self, colors: Floats) -> Floats:
        """Return how much likelier each pixel is inside than outside, as a logarithm."""
        return np.asarray(colors @ self.axis - np.float32(self.middle), np.float32)

    def presence(self, colors: Floats, doubt: float = 0.0) -> float:
        """Return how much pixels look like the object: 1 as it does itself, -1 as its surround does.

        By their mean's squared Mahalanobis distance to the object's colours and to its surround's: what
        is as far from both is not the object either. ``doubt`` is a squared distance that speaks for
        the object: what hardly differs from its surround cannot be missed by its looks.

        Parameters
        ----------
        colors : ndarray of float32, shape (n, channels)
        doubt : float
        """
        if not len(colors) or self.distance + doubt < FAINT:
            return 0.0
        mean = colors.mean(axis=0)
        nearer = 2 * float(self.evidence(mean)) / self.distance if self.distance else 1.0
        off = mean - self.inside
        strange = float(off @ self.precision @ off)
        likeness = min(nearer * self.distance + doubt, self.distance + doubt - strange)
        return float(np.clip(likeness / (self.distance + doubt), -1, 1))
