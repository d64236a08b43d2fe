"""Frames around the proposals that a new run removed, while it waits for a decision."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from napari.layers import Shapes

from napari_zeroseg._napari.ownership import disown, find_image, image_key, own
from napari_zeroseg._napari.review_frame import corners_of
from napari_zeroseg._napari.shelf import FOLLOWED

if TYPE_CHECKING:
    from napari.components import ViewerModel
    from napari.layers import Image

    from napari_zeroseg.core.instance import Instance
    from napari_zeroseg.session.session import Session

NAME = "Going"
COLOR = "#ff4136"
MOST = 300
"""More frames than this take napari too long; the largest are drawn."""
THICKNESS = 0.03
"""Of the usual side of a frame."""


class GoingFrames:
    """A Shapes layer that is there as long as the session has a difference."""

    def __init__(self, viewer: ViewerModel, session: Session) -> None:
        self._viewer = viewer
        self._session = session
        self._layer: Shapes | None = None
        session.difference_changed.connect(self._on_difference_changed)

    def close(self) -> None:
        """Leave no callback and no layer behind."""
        self._session.difference_changed.disconnect(self._on_difference_changed)
        self._remove()

    def _on_difference_changed(self) -> None:
        self._remove()
        difference, source = self._session.difference, self._session.source
        image = find_image(self._viewer.layers, source.key) if source is not None else None
        if difference is not None and image is not None:
            self._show(image, sorted(difference.gone, key=lambda i: -i.mask.area)[:MOST])

    def _show(self, image: Image, gone: list[Instance]) -> None:
        frames = [np.array([(*i.plane, y, x) for y, x in corners_of(i.mask.box, 1.0)], float) for i in gone]
        side = float(np.median([max(i.mask.pixels.shape) for i in gone]))
        transform = {name: getattr(image, name) for name in FOLLOWED}
        layer = Shapes(
            frames,
            shape_type="rectangle",
            name=NAME,
            edge_color=COLOR,
            face_color="transparent",
            edge_width=max(THICKNESS * side, 0.3),
            **transform,
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
