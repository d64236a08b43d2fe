"""The image as a detector reads it: resized, normalised, as a tensor."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from pathlib import Path

    from torch import Tensor

    from napari_zeroseg.core.image import Plane

SETTINGS = "preprocessor_config.json"
LEAST_SIDE = 48
"""Of the resized image: a strip with fewer pixels has fewer places than the models have queries."""

IMAGENET_MEAN = (0.485, 0.456, 0.406)
IMAGENET_STD = (0.229, 0.224, 0.225)


@dataclass(frozen=True, slots=True)
class Framing:
    """How large an image is made and how it is normalised.

    Parameters
    ----------
    shortest : int
        Pixels of the shorter side, where the longer one allows it.
    longest : int
        Most pixels of the longer side.
    mean, std : tuple of float
        Of each channel.
    """

    shortest: int = 800
    longest: int = 1333
    mean: tuple[float, ...] = IMAGENET_MEAN
    std: tuple[float, ...] = IMAGENET_STD

    @classmethod
    def read(cls, folder: Path) -> Framing:
        """Return what the settings beside a model say, or what its authors used where there are none."""
        path = folder / SETTINGS
        if not path.is_file():
            return cls()
        settings = json.loads(path.read_text(encoding="utf-8"))
        size = settings["size"]
        return cls(
            size["shortest_edge"],
            size["longest_edge"],
            tuple(settings["image_mean"]),
            tuple(settings["image_std"]),
        )

    def size(self, height: int, width: int) -> tuple[int, int]:
        """Return the resized height and width of an image, in its proportions."""
        short, long = sorted((height, width))
        side = max(min(self.shortest, round(self.longest * short / long)), LEAST_SIDE)
        other = int(side * long / short)
        return (side, other) if height <= width else (other, side)

    def tensor(self, image: Plane, device: Any) -> Tensor:
        """Return the image as float32 of shape (1, 3, height, width)."""
        return normalized(resized(image, self.size(*image.shape[:2]), device), self.mean, self.std)


def resized(image: Plane, size: tuple[int, int], device: Any) -> Tensor:
    """Return an image as float32 of shape (1, 3, height, width), resized without aliases."""
    import torch

    planes = torch.from_numpy(np.ascontiguousarray(image)).to(device).permute(2, 0, 1)[None]
    return torch.nn.functional.interpolate(planes, size, mode="bilinear", antialias=True, align_corners=False)


def normalized(pixels: Tensor, mean: tuple[float, ...], std: tuple[float, ...]) -> Tensor:
    """Return (pixels - mean) / std of each channel."""
    center = pixels.new_tensor(mean)[:, None, None]
    return (pixels - center) / pixels.new_tensor(std)[:, None, None]
