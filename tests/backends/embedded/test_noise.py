"""Noise is measured, and taken out only where it does harm."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import ndimage as ndi
from skimage import draw

from napari_zeroseg.backends.embedded.detector import EmbeddedDetector
from napari_zeroseg.backends.embedded.noise import QUIET, calmed, noise_of
from napari_zeroseg.core.image import plane_from_array
from napari_zeroseg.core.vocabulary import Vocabulary

SHAPE = (100, 120)
PLACES = [(25, 25), (30, 85), (72, 40), (75, 95)]


def values(noise):
    clean = np.full(SHAPE, 0.3, np.float32)
    for y, x in PLACES:
        clean[draw.disk((y, x), 12, shape=SHAPE)] = 0.6
    return ndi.gaussian_filter(clean, 1) + np.random.default_rng(1).normal(0, noise, SHAPE).astype(np.float32)


def discs(noise):
    return plane_from_array(np.clip(values(noise) * 255, 0, 255).astype(np.uint8))


@pytest.mark.parametrize("noise", [0.01, 0.03, 0.1])
def test_the_noise_is_measured_beside_edges(noise):
    assert noise_of(values(noise)) == pytest.approx(noise, rel=0.1)


def test_a_quiet_image_stays_as_it_is():
    image = discs(0.005)
    assert calmed(image) is image


def test_what_is_left_of_strong_noise_does_no_harm():
    calm = calmed(discs(0.15))
    ground = calm[50:, :20].mean(axis=2)
    assert ground.std() < 2 * QUIET * np.ptp(calm)


def test_objects_are_found_in_noise():
    image = discs(0.15)
    found = EmbeddedDetector().detect(image, list(Vocabulary.parse("disc: bright, round")))
    centers = sorted(((d.box[1] + d.box[3]) / 2, (d.box[0] + d.box[2]) / 2) for d in found)
    assert len(centers) == len(PLACES)
    assert np.abs(np.subtract(centers, sorted(PLACES))).max() < 4
