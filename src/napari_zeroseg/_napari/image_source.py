"""From the image layer that a viewer shows to the plane that a session works on."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any

import numpy as np

from napari_zeroseg._napari.ownership import full_resolution, image_key
from napari_zeroseg.core.errors import ZeroSegError
from napari_zeroseg.core.image import check_shape, part_from_array, plane_from_array
from napari_zeroseg.session.source import ImageSource

if TYPE_CHECKING:
    from napari.components import Dims
    from napari.layers import Image
    from napari.utils import Colormap

    from napari_zeroseg.core.image import Plane
    from napari_zeroseg.session.source import PlaneIndex, Window

WHITE = (1.0, 1.0, 1.0)


def image_source(image: Image, dims: Dims) -> ImageSource:
    """Return the plane of an image that is shown, to be read later on the models' thread.

    Contrast limits, gamma and colour are taken as they are now; nothing is computed here.

    Raises
    ------
    ZeroSegError
        When the image is not shown as one of its planes.
    """
    plane = shown_plane(image, dims)
    array = full_resolution(image)
    height, width = array.shape[image.ndim - 2 : image.ndim]
    return ImageSource(
        key=image_key(image),
        name=image.name,
        shape=(int(height), int(width)),
        read=partial(_read, array, display_settings(image)),
        plane=plane,
        depth=tuple(int(size) for size in array.shape[: len(plane)]),
    )


def display_settings(image: Image) -> dict[str, Any]:
    """Return how the image is shown, as arguments of ``plane_from_array``."""
    if image.rgb:
        return {"rgb": True}
    low, high = image.contrast_limits
    return {
        "rgb": False,
        "limits": (float(low), float(high)),
        "gamma": float(image.gamma),
        "tint": tint(image.colormap),
    }


def _read(array: Any, display: dict[str, Any], plane: PlaneIndex, window: Window | None) -> Plane:
    if window is not None:
        return part_from_array(np.asarray(array[(*plane, *window)]), **display)
    check_shape(tuple(array.shape[len(plane) :]), rgb=display["rgb"])
    return plane_from_array(np.asarray(array[plane]), **display)


def shown_plane(image: Image, dims: Dims) -> PlaneIndex:
    """Return the indices of an image's axes that are not shown, empty for a 2D image.

    Raises
    ------
    ZeroSegError
        When it is shown in 3D, along other axes than its last two, or not at all.
    """
    if dims.ndisplay != 2:
        raise ZeroSegError("The viewer shows the image in 3D.", remedy="Switch to 2D to work on one plane.")
    extra = dims.ndim - image.ndim
    if [axis - extra for axis in dims.displayed] != [image.ndim - 2, image.ndim - 1]:
        raise ZeroSegError(
            "The viewer shows the image along other axes than its last two.",
            remedy="Roll or transpose the axes back.",
        )
    indices = np.round(image.world_to_data(dims.point)).astype(int)[:-2]
    shape = full_resolution(image).shape
    if any(not 0 <= index < size for index, size in zip(indices, shape, strict=False)):
        raise ZeroSegError("The sliders stand outside the image.", remedy="Move them to one of its planes.")
    return tuple(int(index) for index in indices)


def tint(colormap: Colormap) -> tuple[float, float, float]:
    """Return the RGB of full intensity in maps from black to one colour, white for all others."""
    first, last = colormap.colors[0, :3], colormap.colors[-1, :3]
    if len(colormap.colors) != 2 or first.any() or not last.any():
        return WHITE
    red, green, blue = (float(value) for value in last)
    return (red, green, blue)
