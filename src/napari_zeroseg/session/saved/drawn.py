"""What is drawn in a file of saved work, without its history."""

from __future__ import annotations

from itertools import product
from typing import TYPE_CHECKING

from napari_zeroseg.core.annotations import Annotations, Frame
from napari_zeroseg.core.errors import BadFileError
from napari_zeroseg.core.volume import ONE_PLANE, Grid
from napari_zeroseg.session.saved.reading import read_saved
from napari_zeroseg.session.saved.store import SUFFIX

if TYPE_CHECKING:
    from pathlib import Path

    from napari_zeroseg.session.saved.document import ImageSpec

MEANINGS = ("YX", "ZYX", "TZYX")
"""What axes are taken for that the file does not name, by how many are not shown."""


def is_saved(path: Path) -> bool:
    """Return whether a file is saved work by its name."""
    return path.name.endswith(SUFFIX)


def read_drawn(path: Path, frame: Frame | None = None) -> Annotations:
    """Read the present state of saved work.

    Parameters
    ----------
    path : Path
        The file; no window may be saving into it.
    frame : Frame, optional
        The image, which tells the size of its pixels and what its axes mean.

    Raises
    ------
    BadFileError
        When it is not there, damaged or open in a window, or the image is another one.
    """
    saved = read_saved(path)
    state, image = saved.timeline.present, saved.image
    grid = _grid(image) if frame is None else frame.grid
    if frame is not None and (frame.shape, grid.depth) != (image.shape, image.depth):
        raise BadFileError(f"'{path.name}' is of an image of another size than '{frame.image}'.")
    notes = (saved.lost,) if saved.lost else ()
    name = image.name if frame is None else frame.image
    return Annotations(name, image.shape, state.vocabulary, state.instances, grid, notes)


def _grid(image: ImageSpec) -> Grid:
    if not image.depth:
        return ONE_PLANE
    if len(image.depth) >= len(MEANINGS):
        raise BadFileError("The work is on an image of more than four axes.", remedy="Name the image too.")
    axes = MEANINGS[len(image.depth)]
    return Grid(axes, image.depth, tuple(product(*map(range, image.depth))))
