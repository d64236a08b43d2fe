"""What is in an image, as people have drawn it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from napari_zeroseg.core.errors import BadFileError
from napari_zeroseg.core.label_images import masks_of
from napari_zeroseg.evaluation.classes import IGNORED
from napari_zeroseg.export.images import open_image
from napari_zeroseg.export.png import read_png

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from numpy.typing import NDArray

    from napari_zeroseg.core.mask import Mask
    from napari_zeroseg.evaluation.classes import ClassList

    Values = NDArray[np.integer[Any]]


@dataclass(frozen=True, slots=True)
class Sample:
    """One image of a data set.

    Parameters
    ----------
    name : str
        What it is called, like no other of the data set.
    path : Path
        The image.
    values : Path or None
        Label file with a value for the class of each pixel.
    objects : Path or None
        Label file that tells objects apart. One of both is there.
    """

    name: str
    path: Path
    values: Path | None
    objects: Path | None = None

    @property
    def stem(self) -> str:
        """What no image of another data set is called."""
        return str(self.path)

    @property
    def files(self) -> tuple[Path, ...]:
        return tuple(path for path in (self.path, self.values, self.objects) if path is not None)


@dataclass(frozen=True, slots=True, eq=False)
class Truth:
    """What is in an image.

    Parameters
    ----------
    classes : ndarray of int16, shape (H, W)
        Places of classes in the list, IGNORED where nothing is known.
    objects : ndarray of int32, shape (H, W), or None
        Ids of objects, 0 elsewhere; None where none are told apart. Pixels of a class with objects that
        belong to none are a crowd, in which objects cannot be told apart.
    """

    classes: NDArray[np.int16]
    objects: NDArray[np.int32] | None

    def masks(self) -> Iterator[tuple[int, int, Mask]]:
        """Yield id, class and mask of each object: its class is that of most of its pixels."""
        assert self.objects is not None
        for number, mask in masks_of(self.objects):
            inside = self.classes[mask.slices][mask.pixels]
            yield number, int(np.bincount(inside).argmax()), mask


def voc_objects(values: Values) -> Values:
    """Return ids of the objects of Pascal VOC's files, in which 255 is void."""
    return np.where(values == 255, 0, values)


def cityscapes_objects(values: Values) -> Values:
    """Return ids of the objects of Cityscapes' files; smaller values are classes and groups."""
    return np.where(values >= 1000, values, 0)


def plain_objects(values: Values) -> Values:
    """Return ids as they are."""
    return values


def read_truth(sample: Sample, classes: ClassList, told_apart: Callable[[Values], Values] | None) -> Truth:
    """Read what is in an image.

    Parameters
    ----------
    sample : Sample
        The image.
    classes : ClassList
        What its values mean.
    told_apart : callable, optional
        Returns ids, 0 for none, of what the file with objects holds.

    Raises
    ------
    BadFileError
        When a file cannot be read, or the two do not fit together.
    """
    objects = None
    if sample.objects is not None and told_apart is not None:
        objects = told_apart(read_labels(sample.objects))
    if sample.values is None:
        assert objects is not None
        decoded = (objects > 0).astype(np.int16)  # a background and one class: checked with the folder
    else:
        decoded = classes.decoded(read_labels(sample.values))
    if objects is None:
        return Truth(decoded, None)
    if objects.shape != decoded.shape:
        raise BadFileError(
            f"The labels of '{sample.path.name}' have other sizes for classes {decoded.shape} and objects "
            f"{objects.shape}."
        )
    counted = (decoded != IGNORED) & classes.things[decoded]
    return Truth(decoded, np.where(counted, objects, 0).astype(np.int32))


def read_labels(path: Path) -> Values:
    """Read a label image: a PNG, whose palette is not looked at, or a TIFF.

    Raises
    ------
    BadFileError
        When it cannot be read or has colours.
    """
    if path.suffix.lower() == ".png":
        values = read_png(path)
    else:
        volume = open_image(path)
        values = np.asarray(volume.data) if not volume.rgb else np.zeros((0, 0, 3))
    if values.ndim != 2 or values.dtype.kind not in "iu":
        raise BadFileError(f"'{path.name}' is no label image: one whole number for each pixel.")
    return values
