"""The frame around the mask that is reviewed."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from napari.layers import Shapes

from napari_zeroseg._napari.passing_layer import PassingLayer
from napari_zeroseg._napari.shelf import FOLLOWED

if TYPE_CHECKING:
    from napari.components import ViewerModel
    from napari.layers import Image
    from numpy.typing import NDArray

    from napari_zeroseg.core.mask import Box

NAME = "Under review"
COLOR = "#ffd54a"
MARGIN = 0.06
"""Of the longer side of a mask, and 1 pixel: the room between it and its frame."""
THICKNESS = 0.015
"""Of the longer side of the frame."""


class ReviewFrame:
    """A Shapes layer with one rectangle, which goes from image to image."""

    def __init__(self, viewer: ViewerModel) -> None:
        self._frame = PassingLayer[Shapes](viewer)

    def show(self, image: Image, plane: tuple[int, ...], box: Box) -> None:
        """Draw the frame around a box (x0, y0, x1, y1) on a plane of an image."""
        side = max(box[2] - box[0], box[3] - box[1])
        corners = np.array([(*plane, y, x) for y, x in corners_of(box, 1 + MARGIN * side)], float)
        thickness = THICKNESS * (side + 2)
        layer = self._frame.layer
        if layer is None or layer.ndim != image.ndim:
            self._frame.put(_built(image, corners, thickness), image)
            return
        self._frame.follow(image)
        layer.data, layer.edge_width = [corners], thickness

    def remove(self) -> None:
        """Take the frame away."""
        self._frame.take()


def _built(image: Image, corners: NDArray[np.float64], thickness: float) -> Shapes:
    return Shapes(
        [corners],
        shape_type="rectangle",
        name=NAME,
        edge_color=COLOR,
        face_color="transparent",
        edge_width=thickness,
        **{name: getattr(image, name) for name in FOLLOWED},
    )


def corners_of(box: Box, margin: float = 0.0) -> list[tuple[float, float]]:
    """Return the corners (y, x) of a box that holds whole pixels, whose centres are whole numbers."""
    x0, y0, x1, y1 = box
    top, left, bottom, right = y0 - 0.5 - margin, x0 - 0.5 - margin, y1 - 0.5 + margin, x1 - 0.5 + margin
    return [(top, left), (top, right), (bottom, right), (bottom, left)]
