"""Words and places in one space without a model: the coordinates are the classes themselves."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from napari_zeroseg.backends.embedded.detector import EmbeddedDetector
from napari_zeroseg.backends.embedded.scene import SETTINGS
from napari_zeroseg.core.cost_map import Aligned

if TYPE_CHECKING:
    from collections.abc import Sequence

    from napari_zeroseg.core.image import Plane
    from napari_zeroseg.core.vocabulary import TargetClass

SHARPNESS = 10.0
"""By which cosines are multiplied before the soft-max."""


class EmbeddedEncoder:
    """Fills the role of image-text encoder with the fit of regions and words."""

    def encode(self, image: Plane, classes: Sequence[TargetClass]) -> Aligned:
        """Return for each pixel how well the best region there fits the words for each class.

        The space has one axis for each class, and one for what is none: along it every place has the
        fit from which a region is worth taking.

        Parameters
        ----------
        image : ndarray of float32, shape (H, W, 3)
            RGB in 0..1.
        classes : sequence of TargetClass

        Returns
        -------
        Aligned
            ``dense`` has shape (H, W, 1 + N).
        """
        dense = np.zeros((*image.shape[:2], 1 + len(classes)), np.float32)
        dense[..., 0] = SETTINGS.threshold
        place = {target.name: number for number, target in enumerate(classes, start=1)}
        for region, score, name in EmbeddedDetector().matches(image, classes):
            part = dense[..., place[name]][region.mask.slices]
            part[region.mask.pixels] = np.maximum(part[region.mask.pixels], score)
        axes = np.eye(1 + len(classes), dtype=np.float32)
        return Aligned(dense, axes[1:], axes[:1], SHARPNESS)
