"""Masks that another tool drew, as a person's action."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from itertools import product
from typing import TYPE_CHECKING

from napari_zeroseg.core.annotations import Annotations, Frame
from napari_zeroseg.core.errors import BadFileError
from napari_zeroseg.core.volume import Grid
from napari_zeroseg.session.arrivals import arrive
from napari_zeroseg.session.noting import noted
from napari_zeroseg.session.readiness import Action
from napari_zeroseg.session.workspace import Workspace

if TYPE_CHECKING:
    from napari_zeroseg.core.instance import Instance
    from napari_zeroseg.core.vocabulary import TargetClass
    from napari_zeroseg.session.source import ImageSource

_MEANINGS = ("YX", "ZYX", "TZYX")
"""What axes are taken for that nobody has told."""


def frame_of(source: ImageSource) -> Frame:
    """Return what readers need to know of the image that is worked on, with all of its planes."""
    depth = source.depth
    if not depth:
        return Frame(source.name, source.shape, source.grid)
    axes = source.axes if len(source.axes) == len(depth) + 2 else _MEANINGS[min(len(depth), 2)]
    planes = tuple(product(*map(range, depth)))
    scale = {axis: size for axis, size in source.grid.scale.items() if axis in axes}
    units = {axis: unit for axis, unit in source.grid.units.items() if axis in axes}
    grid = Grid(axes, depth, planes, scale, units)
    return Frame(source.name, source.shape, grid)


class Bringing(Workspace):
    """What comes from other tools."""

    def bring_in_annotations(self, annotations: Annotations, name: str) -> None:
        """Take what a file holds as one step: on its planes, or on the one that is shown.

        Parameters
        ----------
        annotations : Annotations
            Of the present image.
        name : str
            Of the file.

        Raises
        ------
        NotNowError
            Without an image, or during a run.
        BadFileError
            When they lie on an image of another size or with other planes.
        BadVocabularyError
            When there would be too many classes.
        """
        self._require(Action.BRING_IN)
        source = self._source
        assert source is not None
        if annotations.shape != source.shape:
            (height, width), (rows, cols) = annotations.shape, source.shape
            raise BadFileError(
                f"'{name}' is of an image of {width} × {height} pixels, '{source.name}' has {cols} × {rows}."
            )
        instances = annotations.instances
        if not annotations.grid.depth:
            instances = tuple(replace(i, plane=source.plane) for i in instances)
        there = set(frame_of(source).grid.planes) if source.depth else {source.plane}
        if not {i.plane for i in instances} <= there:
            raise BadFileError(f"'{name}' has masks on planes that '{source.name}' does not have.")
        self.bring_in(name, annotations.vocabulary.classes, instances)
        count = f"{len(instances)} mask{'s' * (len(instances) != 1)}"
        self.noticed.emit(" ".join((f"{count} came from '{name}'.", *annotations.notes)))

    @noted
    def bring_in(self, name: str, classes: Sequence[TargetClass], instances: Sequence[Instance]) -> None:
        """Take classes and instances of a file, see :func:`~napari_zeroseg.session.arrivals.arrive`."""
        self._push(f"Bring in {name}", arrive(self.state, classes, instances))
