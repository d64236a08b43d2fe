"""Where the pixels of a Labels layer lie: in memory, or in a compressed file while they are many."""

from __future__ import annotations

import shutil
import tempfile
import weakref
from itertools import product
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import DTypeLike

LARGE = 1 << 28
"""Labels that take more bytes lie in a file."""
CHUNK = 1024


def empty_labels(shape: tuple[int, ...], dtype: DTypeLike = np.uint16) -> Any:
    """Return labels of no object: a numpy array, or a zarr array where that would be large.

    The zarr array lies compressed in a folder of its own, which goes with it.

    Parameters
    ----------
    shape : tuple of int
        (…, H, W).
    dtype : data type
        Of integers.
    """
    if int(np.prod(shape, dtype=np.int64)) * np.dtype(dtype).itemsize <= LARGE:
        return np.zeros(shape, dtype)
    import zarr

    folder = tempfile.mkdtemp(prefix="zeroseg-labels-")
    chunks = (*(1 for _ in shape[:-2]), *(min(CHUNK, size) for size in shape[-2:]))
    array = zarr.create_array(folder, shape=shape, chunks=chunks, dtype=np.dtype(dtype), fill_value=0)
    weakref.finalize(array, shutil.rmtree, folder, ignore_errors=True)
    return array


def widened(labels: Any) -> Any:
    """Return labels as int32, part by part where they lie in a file."""
    if isinstance(labels, np.ndarray):
        return labels.astype(np.int32)
    wide = empty_labels(labels.shape, np.int32)
    steps = [range(0, size, chunk) for size, chunk in zip(labels.shape, labels.chunks, strict=True)]
    for starts in product(*steps):
        part = tuple(slice(a, a + n) for a, n in zip(starts, labels.chunks, strict=True))
        wide[part] = labels[part]
    return wide
