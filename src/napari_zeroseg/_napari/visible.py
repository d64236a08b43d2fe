"""The part of an image that the canvas shows."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from napari_zeroseg._napari.ownership import find_image

if TYPE_CHECKING:
    from napari.components import ViewerModel

    from napari_zeroseg.core.tiles import Window
    from napari_zeroseg.session.session import Session


def visible_window(viewer: ViewerModel, session: Session) -> Window | None:
    """Return the rows and columns of the session's image that are in sight, None for all or none of it."""
    source = session.source
    image = find_image(viewer.layers, source.key) if source is not None else None
    if source is None or image is None or viewer.dims.ndisplay != 2:
        return None
    factors = image.downsample_factors[image.data_level] if image.multiscale else np.ones(image.ndim)
    first, last = (image.corner_pixels * factors)[:, -2:]
    start = np.clip(np.floor(first), 0, source.shape).astype(int)
    stop = np.clip(np.ceil(last) + 1, 0, source.shape).astype(int)
    if (stop <= start).any():
        return None
    return slice(int(start[0]), int(stop[0])), slice(int(start[1]), int(stop[1]))
