"""Brings the mask that is reviewed into sight: its image, its plane, and the camera close to it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from napari.layers import Image

from napari_zeroseg._napari.ownership import find_image, image_key, owner
from napari_zeroseg._napari.review_frame import ReviewFrame, corners_of

if TYPE_CHECKING:
    from collections.abc import Hashable

    from napari.components import ViewerModel
    from napari.layers import Layer

    from napari_zeroseg.core.mask import Box
    from napari_zeroseg.session.queue import Subject
    from napari_zeroseg.session.session import Session

ROOM = 0.25
"""Part of the canvas that a mask takes when the camera is brought to it."""
IN_SIGHT = (0.06, 0.6)
"""While it takes between these parts of it the zoom is left as it is."""


class Flight:
    """Shows each mask of a review, with a frame around it.

    Of images that lie on top of each other, only the one under review is visible meanwhile.
    """

    def __init__(self, viewer: ViewerModel, session: Session) -> None:
        self._viewer = viewer
        self._session = session
        self._frame = ReviewFrame(viewer)
        self._shown_before: dict[Layer, bool] = {}
        session.visited.connect(self._on_visited)
        session.review_changed.connect(self._on_review_changed)

    def close(self) -> None:
        """Leave no callback and no frame behind."""
        self._session.visited.disconnect(self._on_visited)
        self._session.review_changed.disconnect(self._on_review_changed)
        self._land()

    def _on_visited(self, subject: Subject) -> None:
        image = find_image(self._viewer.layers, subject.image)
        if image is None:
            return
        self._choose(image)
        self._show_plane(image, subject.plane)
        instance = self._session.reviewed_instance()
        if instance is not None and instance.mask.area:
            self._look_at(image, subject.plane, instance.mask.box)
            self._frame.show(image, subject.plane, instance.mask.box)

    def _on_review_changed(self) -> None:
        review = self._session.review
        if review is None or review.finished:
            self._land()

    # the image

    def _choose(self, image: Image) -> None:
        review = self._session.review
        keys = {s.image for s in review.subjects} if review is not None else set()
        if len(keys) > 1:
            self._uncover(image_key(image), keys)
        _set_visible(image, True)
        if self._viewer.layers.selection.active is not image:
            self._viewer.layers.selection.active = image

    def _uncover(self, chosen: Hashable, reviewed: set[Hashable]) -> None:
        """Hide the other images of the review with the results on them."""
        for layer in self._viewer.layers:
            key = owner(layer) or _own_key(layer)
            if key in reviewed:
                before = self._shown_before.setdefault(layer, layer.visible)
                _set_visible(layer, before and key == chosen)

    def _land(self) -> None:
        for layer, visible in self._shown_before.items():
            _set_visible(layer, visible)
        self._shown_before.clear()
        self._frame.remove()

    # the plane and the camera

    def _show_plane(self, image: Image, plane: tuple[int, ...]) -> None:
        dims = self._viewer.dims
        world = image.data_to_world((*plane, 0, 0))
        extra = dims.ndim - image.ndim
        for axis in range(len(plane)):
            dims.set_point(extra + axis, world[axis])

    def _look_at(self, image: Image, plane: tuple[int, ...], box: Box) -> None:
        corners = np.array([image.data_to_world((*plane, y, x))[-2:] for y, x in corners_of(box)])
        low, high = corners.min(axis=0), corners.max(axis=0)
        camera = self._viewer.scene.camera
        camera.center = (0.0, *((low + high) / 2))
        canvas = np.array(self._viewer.canvas.size, float)
        part = float((np.maximum(high - low, 1e-9) / canvas).max())
        if not IN_SIGHT[0] <= part * camera.zoom <= IN_SIGHT[1]:
            camera.zoom = ROOM / part


def _own_key(layer: Layer) -> Hashable | None:
    return image_key(layer) if isinstance(layer, Image) else None


def _set_visible(layer: Layer, visible: bool) -> None:
    if layer.visible != visible:  # napari draws everything again also when nothing changes
        layer.visible = visible
