"""Clusters that wait to be named, as a Labels layer."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from napari.layers import Labels
from napari.utils.colormaps import DirectLabelColormap

from napari_zeroseg._napari.ownership import find_image
from napari_zeroseg._napari.passing_layer import PassingLayer
from napari_zeroseg._napari.shelf import FOLLOWED
from napari_zeroseg.core.partition import color_of, compact, nearest, same_clusters
from napari_zeroseg.core.tiles import whole

if TYPE_CHECKING:
    from collections.abc import Iterator

    from napari.components import ViewerModel
    from napari.layers import Image
    from numpy.typing import NDArray

    from napari_zeroseg.core.partition import Partition
    from napari_zeroseg.session.session import Session
    from napari_zeroseg.session.state import State

NAME = "Clusters"
OPACITY = 0.5
FAINT = 0.25
"""How visible the others are beside clusters that are chosen."""
MORE = ("Shift", "Control")
"""Held down, a click adds a cluster to those that are chosen, or takes it away."""
STILL = 4
"""Pixels of the screen that the mouse may move in a click."""


class ClusterLayer:
    """A Labels layer that is there as long as the session has clusters; cluster n has the label n + 1.

    A click chooses the cluster under the mouse, with Shift or Ctrl more than one. Who removes the layer
    drops the clusters.
    """

    def __init__(self, viewer: ViewerModel, session: Session) -> None:
        self._viewer = viewer
        self._session = session
        self._clusters = PassingLayer[Labels](viewer)
        self._shown: Partition | None = None
        session.changed.connect(self._on_session_changed)
        session.clusters_chosen.connect(self._highlight)
        viewer.mouse_drag_callbacks.append(self._on_mouse_drag)
        viewer.layers.events.removed.connect(self._on_layer_removed)

    def close(self) -> None:
        """Leave no callback and no layer behind."""
        self._session.changed.disconnect(self._on_session_changed)
        self._session.clusters_chosen.disconnect(self._highlight)
        self._viewer.mouse_drag_callbacks.remove(self._on_mouse_drag)
        self._viewer.layers.events.removed.disconnect(self._on_layer_removed)
        self._clusters.take()

    def _on_session_changed(self, new: State, _old: State) -> None:
        before, self._shown = self._shown, new.partition
        if same_clusters(before, new.partition):
            return
        source = self._session.source
        image = find_image(self._viewer.layers, source.key) if source is not None else None
        if new.partition is None or image is None or source is None:
            self._clusters.take()
        else:
            self._show(new.partition, image, source.shape)

    def _show(self, partition: Partition, image: Image, shape: tuple[int, int]) -> None:
        labels = _on_plane(partition, shape)
        layer = Labels(
            labels.reshape((1,) * len(partition.plane) + shape),
            name=NAME,
            opacity=OPACITY,
            colormap=_colors(len(partition), self._session.chosen_clusters),
            **_transform(image, partition.plane),
        )
        self._clusters.put(layer, image)

    def _highlight(self) -> None:
        layer, partition = self._clusters.layer, self._shown
        if layer is not None and partition is not None:
            layer.colormap = _colors(len(partition), self._session.chosen_clusters)

    def _on_layer_removed(self, event: Any) -> None:
        if self._clusters.holds(event.value):  # by a person
            self._session.drop_clusters()

    def _on_mouse_drag(self, _viewer: ViewerModel, event: Any) -> Iterator[None]:
        layer = self._clusters.layer
        if layer is None or event.button != 1 or not self._is_free:
            return
        start, moved = np.asarray(event.pos), 0.0
        yield
        while event.type == "mouse_move":
            moved = max(moved, float(np.abs(np.asarray(event.pos) - start).max()))
            yield
        if moved <= STILL:
            label = layer.get_value(event.position, world=True)
            self._choose(int(label or 0) - 1, more=any(key in event.modifiers for key in MORE))

    @property
    def _is_free(self) -> bool:
        """Whether the mouse draws nothing: then a click means the cluster under it."""
        active = self._viewer.layers.selection.active
        return self._viewer.dims.ndisplay == 2 and str(getattr(active, "mode", "pan_zoom")) == "pan_zoom"

    def _choose(self, number: int, *, more: bool) -> None:
        clicked = {number} if number >= 0 else set()
        before = set(self._session.chosen_clusters)
        self._session.choose_clusters(*(before ^ clicked if more else clicked))


def _colors(count: int, chosen: tuple[int, ...]) -> DirectLabelColormap:
    colors: dict[int | None, Any] = {0: "transparent", None: "transparent"}
    for number in range(count):
        faint = chosen and number not in chosen
        colors[number + 1] = color_of(number) + (f"{round(255 * FAINT):02x}" if faint else "")
    return DirectLabelColormap(color_dict=colors)


def _on_plane(partition: Partition, shape: tuple[int, int]) -> NDArray[np.integer[Any]]:
    """Return the labels, one more each, where they lie on the plane of this shape."""
    window = partition.window or whole(shape)
    labels = compact(partition.labels.astype(np.int32) + 1, len(partition) + 1)
    plane = np.zeros(shape, labels.dtype)
    plane[window] = nearest(labels, plane[window].shape)
    return plane


def _transform(image: Image, plane: tuple[int, ...]) -> dict[str, Any]:
    """Return what puts a layer of one plane where that plane of the image is."""
    found = {name: getattr(image, name) for name in FOLLOWED}
    start = (0,) * image.ndim
    step = np.subtract(image.data_to_world((*plane, 0, 0)), image.data_to_world(start))
    found["translate"] = image.translate + np.linalg.solve(image.affine.linear_matrix, step)
    return found
