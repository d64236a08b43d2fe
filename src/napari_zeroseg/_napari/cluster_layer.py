"""Clusters that wait to be named, as a Labels layer."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from napari.layers import Labels
from napari.utils.colormaps import DirectLabelColormap

from napari_zeroseg._napari.ownership import disown, find_image, image_key, own
from napari_zeroseg._napari.shelf import FOLLOWED
from napari_zeroseg.core.partition import color_of, nearest

if TYPE_CHECKING:
    from napari.components import ViewerModel
    from napari.layers import Image
    from numpy.typing import NDArray

    from napari_zeroseg.core.partition import Partition
    from napari_zeroseg.session.session import Session
    from napari_zeroseg.session.state import State

NAME = "Clusters"


class ClusterLayer:
    """A Labels layer that is there as long as the session has clusters; cluster n has the label n + 1."""

    def __init__(self, viewer: ViewerModel, session: Session) -> None:
        self._viewer = viewer
        self._session = session
        self._layer: Labels | None = None
        self._shown: Partition | None = None
        session.changed.connect(self._on_session_changed)

    def close(self) -> None:
        """Leave no callback and no layer behind."""
        self._session.changed.disconnect(self._on_session_changed)
        self._remove()

    def _on_session_changed(self, new: State, _old: State) -> None:
        if new.partition is self._shown:
            return
        self._remove()
        source = self._session.source
        image = find_image(self._viewer.layers, source.key) if source is not None else None
        if new.partition is not None and image is not None and source is not None:
            self._show(new.partition, image, source.shape)
        self._shown = new.partition

    def _show(self, partition: Partition, image: Image, shape: tuple[int, int]) -> None:
        colors: dict[int | None, Any] = {n + 1: color_of(n) for n in range(len(partition))}
        labels = _on_plane(partition, shape)
        layer = Labels(
            labels.reshape((1,) * len(partition.plane) + shape),
            name=NAME,
            opacity=0.5,
            colormap=DirectLabelColormap(color_dict={**colors, 0: "transparent", None: "transparent"}),
            **_transform(image, partition.plane),
        )
        layer.editable = False
        selected = set(self._viewer.layers.selection)
        own(layer, image_key(image))
        self._viewer.layers.append(layer)
        self._viewer.layers.selection = selected
        self._layer = layer

    def _remove(self) -> None:
        layer, self._layer = self._layer, None
        if layer is not None:
            disown(layer)
            if layer in self._viewer.layers:
                self._viewer.layers.remove(layer)


def _on_plane(partition: Partition, shape: tuple[int, int]) -> NDArray[np.int32]:
    """Return the labels, one more each, where they lie on the plane of this shape."""
    size = [round(n * f) for n, f in zip(partition.image.shape[:2], partition.factor, strict=True)]
    top, left = (round(o * f) for o, f in zip(partition.origin, partition.factor, strict=True))
    plane = np.zeros(shape, np.int32)
    room = plane[top : top + size[0], left : left + size[1]]
    room[...] = nearest(partition.labels + 1, tuple(size))[: room.shape[0], : room.shape[1]]
    return plane


def _transform(image: Image, plane: tuple[int, ...]) -> dict[str, Any]:
    """Return what puts a layer of one plane where that plane of the image is."""
    found = {name: getattr(image, name) for name in FOLLOWED}
    start = (0,) * image.ndim
    step = np.subtract(image.data_to_world((*plane, 0, 0)), image.data_to_world(start))
    found["translate"] = image.translate + np.linalg.solve(image.affine.linear_matrix, step)
    return found
