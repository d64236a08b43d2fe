"""An image of any number of axes, in memory or on disk, with what its axes mean."""

from __future__ import annotations

from dataclasses import dataclass, field
from itertools import product
from typing import TYPE_CHECKING, Any

import numpy as np

from napari_zeroseg.core.axes import stacked
from napari_zeroseg.core.errors import BadImageError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import NDArray

    Window = tuple[slice, slice]


@dataclass(frozen=True, eq=False)
class Volume:
    """An array, its axes, and where it lies in space and time.

    Parameters
    ----------
    data : array
        Anything with ``shape``, ``dtype`` and indexing by integers and slices: numpy, zarr, dask.
    axes : str
        One letter per axis, see :mod:`napari_zeroseg.core.axes`. Axes that are neither C, Y, X
        nor S are stacked: each of their positions is a plane.
    scale : mapping of str to float
        Distance of two pixels along an axis, in its unit; axes that are not there have 1.
    units : mapping of str to str
        Unit per axis, such as "micrometer" or "second".
    channels : tuple of (str, str)
        What the file tells of its channels: name and colour ("#rrggbb"), either of them empty.
    """

    data: Any
    axes: str
    scale: Mapping[str, float] = field(default_factory=dict)
    units: Mapping[str, str] = field(default_factory=dict)
    channels: tuple[tuple[str, str], ...] = ()

    @property
    def rgb(self) -> bool:
        return "S" in self.axes

    @property
    def stack_axes(self) -> str:
        return stacked(self.axes)

    @property
    def depth(self) -> tuple[int, ...]:
        """How many planes there are along each stacked axis."""
        return tuple(n for a, n in zip(self.axes, self.data.shape, strict=True) if a not in "CYXS")

    @property
    def shape(self) -> tuple[int, int]:
        """(H, W) of a plane."""
        return self._size("Y"), self._size("X")

    @property
    def channel_count(self) -> int:
        return self._size("C") if "C" in self.axes else 1

    def grid(self, chosen: Mapping[str, int] | None = None) -> Grid:
        """Return the planes at chosen places along stacked axes; all of them along the others.

        Raises
        ------
        BadImageError
            When there is no such axis or place.
        """
        chosen = dict(chosen or {})
        sizes = dict(zip(self.stack_axes, self.depth, strict=True))
        for axis, place in chosen.items():
            if axis not in sizes:
                raise BadImageError(
                    f"The image has no planes along {axis}.",
                    remedy=f"Its planes lie along {', '.join(sizes) or 'no axis'}.",
                )
            if not 0 <= place < sizes[axis]:
                raise BadImageError(f"{axis}={place} is outside the image, which has {sizes[axis]} there.")
        kept = "".join(axis for axis in sizes if axis not in chosen)
        places = [[chosen[axis]] if axis in chosen else range(sizes[axis]) for axis in sizes]
        axes = f"{kept}YX"
        return Grid(
            axes,
            tuple(sizes[axis] for axis in kept),
            tuple(product(*places)),
            {axis: self.scale[axis] for axis in axes if axis in self.scale},
            {axis: self.units[axis] for axis in axes if axis in self.units},
        )

    def _size(self, axis: str) -> int:
        return int(self.data.shape[self.axes.index(axis)])

    def channel(self, number: int) -> Intensities:
        """Return one channel; 0 where there is no axis of channels."""
        return Intensities(self.data, self.axes, number if "C" in self.axes else None)


@dataclass(frozen=True)
class Grid:
    """The planes that results lie on, and where these lie in space and time.

    Parameters
    ----------
    axes : str
        Of a label image on these planes.
    depth : tuple of int
        Its sizes along all axes but rows and columns.
    planes : tuple of tuple of int
        The planes in the image, in the order of a label image; ``((),)`` for an image of one.
    scale, units : mapping
        As in :class:`Volume`.
    """

    axes: str = "YX"
    depth: tuple[int, ...] = ()
    planes: tuple[tuple[int, ...], ...] = ((),)
    scale: Mapping[str, float] = field(default_factory=dict)
    units: Mapping[str, str] = field(default_factory=dict)

    def at(self, plane: tuple[int, ...]) -> Grid:
        """Return the grid of one plane alone."""
        return Grid(
            planes=(plane,),
            scale={axis: size for axis, size in self.scale.items() if axis in "YX"},
            units={axis: unit for axis, unit in self.units.items() if axis in "YX"},
        )


ONE_PLANE = Grid()


@dataclass(frozen=True, eq=False)
class Intensities:
    """One channel of an image, or its colours, read plane by plane or window by window.

    Parameters
    ----------
    data : array
        As in :class:`Volume`.
    axes : str
        Likewise; letters of stacked axes may repeat, for only their order counts here.
    number : int or None
        Which position of the C axis is meant; None where there is none.
    """

    data: Any
    axes: str
    number: int | None = None

    @property
    def rgb(self) -> bool:
        return "S" in self.axes

    @property
    def dtype(self) -> np.dtype[Any]:
        dtype: np.dtype[Any] = np.dtype(self.data.dtype)
        return dtype

    @property
    def depth(self) -> tuple[int, ...]:
        return tuple(int(n) for a, n in zip(self.axes, self.data.shape, strict=True) if a not in "CYXS")

    @property
    def shape(self) -> tuple[int, ...]:
        """(H, W) of a plane, (H, W, samples) in colour."""
        return tuple(int(self.data.shape[self.axes.index(a)]) for a in self._plane_axes)

    @property
    def _plane_axes(self) -> str:
        return "YXS" if self.rgb else "YX"

    def read(self, plane: tuple[int, ...], window: Window | None = None) -> NDArray[Any]:
        """Return a plane, or a window of it: as stored, (h, w) or (h, w, samples).

        Raises
        ------
        BadImageError
            When the data cannot be read, because a file is damaged or gone, say.
        """
        try:
            part = np.asarray(self.data[self._index(plane, window)])
        # what reads lazily can fail in any way
        except Exception as error:
            raise BadImageError(f"The image could not be read; its file may be damaged ({error}).") from error
        order = [a for a in self.axes if a in self._plane_axes]
        return part.transpose([order.index(a) for a in self._plane_axes])

    def _index(self, plane: tuple[int, ...], window: Window | None) -> tuple[int | slice, ...]:
        rows, cols = window or (slice(None), slice(None))
        shown: dict[str, int | slice] = {"Y": rows, "X": cols, "S": slice(None)}
        if self.number is not None:
            shown["C"] = self.number
        places = iter(plane)
        return tuple(shown[a] if a in "CYXS" else next(places) for a in self.axes)
