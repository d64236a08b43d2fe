"""SAM's image features in the role of detail: where things begin and end, whatever they are."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from napari_zeroseg.backends.sam.models import Sam

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from napari_zeroseg.backends.checkpoint import Checkpoint
    from napari_zeroseg.core.image import Plane


class SamDetail:
    """Fills the role of detail extractor with the embedding that SAM's mask decoder gets.

    Parameters
    ----------
    checkpoint : Checkpoint
        SAM's; in memory it is the same model as the segmenter of that name.
    """

    def __init__(self, checkpoint: Checkpoint) -> None:
        self._sam = Sam(checkpoint)

    def features(self, image: Plane) -> NDArray[np.float32]:
        """Return the places that lie on the image, without the padding: shape (h, w, 256).

        Raises
        ------
        MissingBackendError, BadFileError
            When the weights are not there, or are others.
        """
        embedding = self._sam.embed(image)
        features = embedding.maps[0]
        side = embedding.frame.side
        rows, cols = (
            -(-filled * size // side)
            for filled, size in zip(embedding.frame.filled, features.shape[1:], strict=True)
        )
        return np.ascontiguousarray(features[:, :rows, :cols].transpose(1, 2, 0))
