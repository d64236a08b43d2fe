"""Label images taken apart into masks."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from napari_zeroseg.core.mask import Mask

if TYPE_CHECKING:
    from collections.abc import Iterator

    from numpy.typing import NDArray


def masks_of(labels: NDArray[np.integer[Any]]) -> Iterator[tuple[int, Mask]]:
    """Yield values and masks of a label image of shape (H, W), in rising order and without background.

    Values may be any numbers: memory goes with how many there are, not with how large they are.
    """
    from scipy.ndimage import find_objects

    values, places = np.unique(labels, return_inverse=True)
    numbered = places.reshape(labels.shape) + 1
    for value, box in zip(values.tolist(), find_objects(numbered), strict=True):
        if value:
            rows, cols = box
            yield value, Mask((rows.start, cols.start), np.asarray(labels[box] == value))
