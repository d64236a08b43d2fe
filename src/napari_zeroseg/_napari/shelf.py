"""Puts the plugin's own layers on an image into the viewer, and takes them out again."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING

from napari_zeroseg._napari.ownership import disown, full_resolution, image_key, own

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator
    from typing import Any

    from napari.components import ViewerModel
    from napari.layers import Image, Layer

FOLLOWED = ("scale", "translate", "rotate", "shear", "affine", "units", "axis_labels")


class Shelf:
    """The plugin's layers on one image; they lie where it lies, and leave the selection alone.

    Parameters
    ----------
    viewer : ViewerModel
        The viewer.
    image : Image
        Must be in the viewer.
    """

    def __init__(self, viewer: ViewerModel, image: Image) -> None:
        self._viewer = viewer
        self._image = image
        self._key = image_key(image)
        self._layers: list[Layer] = []
        self.shape: tuple[int, ...] = tuple(full_resolution(image).shape[: image.ndim])
        """Of the image, without a colour axis."""
        self.going: Collection[Layer] = ()
        """Layers that napari itself is about to remove, and fails if they are gone already."""
        for name in FOLLOWED:
            getattr(image.events, name).connect(self._on_image_transform)

    def close(self) -> None:
        """Leave the layers that are still there to the user."""
        for name in FOLLOWED:
            getattr(self._image.events, name).disconnect(self._on_image_transform)
        for layer in tuple(self._layers):
            self.release(layer)

    def transform(self) -> dict[str, Any]:
        """Return the keyword arguments that put a new layer where the image is."""
        return {name: getattr(self._image, name) for name in FOLLOWED}

    def _on_image_transform(self, event: Any) -> None:
        for layer in self._layers:
            setattr(layer, event.type, getattr(self._image, event.type))

    def __contains__(self, layer: object) -> bool:
        return layer in self._layers and layer in self._viewer.layers

    def put(self, layer: Layer, below: Collection[Layer] = ()) -> None:
        """Put a layer on top of all but ``below``."""
        own(layer, self._key)
        self._layers.append(layer)
        places = [self._viewer.layers.index(other) for other in below if other in self]
        with self._kept_selection():
            self._viewer.layers.insert(min(places, default=len(self._viewer.layers)), layer)

    def release(self, layer: Layer) -> None:
        """Leave a layer to the user."""
        self._layers.remove(layer)
        disown(layer)

    def take(self, layer: Layer) -> None:
        """Take a layer away."""
        self.release(layer)
        if layer in self._viewer.layers and layer not in self.going:
            with self._kept_selection():
                self._viewer.layers.remove(layer)

    @contextmanager
    def _kept_selection(self) -> Iterator[None]:
        before = self.selected()
        yield
        self.select(before)

    def selected(self) -> set[Layer]:
        """Return the layers that are selected."""
        return set(self._viewer.layers.selection)

    def select(self, layers: Collection[Layer]) -> None:
        """Select those of the layers that are there; the image when all of them are gone.

        Nothing while napari removes the selected layers: what is selected then is what goes.
        """
        if self.going:
            return
        there = {layer for layer in layers if layer in self._viewer.layers}
        if layers and not there and self._image in self._viewer.layers:
            there = {self._image}
        if self.selected() != there:
            self._viewer.layers.selection = there
