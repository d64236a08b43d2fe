"""Label images as TIFF."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from napari_zeroseg.core.errors import BadFileError, ExportError
from napari_zeroseg.export.atomic import replacing

if TYPE_CHECKING:
    from pathlib import Path

    from numpy.typing import NDArray

MAX_PIXELS = 2**31


def write_label_tiff(path: Path, labels: NDArray[Any]) -> None:
    """Write a label image, losslessly compressed, in the smallest unsigned type that holds it.

    8 and 16 bits are what ImageJ, CellProfiler and QuPath read as labels; 32 bits are used only
    for more than 65535 objects.

    Parameters
    ----------
    path : Path
        Replaced if it is there.
    labels : ndarray of int, shape (H, W) or with leading axes (…, H, W)
        0 for background.

    Raises
    ------
    ExportError
        When the file cannot be written, or a label is negative.
    """
    import tifffile

    small = _smallest(labels)
    with replacing(path) as part:
        tifffile.imwrite(part, small, compression="zlib", photometric="minisblack")


def _smallest(labels: NDArray[Any]) -> NDArray[Any]:
    low, high = (int(labels.min()), int(labels.max())) if labels.size else (0, 0)
    if low < 0 or high > np.iinfo(np.uint32).max:
        raise ExportError(
            f"A label image holds the values {low} to {high}.",
            remedy="Labels must be 0 or more and fit into 32 bits.",
        )
    return labels.astype(np.min_scalar_type(high))


def read_label_tiff(path: Path) -> NDArray[Any]:
    """Read a label image of any number of axes, as unsigned integers.

    Raises
    ------
    BadFileError
        When the file cannot be read, is too large, or holds no labels.
    """
    import tifffile

    try:
        with tifffile.TiffFile(path) as file:
            series = file.series[0]
            _check(path, series.shape, series.dtype)
            return np.asarray(series.asarray())
    except BadFileError:
        raise
    # a damaged file can make the decoder fail in any way
    except Exception as error:
        raise BadFileError(f"'{path}' could not be read as a TIFF: {error}.") from error


def _check(path: Path, shape: tuple[int, ...], dtype: Any) -> None:
    if np.prod(shape, dtype=float) > MAX_PIXELS:
        raise BadFileError(f"'{path}' says it has shape {shape}, which is too large.")
    if dtype is None or np.dtype(dtype).kind != "u":
        raise BadFileError(
            f"'{path}' holds values of type {dtype}, not labels.",
            remedy="Open it as an image.",
        )
