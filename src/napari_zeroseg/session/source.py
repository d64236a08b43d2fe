"""The image that a session works on."""

from __future__ import annotations

from collections.abc import Callable, Hashable
from dataclasses import dataclass, replace
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np

from napari_zeroseg.backends.embeddings import Latest
from napari_zeroseg.core.axes import NAMES
from napari_zeroseg.core.sequence import Kind
from napari_zeroseg.core.tiles import Window, shrunk
from napari_zeroseg.core.tiles import whole as whole_window
from napari_zeroseg.core.volume import ONE_PLANE
from napari_zeroseg.methods.at_once import View

if TYPE_CHECKING:
    from napari_zeroseg.core.channels import Composition
    from napari_zeroseg.core.image import Plane
    from napari_zeroseg.core.volume import Grid
    from napari_zeroseg.session.saved.content import Content

PlaneIndex = tuple[int, ...]
"""Indices along the axes of an image that are not shown; empty for a 2D image."""

PARTS = 1 << 27
"""Bytes of the parts of a plane that are kept: ten windows of 1024², so that a click and what is
encoded ahead around it do not push each other out."""


@dataclass(frozen=True)
class ImageSource:
    """One plane of an image, read when it is needed, and the way to its others.

    Parameters
    ----------
    key : hashable
        The same for all planes of one image; what was done is kept under it.
    name : str
        What a person calls the image.
    shape : tuple of int
        (H, W) of a plane.
    read : callable
        Gets the plane's index and a window, None for all of it. Returns that part, float32
        (h, w, 3), RGB in 0..1, or raises :class:`~napari_zeroseg.core.errors.BadImageError`.
        Called on the models' thread.
    plane : tuple of int
        Which plane this is.
    depth : tuple of int
        How many planes there are along each axis that is not shown.
    composition : Composition or None
        How its channels are shown in the pixels; None where they are shown already.
    content : Content, optional
        By which the image is known again in a later session; without it work is not saved.
    grid : Grid
        The plane, and how far apart its pixels lie.
    axes : str
        What the axes of the image mean, such as "ZYX", as far as someone has told it.
    choices : tuple of str
        What they can mean, while nobody has told it: the person is asked.
    blocked : str
        Why nothing can be found or drawn on it yet.
    coarser : tuple of ImageSource
        The same image at its coarser levels, the finest first.
    """

    key: Hashable
    name: str
    shape: tuple[int, int]
    read: Callable[[PlaneIndex, Window | None], Plane]
    plane: PlaneIndex = ()
    depth: tuple[int, ...] = ()
    composition: Composition | None = None
    content: Content | None = None
    grid: Grid = ONE_PLANE
    axes: str = ""
    choices: tuple[str, ...] = ()
    blocked: str = ""
    coarser: tuple[ImageSource, ...] = ()

    @cached_property
    def parts(self) -> Latest[Plane]:
        """The parts of the plane that were looked at last."""
        return Latest(lambda: PARTS, lambda part: part.nbytes)

    @cached_property
    def pixels(self) -> Plane:
        """The whole plane, read once."""
        return self.read(self.plane, None)

    def window(self, window: Window) -> Plane:
        """Return a part of the plane; of a plane that is not read yet, no more than that is read."""
        known = self.__dict__.get("pixels")
        return self.read(self.plane, window) if known is None else known[window]

    def on(self, plane: PlaneIndex) -> ImageSource:
        """Return another plane of the same image."""
        grid = replace(self.grid, planes=(plane,))
        return self if plane == self.plane else replace(self, plane=plane, grid=grid)

    def at(self, level: int) -> ImageSource:
        """Return the same plane at a coarser level, 0 for the finest; the coarsest where there are fewer."""
        level = min(level, len(self.coarser))
        return self.coarser[level - 1].on(self.plane) if level else self


def axis_name(source: ImageSource, axis: int) -> str:
    """Return what an axis that is not shown means, its number where nobody has told it."""
    return NAMES.get(source.axes[axis : axis + 1], f"axis {axis}")


def kind_of_axis(source: ImageSource, axis: int) -> Kind:
    """Return whether an axis is one of time, as far as that is known."""
    return Kind.TIME if source.axes[axis : axis + 1] == "T" else Kind.DEPTH


def whole(name: str, image: Plane) -> ImageSource:
    """Return an image of one plane that is there already, under its name as key."""

    def read(_plane: PlaneIndex, window: Window | None) -> Plane:
        return image if window is None else image[window]

    return ImageSource(name, name, (image.shape[0], image.shape[1]), read)


OVERVIEW_SIDE = 1024
"""Largest side in pixels of what is looked at of a very large plane to say what is in it."""


def seen_at_once(source: ImageSource, region: Window | None, level: int, side: int) -> View:
    """Return what a method sees that looks at all of a plane, or of a region of it, at once.

    Parameters
    ----------
    source : ImageSource
        The plane.
    region : tuple of slice, optional
        Rows and columns in pixels of the plane; all of it by default.
    level : int
        The finest level to look at.
    side : int
        Largest side of the view in pixels; what is larger is shrunk.
    """
    fine = source.at(level)
    factor = (source.shape[0] / fine.shape[0], source.shape[1] / fine.shape[1])
    window = shrunk(region, factor) or whole_window(fine.shape)
    step = -(-max(s.stop - s.start for s in window) // side)
    if step == 1:
        pixels = fine.pixels if region is None else fine.window(window)
        return View(pixels, region, (window[0].start, window[1].start), factor)
    rows, cols = (slice(s.start // step * step, s.stop // step * step) for s in window)
    return View(
        _means(fine, (rows, cols), step, side),
        region,
        (rows.start // step, cols.start // step),
        (factor[0] * step, factor[1] * step),
    )


def overview(source: ImageSource) -> Plane:
    """Return all of a large plane, shrunk until no side has more than ``OVERVIEW_SIDE`` pixels.

    A coarser level is taken where there is one; else every pixel is the mean of those it stands for,
    read part by part.
    """
    levels = (source, *(level.on(source.plane) for level in source.coarser))
    fine = next((s for s in levels if max(s.shape) <= OVERVIEW_SIDE), levels[-1])
    step = -(-max(fine.shape) // OVERVIEW_SIDE)
    if step == 1:
        return fine.window(whole_window(fine.shape))
    if min(fine.shape) < step:  # a strip, of which the reader says what is wrong with it
        return fine.pixels
    height, width = (size // step * step for size in fine.shape)
    return _means(fine, (slice(0, height), slice(0, width)), step, OVERVIEW_SIDE)


def _means(source: ImageSource, window: Window, step: int, side: int) -> Plane:
    """Return a window whose sides are multiples of ``step``, each pixel the mean of ``step`` by ``step``."""
    rows = window[0]
    band = max(1, side // step) * step
    return np.concatenate(
        [
            _band(source, slice(top, min(top + band, rows.stop)), window[1], band, step)
            for top in range(rows.start, rows.stop, band)
        ]
    )


def _band(source: ImageSource, rows: slice, cols: slice, band: int, step: int) -> Plane:
    parts = (
        source.window((rows, slice(left, min(left + band, cols.stop))))
        for left in range(cols.start, cols.stop, band)
    )
    means = [
        part.reshape(part.shape[0] // step, step, part.shape[1] // step, step, 3).mean(axis=(1, 3))
        for part in parts
    ]
    return np.concatenate(means, axis=1)
