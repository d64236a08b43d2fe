"""Which layers of a viewer belong to which image."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any
from weakref import WeakKeyDictionary

if TYPE_CHECKING:
    from collections.abc import Hashable

    from napari.components import LayerList
    from napari.layers import Image, Layer


@dataclass(frozen=True, slots=True)
class ImageKey:
    """Names an image layer for as long as its data has the same shape."""

    layer: Hashable
    shape: tuple[int, ...]


# not in the layer's metadata, which a duplicate of the layer would share
_image_of: WeakKeyDictionary[Layer, ImageKey] = WeakKeyDictionary()


def image_key(image: Image) -> ImageKey:
    """Return the key of an image layer."""
    return ImageKey(image.unique_id, tuple(full_resolution(image).shape))


def full_resolution(image: Image) -> Any:
    """Return the layer's array, the finest one of a multiscale image."""
    return image.data[0] if image.multiscale else image.data


def find_image(layers: LayerList, key: Hashable) -> Image | None:
    """Return the image layer of a key, if it is in the list."""
    layer_id = key.layer if isinstance(key, ImageKey) else None
    return next((layer for layer in layers if layer.unique_id == layer_id), None)


def own(layer: Layer, key: ImageKey) -> None:
    """Note that a layer shows results on an image."""
    _image_of[layer] = key


def disown(layer: Layer) -> None:
    """Leave a layer to the user."""
    _image_of.pop(layer, None)


def owner(layer: Layer | None) -> ImageKey | None:
    """Return the key of the image that a layer shows results on; None for the user's own layers."""
    return _image_of.get(layer) if layer is not None else None
