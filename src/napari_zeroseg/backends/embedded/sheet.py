"""Regions of a plane side by side on a sheet of their own, which costs no more than what they cover."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from scipy import ndimage as ndi

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    Labels = NDArray[np.int32]
    Window = tuple[slice, slice]


@dataclass(frozen=True, slots=True, eq=False)
class Sheet:
    """Some regions of a label plane side by side, none touching another.

    Parameters
    ----------
    labels : ndarray of int32, shape (h, w)
        The numbers that the regions have on the plane.
    windows : sequence of (tuple of slice, tuple of slice)
        Where each region's bounds lie on the plane, and where on the sheet.
    """

    labels: Labels
    windows: Sequence[tuple[Window, Window]]

    @classmethod
    def of(cls, plane: Labels, chosen: NDArray[np.intp]) -> Sheet:
        """Lay the chosen labels out in rows, the tallest first."""
        boxes = ndi.find_objects(plane)
        sources = sorted(
            ((boxes[i - 1], int(i)) for i in chosen), key=lambda item: item[0][0].start - item[0][0].stop
        )
        sizes = [(y.stop - y.start + 1, x.stop - x.start + 1) for (y, x), _ in sources]
        widest = max((w for _, w in sizes), default=0)
        width = max(widest, int(np.sqrt(sum(h * w for h, w in sizes)))) + 1
        windows, top, left, tall = [], 1, 1, 0
        for (source, _), (height, wide) in zip(sources, sizes, strict=True):
            if left + wide > width:
                top, left, tall = top + tall, 1, 0
            tall = max(tall, height)
            windows.append((source, (slice(top, top + height - 1), slice(left, left + wide - 1))))
            left += wide
        labels = np.zeros((top + tall, width), np.int32)
        for (source, place), (_, index) in zip(windows, sources, strict=True):
            np.copyto(labels[place], index, where=plane[source] == index)
        return cls(labels, windows)

    def laid(self, plane: NDArray[Any]) -> NDArray[Any]:
        """Return the values that a plane has in the regions as they lie on the sheet, 0 elsewhere."""
        out = np.zeros(self.labels.shape, plane.dtype)
        for source, place in self.windows:
            np.copyto(out[place], plane[source], where=self.labels[place] > 0)
        return out

    def taken(self, plane: Labels) -> NDArray[np.bool_]:
        """Say where on the sheet, within the bounds of a region, others lie on the plane."""
        out = np.zeros(self.labels.shape, bool)
        for source, place in self.windows:
            out[place] = (plane[source] > 0) & (self.labels[place] == 0)
        return out

    def put_back(self, values: NDArray[Any], plane: NDArray[Any]) -> None:
        """Write the values that the regions have on the sheet into a plane."""
        for source, place in self.windows:
            np.copyto(plane[source], values[place], where=self.labels[place] > 0)
