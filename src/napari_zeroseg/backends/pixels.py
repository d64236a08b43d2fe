"""Images as most recognition models see them: squeezed into a square, and normalised."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from torch import Tensor

    from napari_zeroseg.core.image import Plane

IMAGENET = ((0.485, 0.456, 0.406), (0.229, 0.224, 0.225))
CLIP = ((0.48145466, 0.4578275, 0.40821073), (0.26862954, 0.26130258, 0.27577711))
"""Mean and standard deviation of red, green and blue."""


def squeezed(image: Plane, side: int, statistics: tuple[tuple[float, ...], ...], mode: str) -> Tensor:
    """Return an image for a model whose input is a square.

    Parameters
    ----------
    image : ndarray of float32, shape (H, W, 3)
        RGB in 0..1.
    side : int
        Of the square, in pixels.
    statistics : tuple
        Mean and standard deviation per channel.
    mode : str
        ``"bilinear"`` or ``"bicubic"``, both over as many pixels as fall on one.

    Returns
    -------
    Tensor
        Shape (3, side, side), float32, on the CPU.
    """
    import torch

    own = np.require(image, requirements=["C", "W"])  # torch warns of arrays that cannot be written
    channels_first = torch.from_numpy(own).permute(2, 0, 1)
    square = torch.nn.functional.interpolate(
        channels_first[None], (side, side), mode=mode, antialias=True, align_corners=False
    )[0]
    mean, deviation = (torch.tensor(values)[:, None, None] for values in statistics)
    return (square.clamp(0, 1) - mean) / deviation
