"""Layers that lie exactly where an image lies."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from napari.layers import Image, Layer

FOLLOWED = ("scale", "translate", "rotate", "shear", "affine", "units", "axis_labels")


def transform_of(image: Image) -> dict[str, Any]:
    """Return the keyword arguments that put a new layer where the image is."""
    return {name: getattr(image, name) for name in FOLLOWED}


def follow(layer: Layer, image: Image, name: str) -> None:
    """Give a layer one changed property of the image's transform."""
    setattr(layer, name, getattr(image, name))
