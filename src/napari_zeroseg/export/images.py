"""Image files as volumes: pixels, what their axes mean, and how far apart the pixels lie."""

from __future__ import annotations

import warnings
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np

from napari_zeroseg.core.axes import checked_axes, parse_axes
from napari_zeroseg.core.errors import BadImageError
from napari_zeroseg.core.image import MAX_SIDE
from napari_zeroseg.core.volume import Volume
from napari_zeroseg.export.tiff_images import is_tiff, open_tiff
from napari_zeroseg.export.zarr_images import is_zarr, open_zarr

if TYPE_CHECKING:
    from pathlib import Path

    from PIL.Image import Image


def open_image(path: Path, axes: str | None = None) -> Volume:
    """Open a TIFF (plain, ImageJ or OME), a zarr array, an OME-Zarr image, or a picture.

    Large TIFFs and all zarr arrays stay on disk and are read as they are needed. An alpha
    channel that hides nothing is left out. Pixels come as they are stored, without turning by
    EXIF data, so that masks fit the file.

    Parameters
    ----------
    path : Path
        A file, or the folder of a zarr array or group.
    axes : str, optional
        What the axes mean, such as "ZCYX"; what the file tells when not given.

    Raises
    ------
    AmbiguousAxesError
        When neither the file nor ``axes`` tells what the axes mean.
    BadImageError
        When the file is not there, damaged, no image, or too large.
    """
    volume = told_volume(path)
    shape = volume.data.shape
    told = checked_axes(volume.axes, shape) if axes is None else parse_axes(axes, shape)
    return _without_opaque_alpha(replace(volume, axes=told))


def told_volume(path: Path, *, on_disk: bool = False) -> Volume:
    """Open a file with the axes that it tells itself, "Q" for those that it does not tell.

    With ``on_disk``, TIFFs of any size stay there, which is faster when no pixels are wanted.

    Raises
    ------
    BadImageError
        As :func:`open_image`.
    """
    try:
        if is_zarr(path):
            return open_zarr(path)
        if is_tiff(path):
            return open_tiff(path, _read_frames, on_disk=on_disk)
        picture = _read_picture(path)
        return Volume(picture, "YXS" if picture.ndim == 3 else "YX")
    except BadImageError:
        raise
    except OSError as error:
        raise BadImageError(
            f"The file could not be read: {error.strerror or 'it is no image, or damaged'}."
        ) from error
    # a damaged file can make a decoder fail in any way
    except Exception as error:
        raise BadImageError(f"The file could not be read; it may be damaged ({error}).") from error


def _read_picture(path: Path) -> np.ndarray[Any, Any]:
    frames = _read_frames(path)
    if len(frames) > 1:
        raise BadImageError(
            f"The file holds {len(frames)} frames, not one plane.",
            remedy="Save the frame that you mean as an image of its own.",
        )
    return frames[0]


def _read_frames(path: Path) -> list[np.ndarray[Any, Any]]:
    from PIL import Image, ImageSequence

    with warnings.catch_warnings():
        # the size is checked below, against a limit of our own
        warnings.simplefilter("ignore", Image.DecompressionBombWarning)
        with Image.open(path) as picture:
            _check_size(picture)
            return [
                np.asarray(frame.convert(_plain_mode(frame))) for frame in ImageSequence.Iterator(picture)
            ]


def _check_size(picture: Image) -> None:
    if max(picture.size) > MAX_SIDE:
        raise BadImageError(f"The image is {picture.width} × {picture.height} pixels, which is too large.")


def _plain_mode(picture: Image) -> str:
    if picture.mode == "1":
        return "L"
    if picture.mode in {"P", "PA"}:
        return "RGBA" if picture.has_transparency_data else "RGB"
    if picture.mode == "LA":
        return "RGBA"
    return picture.mode if picture.mode[0] in "LIF" or picture.mode == "RGBA" else "RGB"


def _without_opaque_alpha(volume: Volume) -> Volume:
    data, axes = volume.data, volume.axes
    if not (isinstance(data, np.ndarray) and data.dtype.kind in "ui" and "S" in axes):
        return volume
    samples = axes.index("S")
    opaque = np.iinfo(data.dtype).max
    if data.shape[samples] != 4 or (np.take(data, 3, samples) != opaque).any():
        return volume
    return replace(volume, data=np.moveaxis(np.moveaxis(data, samples, 0)[:3], 0, samples))
