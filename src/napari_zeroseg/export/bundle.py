"""All files of one result: what the window and the command line export."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from math import prod
from typing import TYPE_CHECKING, Any, Protocol

from napari_zeroseg.core.annotations import Annotations
from napari_zeroseg.core.compose import drawn_classes, drawn_instances
from napari_zeroseg.core.errors import ExportError
from napari_zeroseg.core.tiles import placed
from napari_zeroseg.export.atomic import make_folder
from napari_zeroseg.export.format import Part
from napari_zeroseg.export.formats import FORMATS, WRITERS
from napari_zeroseg.export.names import unique_names
from napari_zeroseg.export.overlay import write_overlay_png
from napari_zeroseg.export.record import write_record
from napari_zeroseg.export.tiff import write_label_tiff, write_large_label_tiff

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path

    import numpy as np
    from numpy.typing import NDArray

    from napari_zeroseg.core.image import Plane
    from napari_zeroseg.core.instance import Instance
    from napari_zeroseg.core.vocabulary import Vocabulary
    from napari_zeroseg.core.volume import Grid


LARGE = 2**24
"""Label images of more pixels are drawn tile by tile, and so large a plane is pictured by its overview."""


class Exportable(Protocol):
    """What is known of one image; ``Result`` is one."""

    @property
    def name(self) -> str: ...
    @property
    def image(self) -> Plane: ...
    @property
    def overview(self) -> Plane: ...
    @property
    def vocabulary(self) -> Vocabulary: ...
    @property
    def instances(self) -> tuple[Instance, ...]: ...
    @property
    def shape(self) -> tuple[int, int]: ...
    @property
    def grid(self) -> Grid: ...
    @property
    def pictured(self) -> tuple[Instance, ...]: ...
    def labels(self, name: str, /) -> NDArray[np.int32]: ...
    def semantic(self) -> NDArray[np.uint8]: ...
    def record(self) -> dict[str, Any]: ...


@dataclass(frozen=True)
class Bundle:
    """Where the files of one result lie.

    Parameters
    ----------
    folder : Path
        Made if need be.
    stem : str
        What all file names begin with.
    classes : tuple of str
        Names of the classes, in order.
    formats : tuple of str
        Names of exchange formats that are written too, see :data:`~napari_zeroseg.export.formats.FORMATS`.
    plane : tuple of int, optional
        Of a stack, the plane that formats get which hold no stacks; without it they are refused.
    """

    folder: Path
    stem: str
    classes: tuple[str, ...]
    formats: tuple[str, ...] = ()
    plane: tuple[int, ...] | None = None

    @property
    def semantic(self) -> Path:
        return self.folder / f"{self.stem}_semantic.tif"

    @property
    def overlay(self) -> Path:
        return self.folder / f"{self.stem}_overlay.png"

    @property
    def record(self) -> Path:
        return self.folder / f"{self.stem}.json"

    @property
    def exchange(self) -> dict[str, Path]:
        """The file, or folder, of each exchange format."""
        return {
            name: self.folder / f"{self.stem}{self._place(name)}_{name}{FORMATS[name].suffix}"
            for name in self.formats
        }

    def _place(self, name: str) -> str:
        plane = () if Part.PLANES not in FORMATS[name].loses else self.plane or ()
        return "".join(f"_{index}" for index in plane)

    @property
    def labels(self) -> dict[str, Path]:
        """The label image of each class."""
        stems = unique_names(self.classes)
        return {name: self.folder / f"{self.stem}_{stems[name]}.tif" for name in self.classes}

    @property
    def paths(self) -> tuple[Path, ...]:
        """Every file, in the order in which they are written."""
        return (
            self.semantic, *self.labels.values(), self.overlay, *self.exchange.values(), self.record
        )  # fmt: skip

    def check(self, grid: Grid) -> None:
        """Raise :class:`ExportError` when results on these planes cannot be written like this."""
        if self.plane is None:
            for name in self.formats:
                FORMATS[name].check(grid)

    def write(self, result: Exportable) -> tuple[Path, ...]:
        """Write all files, the record last: where it is there, the rest is there too.

        Raises
        ------
        ExportError
            When a file cannot be written; the text says which ones are there already.
        """
        self.check(result.grid)
        make_folder(self.folder)
        written: list[Path] = []
        for path, write in self._steps(result):
            try:
                write(path)
            except ExportError as error:
                raise _with_written(error, written) from error
            written.append(path)
        return tuple(written)

    def _steps(self, result: Exportable) -> list[tuple[Path, Callable[[Path], None]]]:
        steps: list[tuple[Path, Callable[[Path], None]]] = [
            (self.semantic, partial(_write_semantic, result=result))
        ]
        steps += [
            (file, partial(_write_class, result=result, name=name)) for name, file in self.labels.items()
        ]
        steps.append((self.overlay, partial(_write_overlay, result=result)))
        steps += [
            (path, partial(self._write_exchange, result=result, name=name))
            for name, path in self.exchange.items()
        ]
        steps.append((self.record, lambda path: write_record(path, result.record(), self._file_names())))
        return steps

    def _write_exchange(self, path: Path, result: Exportable, name: str) -> None:
        annotations = annotations_of(result)
        if self.plane is not None and Part.PLANES in FORMATS[name].loses:
            annotations = annotations.at(self.plane)
        WRITERS[name](path, annotations)

    def _file_names(self) -> dict[str, Any]:
        names: dict[str, Any] = {
            "semantic": self.semantic.name,
            "labels": {name: path.name for name, path in self.labels.items()},
            "overlay": self.overlay.name,
        }
        return names | {name: path.name for name, path in self.exchange.items()}


def _write_semantic(path: Path, result: Exportable) -> None:
    if _is_large(result):
        planes = [drawn_classes(i, result.vocabulary) for i in _by_plane(result)]
        write_large_label_tiff(path, planes, result.shape, result.grid)
    else:
        write_label_tiff(path, result.semantic(), result.grid)


def _write_class(path: Path, result: Exportable, name: str) -> None:
    if _is_large(result):
        planes = [drawn_instances(i, name) for i in _by_plane(result)]
        write_large_label_tiff(path, planes, result.shape, result.grid)
    else:
        write_label_tiff(path, result.labels(name), result.grid)


def _write_overlay(path: Path, result: Exportable) -> None:
    if prod(result.shape) <= LARGE:
        write_overlay_png(path, result.image, result.vocabulary, result.pictured)
        return
    picture = result.overview
    factor = (picture.shape[0] / result.shape[0], picture.shape[1] / result.shape[1])
    shrunk = [placed(instance, (0, 0), factor) for instance in result.pictured]
    write_overlay_png(path, picture, result.vocabulary, shrunk)


def annotations_of(result: Exportable) -> Annotations:
    """Return what was found in an image, to be written in another tool's format."""
    return Annotations(result.name, result.shape, result.vocabulary, result.instances, result.grid)


def _is_large(result: Exportable) -> bool:
    return prod((*result.grid.depth, *result.shape)) > LARGE


def _by_plane(result: Exportable) -> list[list[Instance]]:
    """Return the instances on each plane of the label images, in their order."""
    if not result.grid.depth:
        return [list(result.instances)]
    held: dict[tuple[int, ...], list[Instance]] = {plane: [] for plane in result.grid.planes}
    for instance in result.instances:
        if instance.plane in held:
            held[instance.plane].append(instance)
    return list(held.values())


def _with_written(error: ExportError, written: Sequence[Path]) -> ExportError:
    if not written:
        return error
    done = ", ".join(path.name for path in written)
    return ExportError(error.happened, kept=f"{error.kept} Already written: {done}.", remedy=error.remedy)
