"""Frames around the proposals that a new run removed, while it waits for a decision."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from napari.layers import Shapes

from napari_zeroseg._napari.ownership import find_image
from napari_zeroseg._napari.passing_layer import PassingLayer
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
        self._frames = PassingLayer[Shapes](viewer)
        session.difference_changed.connect(self._on_difference_changed)

    def close(self) -> None:
        """Leave no callback and no layer behind."""
        self._session.difference_changed.disconnect(self._on_difference_changed)
        self._frames.take()

    def _on_difference_changed(self) -> None:
        self._frames.take()
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
        self._frames.put(layer, image)
