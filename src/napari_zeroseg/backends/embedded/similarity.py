"""Words and places in one space without a model: the coordinates are the classes themselves."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from napari_zeroseg.backends.embedded.classifier import RegionWords
from napari_zeroseg.backends.embedded.detector import EmbeddedDetector
from napari_zeroseg.backends.embedded.scene import SETTINGS
from napari_zeroseg.backends.embedded.texture import TextureExtractor
from napari_zeroseg.core.clusters import clustered, with_places
from napari_zeroseg.core.cost_map import Aligned
from napari_zeroseg.core.mask import Mask
from napari_zeroseg.core.partition import nearest

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from napari_zeroseg.core.image import Plane
    from napari_zeroseg.core.vocabulary import TargetClass

    Floats = NDArray[np.float32]

SHARPNESS = 10.0
"""By which cosines are multiplied before the soft-max."""
SPARE_CLUSTERS = 4
"""Kinds of areas beside the classes."""
PLACE_WEIGHT = 0.5
"""How much places of one kind that are far apart differ, against how much kinds differ."""
AREAS = 0.3
"""How much the areas' likelihoods count, beside the objects' fits."""


class EmbeddedEncoder:
    """Fills the role of image-text encoder with the fit of objects, and of areas, to the words."""

    def encode(self, image: Plane, classes: Sequence[TargetClass]) -> Aligned:
        """Return for each pixel how well what is there fits the words for each class.

        The space has two axes for each class, and two for what is none. Along the first lies the fit
        of the best object there that the detector finds, where no class has the fit from which an
        object is worth taking; along the second, ``AREAS`` of the likelihood of the area there, of
        those that k-means parts the image into. A class's text points half-way between its two.

        Parameters
        ----------
        image : ndarray of float32, shape (H, W, 3)
            RGB in 0..1.
        classes : sequence of TargetClass

        Returns
        -------
        Aligned
            ``dense`` has shape (H, W, 2 + 2N).
        """
        both = (_objects(image, classes), np.float32(AREAS) * _areas(image, classes))
        axes = np.tile(np.eye(1 + len(classes), dtype=np.float32), 2)
        return Aligned(np.concatenate(both, axis=2), axes[1:], axes[:1], SHARPNESS)


def _objects(image: Plane, classes: Sequence[TargetClass]) -> Floats:
    fits = np.zeros((*image.shape[:2], 1 + len(classes)), np.float32)
    fits[..., 0] = SETTINGS.threshold
    place = {target.name: number for number, target in enumerate(classes, start=1)}
    for region, score, name in EmbeddedDetector().matches(image, classes):
        part = fits[..., place[name]][region.mask.slices]
        part[region.mask.pixels] = np.maximum(part[region.mask.pixels], score)
    return fits


def _areas(image: Plane, classes: Sequence[TargetClass]) -> Floats:
    features = with_places(TextureExtractor().features(image), PLACE_WEIGHT)
    labels = clustered(features, len(classes) + SPARE_CLUSTERS)
    here = nearest(labels, image.shape[:2])
    masks = [Mask((0, 0), here == number) for number in range(int(labels.max()) + 1)]
    likely = RegionWords().classify(image, masks, classes)
    none = 1 - likely.sum(axis=1, keepdims=True)
    return np.asarray(np.concatenate((none, likely), axis=1)[here], np.float32)
