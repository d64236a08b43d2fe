"""Label images as PNG files, with a palette or with 16 bits."""

from __future__ import annotations

import warnings
from typing import TYPE_CHECKING, Any

import numpy as np

from napari_zeroseg.core.errors import BadFileError
from napari_zeroseg.export.atomic import replacing
from napari_zeroseg.export.gathering import MAX_PIXELS

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from numpy.typing import NDArray


def write_png(path: Path, labels: NDArray[Any], palette: Sequence[Sequence[int]] = ()) -> None:
    """Write a label image, or a picture.

    Parameters
    ----------
    path : Path
        Replaced if it is there.
    labels : ndarray of uint8 or uint16, shape (H, W), or of uint8, shape (H, W, 3)
        Values, or colours.
    palette : sequence of (red, green, blue), optional
        0..255 for each value from 0 on, for 8 bits.

    Raises
    ------
    ExportError
        When the file cannot be written.
    """
    from PIL import Image

    picture = Image.fromarray(labels)
    if palette:
        picture.putpalette([part for color in palette for part in color])
    with replacing(path) as part:
        picture.save(part, "PNG")


def read_png(path: Path) -> NDArray[Any]:
    """Read a label image: values of shape (H, W), where it has a palette its places in it; or RGB.

    Raises
    ------
    BadFileError
        When it cannot be read, or is too large.
    """
    from PIL import Image

    try:
        with warnings.catch_warnings():
            # the size is checked against a limit of our own
            warnings.simplefilter("ignore", Image.DecompressionBombWarning)
            with Image.open(path, formats=["PNG"]) as picture:
                if picture.width * picture.height > MAX_PIXELS:
                    raise BadFileError(f"It says it is {picture.width} × {picture.height} pixels.")
                plain = picture if picture.mode in {"P", "L", "I", "I;16"} else picture.convert("RGB")
                return np.asarray(plain)
    except BadFileError as error:
        raise BadFileError(f"'{path.name}' cannot be used: {error.happened}") from error
    # a damaged file can make the decoder fail in any way
    except Exception as error:
        raise BadFileError(f"'{path.name}' could not be read as a PNG: {error}.") from error
