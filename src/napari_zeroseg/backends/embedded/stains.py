"""Grey-level channels in which objects may stand out: lightness, colour axes, stains."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from skimage.color import rgb2lab

from napari_zeroseg.backends.embedded.survey import OWN, Survey

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from napari_zeroseg.core.image import Plane

    Channel = NDArray[np.float32]

COLORFUL = 3.0
"""Root mean square distance from grey, in CIELAB units, from which an image counts as colour."""

DARK_GROUND = 0.3
"""The median of an image of emitted light lies in this lowest part of its range."""
SOFT_KNEE = 0.3
BRIGHT_GROUND = 0.5
"""Median grey value from which the ground is a lit one."""
WHITE_PART = 0.95
"""Pixels above this quantile of grey are taken for the lamp's white."""
MAX_GAIN = 2.0
REDUNDANT = 0.97
"""A channel that correlates with another by this much says nothing new."""
RANGE = (1, 50, 99.5)
"""Percentiles of grey taken for the darkest, the ground and the brightest."""


def balanced(image: Plane, survey: Survey = OWN) -> Plane:
    """Return a bright-field image as under white light, others as they are.

    The brightest pixels of an image with a bright ground are taken for white (white-patch
    colour constancy), so that the hue of a stain does not depend on the lamp.
    """
    gain = survey.usual("gain", lambda: _gain(image))
    return image if gain is None else np.asarray(np.clip(image * gain, 0, 1), np.float32)


def _gain(image: Plane) -> NDArray[np.float32] | None:
    grey = image.mean(axis=2)
    if float(np.median(grey)) < BRIGHT_GROUND:
        return None
    white = image[grey >= np.quantile(grey, WHITE_PART)].mean(axis=0)
    return np.asarray(np.minimum(white.max() / np.maximum(white, 1e-3), MAX_GAIN), np.float32)


def lab(image: Plane) -> NDArray[np.float32]:
    """Return CIELAB (L in 0..100), float32 of shape (H, W, 3)."""
    return np.asarray(rgb2lab(image), np.float32)


def is_colored(lab_image: NDArray[np.float32]) -> bool:
    """Say whether the image holds more than shades of one hue."""
    chroma = lab_image[..., 1:].reshape(-1, 2)
    return float(np.sqrt((chroma**2).sum(axis=1).mean())) > COLORFUL


def channels(image: Plane, survey: Survey = OWN) -> dict[str, Channel]:
    """Return the channels of an image by name, float32 of shape (H, W), in units of 0..1.

    A grey image has one, ``intensity``; a tinted one has the brightness of its tint. A colour
    image has its lightness and the two main axes of its CIELAB colours (Karhunen-Loève
    transform), the first of which is the axis of the stain in stained bright field.
    """
    if survey.usual("grey", lambda: bool(np.ptp(image, axis=2).max() < 1e-3)):
        return {"intensity": evened(image.mean(axis=2), survey)}
    lab_image = lab(image)
    if survey.usual("one hue", lambda: not is_colored(lab_image) or _has_one_hue(image)):
        return {"intensity": evened(image.max(axis=2), survey)}
    return {
        name: (lab_image @ axis).astype(np.float32) / np.float32(100)
        for name, axis in survey.usual("axes", lambda: _telling_axes(lab_image)).items()
    }


def _telling_axes(lab_image: NDArray[np.float32]) -> dict[str, NDArray[np.float32]]:
    """Return the directions in CIELAB of the channels of a colour image, none that says nothing new."""
    axes = {"lightness": np.array([1, 0, 0], np.float32)}
    found = [lab_image[..., 0]]
    for index, axis in enumerate(_main_axes(lab_image)):
        channel = lab_image @ axis
        if all(abs(_correlation(channel, other)) < REDUNDANT for other in found):
            axes[f"color axis {index + 1}"] = axis
            found.append(channel)
    return axes


def evened(grey: Channel, survey: Survey = OWN) -> Channel:
    """Compress the intensities of emitted light, objects on a dark ground, so that dim ones count.

    Other images are returned as they are. The scale is the asinh of the distance from the
    ground, linear up to ``SOFT_KNEE`` of the range, logarithmic above.
    """
    low, ground, high = survey.usual("range", lambda: tuple(np.percentile(grey, RANGE).tolist()))
    if ground - low > DARK_GROUND * (high - low):
        return np.ascontiguousarray(grey)
    unit = np.float32(survey.rounded(max(SOFT_KNEE * (high - ground), 1 / 255)))
    return np.asarray(np.arcsinh((grey - np.float32(ground)) / unit) * unit, np.float32)


def _has_one_hue(image: Plane) -> bool:
    flat = image.reshape(-1, 3).astype(np.float64)
    power = np.linalg.eigvalsh(flat.T @ flat)
    return bool(power[1] < 1e-4 * power[2])


def _main_axes(lab_image: NDArray[np.float32]) -> list[NDArray[np.float32]]:
    flat = lab_image.reshape(-1, 3)
    _, axes = np.linalg.eigh(np.cov(flat.T.astype(np.float64)))
    main = [axes[:, 2], axes[:, 1]]
    return [np.asarray(a if a[np.abs(a).argmax()] > 0 else -a, np.float32) for a in main]


def _correlation(a: Channel, b: Channel) -> float:
    return float(np.corrcoef(a.ravel(), b.ravel())[0, 1])
