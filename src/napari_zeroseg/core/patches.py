"""Large images are cut into patches that a model of small input still sees in detail."""

from __future__ import annotations

import math
from itertools import pairwise

MAX_SIDE = 640  # the paper's


def patches(shape: tuple[int, int], max_side: int = MAX_SIDE) -> list[tuple[slice, slice]]:
    """Cut an image 2 × 2, again and again, until no side of a patch is over ``max_side``.

    Huang, Iizuka and Fukui (BMVC 2024), section 3.1.

    Parameters
    ----------
    shape : tuple of int
        Height and width in pixels.
    max_side : int, optional
        In pixels.

    Returns
    -------
    list of tuple of slice
        Rows and columns of each patch, row by row. Together they cover each pixel once; a side with
        fewer pixels than cuts has one patch per pixel.
    """
    cuts = 2 ** max(0, math.ceil(math.log2(max(shape) / max_side)))
    rows, columns = (_spans(length, cuts) for length in shape)
    return [(row, column) for row in rows for column in columns]


def _spans(length: int, parts: int) -> list[slice]:
    edges = sorted({round(i * length / parts) for i in range(parts + 1)})
    return [slice(low, high) for low, high in pairwise(edges)]
