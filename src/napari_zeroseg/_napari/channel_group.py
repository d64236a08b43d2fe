"""Image layers that are seen as one picture: one below, and those that are added to it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from napari.layers import Image

from napari_zeroseg._napari.ownership import full_resolution

if TYPE_CHECKING:
    from collections.abc import Sequence

    from napari.components import LayerList

ADDED = "additive"
BETWEEN = " · "
"""Stands between the name of an image and that of its channel."""


def channel_group(layers: LayerList, image: Image) -> tuple[Image, ...]:
    """Return the images that are blended additively with one, with it, from below.

    They lie on the same grid. The lowest one may be blended in any way, for nothing of the
    group is below it.
    """
    stack = [layer for layer in layers if isinstance(layer, Image) and same_grid(layer, image)]
    if image not in stack:
        return (image,)
    first = last = stack.index(image)
    while first > 0 and _is_added(stack[first]):
        first -= 1
    while last + 1 < len(stack) and _is_added(stack[last + 1]):
        last += 1
    return tuple(stack[first : last + 1])


def _is_added(image: Image) -> bool:
    return str(image.blending) == ADDED and not image.rgb


def group_name(group: Sequence[Image]) -> str:
    """Return what all names begin with, where they are an image and its channels; else the lowest one's."""
    images: set[str] = {image.name.partition(BETWEEN)[0] for image in group}
    return images.pop() if len(group) > 1 and len(images) == 1 else str(group[0].name)


def same_grid(one: Image, other: Image) -> bool:
    """Return whether two images have their pixels at the same places."""
    if one is other:
        return True
    if one.ndim != other.ndim or _shape(one) != _shape(other):
        return False
    places = [(i.scale, i.translate, i.rotate, i.shear, i.affine.affine_matrix) for i in (one, other)]
    return all(np.allclose(a, b) for a, b in zip(*places, strict=True))


def _shape(image: Image) -> tuple[int, ...]:
    return tuple(full_resolution(image).shape[: image.ndim])
