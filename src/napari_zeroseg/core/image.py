"""From an array of any kind to the one plane that models get."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from napari_zeroseg.core.channels import BLACK, Channel, composed, usual_limits
from napari_zeroseg.core.errors import BadImageError
from napari_zeroseg.core.volume import Intensities

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Plane = NDArray[np.float32]

MIN_SIDE = 8
MAX_SIDE_RATIO = 100.0
MAX_SIDE = 16384

_ALPHA_REMEDY = "Remove the alpha channel: use data[..., :3]."


def plane_from_array(
    data: NDArray[Any],
    *,
    rgb: bool | None = None,
    limits: tuple[float, float] | None = None,
    gamma: float = 1.0,
    tint: tuple[float, float, float] = (1.0, 1.0, 1.0),
) -> Plane:
    """Return the plane that models get: float32, shape (H, W, 3), RGB in 0..1.

    Parameters
    ----------
    data : ndarray, shape (H, W) or (H, W, 3)
        Unsigned or signed integer, or finite floating point intensities.
    rgb : bool, optional
        Whether the last axis is colour; told from the shape when not given.
    limits : tuple of float, optional
        Intensities that become 0 and 1 in a single-channel image. By default the range of
        the values, with the 0.01 and 99.99 percentiles in images of more than 8 bits, so that
        one hot pixel does not darken the rest.
    gamma : float
        Exponent after scaling, as in napari.
    tint : tuple of float
        RGB colour in which full intensity is shown.

    Raises
    ------
    BadImageError
        When the array is no image that can be segmented; the text says why.
    """
    array = np.asarray(data)
    rgb = looks_rgb(array) if rgb is None else rgb
    check_image(array, rgb=rgb)
    channel = Channel(gamma=gamma, colors=(BLACK, tint))
    return composed([(channel, array, limits or usual_limits(Intensities(array, "YXS" if rgb else "YX")))])


def looks_rgb(array: NDArray[Any]) -> bool:
    """Return whether an array of three axes has colours along the last one, by its size."""
    return array.ndim == 3 and array.shape[-1] in (3, 4)


def check_image(array: NDArray[Any], *, rgb: bool) -> None:
    """Raise :class:`BadImageError` when a plane of shape (H, W[, 3]) cannot be segmented."""
    check_type(array.dtype)
    check_shape(array.shape, rgb=rgb)
    check_finite(array)
    if is_flat(array):
        raise FlatImageError(array.flat[0])


class FlatImageError(BadImageError):
    """Every pixel has the same value."""

    def __init__(self, value: Any) -> None:
        super().__init__(
            f"Every pixel of the image is {value}.",
            remedy="There is nothing to tell apart: choose another image or plane.",
        )


def is_flat(array: NDArray[Any]) -> bool:
    """Return whether every pixel has the same value."""
    return bool(array.min() == array.max())


def check_type(dtype: np.dtype[Any]) -> None:
    """Raise :class:`BadImageError` for values that are no intensities."""
    if dtype.kind == "b":
        raise BadImageError(
            "The image is boolean: it is a mask already.",
            remedy="Choose the intensity image, or add the mask as a Labels layer.",
        )
    if dtype.kind == "c":
        raise BadImageError(
            "The image holds complex numbers.", remedy="Take its magnitude first: numpy.abs(data)."
        )
    if dtype.kind not in "uif":
        raise BadImageError(
            f"The image holds values of type {dtype}, not intensities.",
            remedy="Choose an integer or floating point image.",
        )


def check_shape(shape: tuple[int, ...], *, rgb: bool) -> None:
    """Raise :class:`BadImageError` for a shape that no plane may have, before anything is read."""
    if rgb and shape[-1] == 4:
        raise BadImageError("The image has an alpha channel (RGBA).", remedy=_ALPHA_REMEDY)
    if len(shape) != (3 if rgb else 2):
        raise BadImageError(
            f"The image has shape {shape}; one plane of shape (rows, columns) or "
            "(rows, columns, 3) is needed.",
            remedy="Choose one plane of it.",
        )
    height, width = shape[:2]
    if min(height, width) < MIN_SIDE:
        raise BadImageError(
            f"The image is {width} × {height} pixels.",
            remedy=f"Both sides must have at least {MIN_SIDE} pixels.",
        )
    if max(height, width) > MAX_SIDE_RATIO * min(height, width):
        raise BadImageError(
            f"The image is {width} × {height} pixels, a strip rather than a picture.",
            remedy="Crop it: one side may be at most 100 times the other.",
        )
    if max(height, width) > MAX_SIDE:
        raise BadImageError(
            f"The image is {width} × {height} pixels.",
            remedy=f"Crop it to at most {MAX_SIDE} pixels a side.",
        )


def check_finite(array: NDArray[Any]) -> None:
    """Raise :class:`BadImageError` for values that are NaN or infinite."""
    if array.dtype.kind == "f":
        bad = int(array.size - np.count_nonzero(np.isfinite(array)))
        if bad:
            raise BadImageError(
                f"The image holds {bad} values that are NaN or infinite.",
                remedy="Replace them first: numpy.nan_to_num(data).",
            )


def shrunk(image: Plane, side: int) -> Plane:
    """Return an image whose longest side is at most ``side`` pixels, each the mean of those it covers."""
    from skimage.transform import resize

    factor = side / max(image.shape[:2])
    if factor >= 1:
        return image
    size = [max(1, round(n * factor)) for n in image.shape[:2]]
    return np.asarray(resize(image, size, order=1, anti_aliasing=True), np.float32)
