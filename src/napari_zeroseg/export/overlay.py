"""Masks drawn over their image."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from napari_zeroseg.core.compose import instance_labels, semantic_labels
from napari_zeroseg.export.atomic import replacing

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from numpy.typing import NDArray

    from napari_zeroseg.core.image import Plane
    from napari_zeroseg.core.instance import Instance
    from napari_zeroseg.core.vocabulary import Vocabulary

FILL = 0.35
"""Share of the class colour inside an object; its outline is drawn in full."""


def overlay(plane: Plane, vocabulary: Vocabulary, instances: Sequence[Instance]) -> NDArray[np.uint8]:
    """Return the image with the objects of each class in its colour.

    Parameters
    ----------
    plane : ndarray of float32, shape (H, W, 3)
        RGB in 0..1.

    Returns
    -------
    ndarray of uint8, shape (H, W, 3)
    """
    shape = (plane.shape[0], plane.shape[1])
    classes = semantic_labels(instances, vocabulary, shape)
    colors = np.array([(0, 0, 0), *(_rgb(c.color) for c in vocabulary)], np.float32)
    alpha = np.where(classes > 0, np.float32(FILL), np.float32(0))
    for target in vocabulary:
        outline = _outlines(instance_labels(instances, target.name, shape))
        alpha[outline & (classes == vocabulary.id_of(target.name))] = 1
    blended = plane * (1 - alpha[..., None]) + colors[classes] * alpha[..., None]
    return np.asarray(np.rint(np.clip(blended, 0, 1) * 255), np.uint8)


def _rgb(color: str) -> tuple[float, float, float]:
    red, green, blue = bytes.fromhex(color.removeprefix("#"))
    return red / 255, green / 255, blue / 255


def _outlines(labels: NDArray[np.int32]) -> NDArray[np.bool_]:
    from skimage.segmentation import find_boundaries

    return np.asarray(find_boundaries(labels, mode="inner"), np.bool_)


def write_overlay_png(
    path: Path, plane: Plane, vocabulary: Vocabulary, instances: Sequence[Instance]
) -> None:
    """Write :func:`overlay` as PNG.

    Raises
    ------
    ExportError
        When the file cannot be written.
    """
    from PIL import Image

    picture = Image.fromarray(overlay(plane, vocabulary, instances))
    with replacing(path) as part:
        picture.save(part, "PNG")
