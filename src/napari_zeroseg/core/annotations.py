"""What is drawn on one image, whichever tool drew it: what exchange formats are written from and read to."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from napari_zeroseg.core.vocabulary import Vocabulary
from napari_zeroseg.core.volume import ONE_PLANE, Grid

if TYPE_CHECKING:
    from collections.abc import Collection

    from napari_zeroseg.core.instance import Instance


@dataclass(frozen=True, slots=True, eq=False)
class Frame:
    """The image that annotations lie on, for files that do not tell it themselves.

    Parameters
    ----------
    image : str
        Its file name.
    shape : tuple of int
        (H, W) of a plane in pixels.
    grid : Grid
        Its planes, and how far apart its pixels lie.
    """

    image: str
    shape: tuple[int, int]
    grid: Grid = ONE_PLANE


@dataclass(frozen=True, slots=True, eq=False)
class Annotations:
    """The classes and instances of one image.

    Parameters
    ----------
    image : str
        File name of the image, empty where nothing tells it.
    shape : tuple of int
        (H, W) of a plane in pixels.
    vocabulary : Vocabulary
        The classes with their colours.
    instances : tuple of Instance
        They may overlap.
    grid : Grid
        The planes that they may lie on, and how far apart the pixels lie.
    notes : tuple of str
        What was left out or renamed when they were read, a sentence each.
    """

    image: str
    shape: tuple[int, int]
    vocabulary: Vocabulary = Vocabulary()
    instances: tuple[Instance, ...] = ()
    grid: Grid = ONE_PLANE
    notes: tuple[str, ...] = ()

    @property
    def frame(self) -> Frame:
        """The image without what is drawn on it."""
        return Frame(self.image, self.shape, self.grid)

    def of(self, name: str) -> tuple[Instance, ...]:
        """Return the instances of one class, in their order."""
        return tuple(i for i in self.instances if i.name == name)

    def on_plane(self, plane: tuple[int, ...]) -> tuple[Instance, ...]:
        """Return the instances on one plane; all of them where the grid is one plane alone."""
        if not self.grid.depth:
            return self.instances
        return tuple(i for i in self.instances if i.plane == plane)

    def at(self, plane: tuple[int, ...]) -> Annotations:
        """Return what lies on one plane of a stack, as of an image of that plane alone."""
        return replace(self, instances=self.on_plane(plane), grid=self.grid.at(plane))

    def only(self, names: Collection[str]) -> Annotations:
        """Return what belongs to some of the classes, in the order of the vocabulary."""
        classes = tuple(c for c in self.vocabulary if c.name in names)
        kept = {c.name for c in classes}
        instances = tuple(i for i in self.instances if i.name in kept)
        return replace(self, vocabulary=Vocabulary(classes), instances=instances)
