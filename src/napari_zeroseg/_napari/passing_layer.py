"""A layer of the plugin's own that comes and goes over an image."""

from __future__ import annotations

from typing import TYPE_CHECKING, Generic, TypeVar

from napari.layers import Layer

from napari_zeroseg._napari.ownership import disown, image_key, own, owner
from napari_zeroseg._napari.shelf import FOLLOWED

if TYPE_CHECKING:
    from napari.components import ViewerModel
    from napari.layers import Image

L = TypeVar("L", bound=Layer)


class PassingLayer(Generic[L]):
    """At most one layer at a time, which no person edits; the selection stays as it is."""

    def __init__(self, viewer: ViewerModel) -> None:
        self._viewer = viewer
        self._layer: L | None = None

    @property
    def layer(self) -> L | None:
        """The layer that is there; None once a person removed it."""
        return self._layer if self._layer in self._viewer.layers else None

    def holds(self, layer: Layer) -> bool:
        """Say whether a layer is the one that was put there, also when a person removes it."""
        return layer is self._layer

    def put(self, layer: L, image: Image) -> None:
        """Show a layer over an image, in the place of the one before."""
        self.take()
        self._layer = layer
        layer.editable = False
        own(layer, image_key(image))
        selected = set(self._viewer.layers.selection)
        self._viewer.layers.append(layer)
        self._viewer.layers.selection = selected

    def follow(self, image: Image) -> None:
        """Lay the layer over another image, which is faster than to build another one."""
        layer = self.layer
        if layer is not None and owner(layer) != image_key(image):
            own(layer, image_key(image))
            for name in FOLLOWED:
                setattr(layer, name, getattr(image, name))

    def take(self) -> None:
        """Take the layer away."""
        layer, self._layer = self._layer, None
        if layer is not None:
            disown(layer)
            if layer in self._viewer.layers:
                self._viewer.layers.remove(layer)
