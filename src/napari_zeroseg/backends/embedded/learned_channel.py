"""A channel in which a class stands out, learned from a few examples of it.

A linear discriminant (Fisher 1936) between the pixels of the examples and those around them, on
colours, steps, blobs and texture at several scales.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from scipy import ndimage as ndi

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Channel = NDArray[np.float32]
    Bools = NDArray[np.bool_]
    Floats = NDArray[np.float32]

COLOR_SIGMAS = (1.0, 2.0, 4.0, 8.0)
"""Gaussian sigmas in pixels of the colours."""
STEP_SIGMAS = (1.0, 2.0, 4.0)
"""Of steps and blobs in lightness."""
TEXTURE_SIGMAS = (2.0, 4.0)
"""Of the places over which fine detail is summed up."""
FINE = 2.0
REST = 0.3
"""Weight of the rest of the image, which may hold more of the class, beside what is surely outside."""
SAMPLED = 50_000
"""About so many pixels of the rest are enough to know it by."""
RIDGE = 0.05
"""Added to all variances, of features that are scaled to 1."""


def learned_channel(lab: NDArray[np.float32], inside: Bools, outside: Bools) -> Channel:
    """Return a plane that is about 1 where a pixel looks like those inside, 0 like those outside.

    Parameters
    ----------
    lab : ndarray of float32, shape (H, W, 3)
        CIELAB.
    inside, outside : ndarray of bool, shape (H, W)
        Pixels that are surely of the class, and surely not; both hold some.
    """
    planes = _features(lab)
    flat = planes.reshape(-1, planes.shape[2])
    flat = (flat - flat.mean(axis=0)) / (flat.std(axis=0) + 1e-3)
    others = flat[~(inside | outside).ravel()]
    rest = others[:: 1 + len(others) // SAMPLED]
    within, around = flat[inside.ravel()], flat[outside.ravel()]
    axis = _axis(within, around, rest if len(rest) else around)
    values = (flat @ axis).reshape(inside.shape)
    high, low = float(np.mean(within @ axis)), float(np.mean(around @ axis))
    return np.asarray(np.clip((values - low) / max(high - low, 1e-6), -1, 2), np.float32)


def _axis(within: Floats, around: Floats, rest: Floats) -> Floats:
    covariance = np.cov(within.T, bias=True)
    covariance = covariance + (1 - REST) * np.cov(around.T, bias=True) + REST * np.cov(rest.T, bias=True)
    covariance = covariance / 2 + RIDGE * np.eye(within.shape[1])
    other = (1 - REST) * around.mean(axis=0) + REST * rest.mean(axis=0)
    return np.asarray(np.linalg.solve(covariance, within.mean(axis=0) - other), np.float32)


def _features(lab: NDArray[np.float32]) -> Floats:
    light = lab[..., 0]
    fine = (light - ndi.gaussian_filter(light, FINE)) ** 2
    parts = [ndi.gaussian_filter(lab, (sigma, sigma, 0)) for sigma in COLOR_SIGMAS]
    for sigma in STEP_SIGMAS:
        parts.append(ndi.gaussian_gradient_magnitude(light, sigma)[..., None] * sigma)
        parts.append(ndi.gaussian_laplace(light, sigma)[..., None] * sigma**2)
    parts += [np.sqrt(ndi.gaussian_filter(fine, sigma))[..., None] for sigma in TEXTURE_SIGMAS]
    return np.concatenate(parts, axis=2)
