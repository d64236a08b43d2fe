"""What a model computes once per plane, as a value that can be kept."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from napari_zeroseg.backends.sam.frame import Frame


@dataclass(frozen=True, slots=True, eq=False)
class ImageEmbedding:
    """An encoded plane.

    Parameters
    ----------
    frame : Frame
        Where the plane lies in the model's square.
    maps : tuple of ndarray of float32, each of shape (channels, rows, columns)
        The embedding itself first, then the finer maps of models that have them.
    """

    frame: Frame
    maps: tuple[NDArray[np.float32], ...]

    @property
    def nbytes(self) -> int:
        """Memory that it takes."""
        return sum(features.nbytes for features in self.maps)
