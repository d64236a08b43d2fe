"""Image files into arrays, one plane each."""

from __future__ import annotations

import warnings
from typing import TYPE_CHECKING, Any

import numpy as np

from napari_zeroseg.core.errors import BadImageError
from napari_zeroseg.core.image import MAX_SIDE

if TYPE_CHECKING:
    from pathlib import Path

    from numpy.typing import NDArray
    from PIL.Image import Image

TIFF = (".tif", ".tiff")


def read_image(path: Path) -> NDArray[Any]:
    """Read a PNG, JPEG or TIFF, or whatever else Pillow knows.

    An alpha channel that hides nothing is left out. Pixels come as they are stored, without
    turning by EXIF data, so that masks fit the file.

    Returns
    -------
    ndarray, shape (H, W), (H, W, 3), or (H, W, 4) where something is transparent

    Raises
    ------
    BadImageError
        When the file is not there, damaged, no image, too large, or holds several planes.
    """
    try:
        array = _read_tiff(path) if path.suffix.lower() in TIFF else _read_picture(path)
    except BadImageError:
        raise
    except OSError as error:
        raise BadImageError(
            f"The file could not be read: {error.strerror or 'it is no image, or damaged'}."
        ) from error
    # a damaged file can make a decoder fail in any way
    except Exception as error:
        raise BadImageError(f"The file could not be read: {error}.") from error
    return _without_opaque_alpha(array)


def _read_tiff(path: Path) -> NDArray[Any]:
    import tifffile

    with tifffile.TiffFile(path) as file:
        series = file.series[0]
        axes, shape = series.get_axes(squeeze=True), series.get_shape(squeeze=True)
        _check_plane(axes, shape)
        try:
            array = series.asarray()
        except ValueError:
            # some compressions need a package that Pillow has built in
            return _read_picture(path)
    array = np.asarray(array).reshape(shape)
    return np.moveaxis(array, axes.index("S"), -1) if "S" in axes else array


def _check_plane(axes: str, shape: tuple[int, ...]) -> None:
    if max(shape, default=0) > MAX_SIDE:
        raise BadImageError(
            f"The image has {' × '.join(map(str, shape))} values ({axes}), which is too large."
        )
    if sorted(axes) not in (sorted("YX"), sorted("YXS")):
        raise BadImageError(
            f"The file holds {' × '.join(map(str, shape))} values with axes {axes}, not one plane.",
            remedy="Save the plane that you mean as an image of its own.",
        )


def _read_picture(path: Path) -> NDArray[Any]:
    from PIL import Image

    with warnings.catch_warnings():
        # the size is checked below, against a limit of our own
        warnings.simplefilter("ignore", Image.DecompressionBombWarning)
        with Image.open(path) as picture:
            _check_picture(picture)
            return np.asarray(picture.convert(_plain_mode(picture)))


def _check_picture(picture: Image) -> None:
    if max(picture.size) > MAX_SIDE:
        raise BadImageError(f"The image is {picture.width} × {picture.height} pixels, which is too large.")
    frames = getattr(picture, "n_frames", 1)
    if frames > 1:
        raise BadImageError(
            f"The file holds {frames} frames, not one plane.",
            remedy="Save the frame that you mean as an image of its own.",
        )


def _plain_mode(picture: Image) -> str:
    if picture.mode == "1":
        return "L"
    if picture.mode in {"P", "PA"}:
        return "RGBA" if picture.has_transparency_data else "RGB"
    if picture.mode == "LA":
        return "RGBA"
    return picture.mode if picture.mode[0] in "LIF" or picture.mode == "RGBA" else "RGB"


def _without_opaque_alpha(array: NDArray[Any]) -> NDArray[Any]:
    if array.ndim == 3 and array.shape[-1] == 4 and array.dtype.kind in "ui":
        opaque = np.iinfo(array.dtype).max
        if (array[..., 3] == opaque).all():
            return array[..., :3]
    return array
