"""Colours that tell the instances of one class apart, and what is proposed from what is locked."""

from __future__ import annotations

import colorsys
from functools import lru_cache
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Iterable

    from numpy.typing import NDArray

PROPOSED_ALPHA = 0.55
SHADES = 16
FEWEST_ROWS = 256
MOST_ROWS = 1 << 15  # napari draws with one row fewer than 2 ** 16; higher ids begin the table again


@lru_cache(maxsize=256)
def shades(color: str) -> NDArray[np.float32]:
    """Return shades around a ``#rrggbb`` colour as RGB, shape (SHADES, 3), unlike ones in a row."""
    red, green, blue = (int(color[i : i + 2], 16) / 255 for i in (1, 3, 5))
    hue, lightness, saturation = colorsys.rgb_to_hls(red, green, blue)
    # steps of the golden ratio: any few in a row are spread evenly
    offsets = (np.arange(SHADES) * 0.618034) % 1.0 - 0.5
    offsets[0] = 0.0
    rows = [
        colorsys.hls_to_rgb(
            (hue + 0.06 * offset) % 1.0, float(np.clip(lightness + 0.32 * offset, 0.2, 0.85)), saturation
        )
        for offset in offsets
    ]
    return np.array(rows, np.float32)


def instance_colors(color: str, locked: Iterable[int], highest: int) -> NDArray[np.float32]:
    """Return one RGBA row per label value, row 0 transparent.

    There are more rows than ids, so that new proposals seldom change the table.

    Parameters
    ----------
    color : str
        ``#rrggbb`` of the class.
    locked : iterable of int
        Ids that a person answers for; all others are paler.
    highest : int
        The highest id.

    Returns
    -------
    ndarray of float32, shape (rows, 4)
    """
    rows = FEWEST_ROWS
    while rows <= highest and rows < MOST_ROWS:
        rows *= 2
    table = np.empty((rows, 4), np.float32)
    table[:, :3] = np.resize(shades(color), (rows, 3))
    table[:, 3] = PROPOSED_ALPHA
    table[[instance_id for instance_id in locked if instance_id < rows], 3] = 1.0
    table[0] = 0.0
    return table
