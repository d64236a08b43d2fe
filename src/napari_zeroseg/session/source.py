"""The image that a session works on."""

from __future__ import annotations

from collections.abc import Callable, Hashable
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from napari_zeroseg.core.image import Plane


@dataclass(frozen=True)
class ImageSource:
    """One plane of an image, read when it is needed.

    Parameters
    ----------
    key : hashable
        The same for all planes of one image; what was done is kept under it.
    name : str
        What a person calls the image.
    shape : tuple of int
        (H, W) of the plane.
    read : callable
        Returns the plane, float32 (H, W, 3), RGB in 0..1, or raises
        :class:`~napari_zeroseg.core.errors.BadImageError`. Called on the models' thread.
    plane : tuple of int
        Indices along the axes that are not shown; empty for a 2D image.
    """

    key: Hashable
    name: str
    shape: tuple[int, int]
    read: Callable[[], Plane]
    plane: tuple[int, ...] = ()

    @cached_property
    def pixels(self) -> Plane:
        """The plane, read once."""
        return self.read()
