"""Frames around the proposals that a new run removed, while it waits for a decision."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from napari.layers import Vectors

from napari_zeroseg._napari.ownership import find_image
from napari_zeroseg._napari.passing_layer import PassingLayer
from napari_zeroseg._napari.review_frame import corners_of
from napari_zeroseg._napari.shelf import FOLLOWED

if TYPE_CHECKING:
    from collections.abc import Iterable

    from napari.components import ViewerModel
    from napari.layers import Image
    from numpy.typing import NDArray

    from napari_zeroseg.core.instance import Instance
    from napari_zeroseg.session.session import Session

NAME = "Going"
COLOR = "#ff4136"
THICKNESS = 0.03
"""Of the usual side of a frame."""


class GoingFrames:
    """A layer that is seen as long as the session has a difference.

    Between two differences it is hidden: napari takes longer to add and to remove a layer than a
    person should wait.
    """

    def __init__(self, viewer: ViewerModel, session: Session) -> None:
        self._viewer = viewer
        self._session = session
        self._frames = PassingLayer[Vectors](viewer)
        session.difference_changed.connect(self._on_difference_changed)

    def close(self) -> None:
        """Leave no callback and no layer behind."""
        self._session.difference_changed.disconnect(self._on_difference_changed)
        self._frames.take()

    def _on_difference_changed(self) -> None:
        difference, source = self._session.difference, self._session.source
        image = find_image(self._viewer.layers, source.key) if source is not None else None
        if difference is not None and image is not None:
            self._show(image, difference.gone)
        elif self._frames.layer is not None:
            self._frames.layer.visible = False

    def _show(self, image: Image, gone: Iterable[Instance]) -> None:
        edges = np.concatenate([_edges(i) for i in gone])
        thickness = max(THICKNESS * float(np.median([max(i.mask.pixels.shape) for i in gone])), 0.3)
        layer = self._frames.layer
        if layer is None or layer.ndim != image.ndim:
            self._frames.put(_built(image, edges, thickness), image)
            return
        self._frames.follow(image)
        layer.data, layer.edge_width = edges, thickness
        layer.visible = True


def _built(image: Image, edges: NDArray[np.float64], thickness: float) -> Vectors:
    return Vectors(
        edges,
        vector_style="line",
        name=NAME,
        edge_color=COLOR,
        edge_width=thickness,
        **{name: getattr(image, name) for name in FOLLOWED},
    )


def _edges(instance: Instance) -> NDArray[np.float64]:
    """Return the sides of the frame of an instance, as (4, start and direction, axes)."""
    corners = np.array([(*instance.plane, y, x) for y, x in corners_of(instance.mask.box, 1.0)], float)
    return np.stack([corners, np.roll(corners, -1, axis=0) - corners], axis=1)
