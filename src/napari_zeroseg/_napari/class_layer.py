"""One Labels layer that shows, and lets a person paint, the instances of one class."""

from __future__ import annotations

from collections import defaultdict
from contextlib import contextmanager
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np
from napari.layers import Labels
from napari.utils import CyclicLabelColormap

from napari_zeroseg._napari.label_data import empty_labels, widened
from napari_zeroseg._napari.repaint import recolor, repaint
from napari_zeroseg._napari.shades import instance_colors
from napari_zeroseg.core.compose import instance_labels
from napari_zeroseg.core.mask import Mask

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence

    from numpy.typing import NDArray

    from napari_zeroseg.core.instance import Instance

    Window = tuple[slice, slice]
    Plane = tuple[int, ...]


class ClassLayer:
    """A view of the instances of one class on all planes of an image.

    Parameters
    ----------
    name : str
        The class.
    shape : tuple of int
        Of the image, without a colour axis.
    on_paint : callable
        Gets this object, the plane and the window of a person's stroke.
    on_choose : callable
        Gets the class and the id of the instance that a person picked, None for one not there.
    transform : dict
        Where the image lies, as arguments of a layer.
    """

    def __init__(
        self,
        name: str,
        shape: tuple[int, ...],
        on_paint: Callable[[ClassLayer, Plane, Window], None],
        on_choose: Callable[[str, int | None], None],
        transform: dict[str, Any],
    ) -> None:
        self.name = name
        self._on_paint, self._on_choose = on_paint, on_choose
        self._instances: tuple[Instance, ...] = ()
        self._writing = False
        self._stroke: tuple[Plane, Window] | None = None
        self._label = 1
        self._brushed = 0
        # 16 bits: napari maps them to colours on the graphics card, wider ones on the CPU
        self.layer = Labels(empty_labels(shape), name=name, **transform)
        self.layer.events.paint.connect(self._on_layer_paint)
        self.layer.events.labels_update.connect(self._on_layer_labels_update)
        self.layer.events.selected_label.connect(self._on_layer_selected_label)
        self.layer.events.n_edit_dimensions.connect(self._on_layer_n_edit_dimensions)

    def close(self) -> None:
        """Leave the layer to the user."""
        self.layer.events.paint.disconnect(self._on_layer_paint)
        self.layer.events.labels_update.disconnect(self._on_layer_labels_update)
        self.layer.events.selected_label.disconnect(self._on_layer_selected_label)
        self.layer.events.n_edit_dimensions.disconnect(self._on_layer_n_edit_dimensions)

    @property
    def empty(self) -> bool:
        """Whether there is nothing to see."""
        return not self._instances

    # from the session to the layer

    def show(self, instances: tuple[Instance, ...], color: str) -> None:
        """Show these instances; only where they differ from the ones before is painted."""
        before, self._instances = self._instances, instances
        self._widen(max((i.id for i in instances), default=0))
        self._recolor(color)
        for plane, window in _changed_windows(before, instances):
            self.repaint(plane, window)
        if before != instances:
            self._describe()
            self._offer_label()

    def repaint(self, plane: Plane, window: Window) -> None:
        """Make a window of the layer what the instances say."""
        wanted = labels_in_window(self._instances, plane, window).astype(self.layer.data.dtype)
        if not np.array_equal(self.layer.data[(*plane, *window)], wanted):
            self.layer.data[(*plane, *window)] = wanted
            with self._written():
                repaint(self.layer, plane, window)

    @contextmanager
    def _written(self) -> Iterator[None]:
        self._writing = True
        try:
            yield
        finally:
            self._writing = False

    def _widen(self, highest: int) -> None:
        if highest > np.iinfo(self.layer.data.dtype).max:
            self.layer.data = widened(self.layer.data)

    def _recolor(self, color: str) -> None:
        highest = max((i.id for i in self._instances), default=0)
        open_ids = {i.id for i in self._instances if not i.locked}
        # a label has one colour on all planes: that of the least certain of them
        locked = {i.id for i in self._instances} - open_ids
        table = instance_colors(color, locked, highest)
        if not np.array_equal(table, self.layer.colormap.colors):
            recolor(self.layer, CyclicLabelColormap(colors=table))

    def _describe(self) -> None:
        # one row for each object, of its least certain plane
        least = {i.id: i for i in sorted(self._instances, key=_certainty, reverse=True)}
        ranked = [least[number] for number in sorted(least)]
        # napari looks a label up in the column "index"; background has no row
        self.layer.features = {
            "index": np.array([i.id for i in ranked], int),
            "state": [str(i.state) for i in ranked],
            "score": np.round([i.score for i in ranked], 3),
        }

    def _offer_label(self) -> None:
        """Let the brush draw a new object, unless a person has chosen or brushed the label."""
        ids = {i.id for i in self._instances}
        if self.layer.selected_label in ids - {self._brushed}:
            self._label = max(ids) + 1
            self.layer.selected_label = self._label

    # from the layer to the session

    def _on_layer_paint(self, event: Any) -> None:
        if not self._writing:
            *plane, rows, cols = _bounds(event.value)
            self._stroke = tuple(s.start for s in plane), (rows, cols)
            self._report()

    def _on_layer_labels_update(self) -> None:
        if not self._writing:
            self._report()

    def _report(self) -> None:
        """Report a stroke once its pixels are there.

        napari announces a stroke of the mouse after it has drawn it, but one from code or the
        polygon tool before, and the pixels follow with the next update.
        """
        if self._stroke is None:
            return
        plane, window = self._stroke
        known = labels_in_window(self._instances, plane, window)
        if (self.layer.data[(*plane, *window)] != known).any():
            self._stroke = None
            self._brushed = self.layer.selected_label
            self._on_paint(self, plane, window)

    def _on_layer_selected_label(self) -> None:
        label = self.layer.selected_label
        if label != self._label:  # napari announces the same label with each new colormap
            self._label = self._brushed = label
            there = any(i.id == label for i in self._instances)
            self._on_choose(self.name, label if there else None)

    def _on_layer_n_edit_dimensions(self) -> None:
        # an instance lies on one plane; napari announces the same number too
        if self.layer.n_edit_dimensions != 2:
            self.layer.n_edit_dimensions = 2


def labels_in_window(instances: Iterable[Instance], plane: Plane, window: Window) -> NDArray[np.int32]:
    """Return instance ids on a window of a plane, int32 of the window's shape."""
    (top, left), (height, width) = (s.start for s in window), (s.stop - s.start for s in window)
    parts = [
        replace(i, mask=part)
        for i in instances
        if i.plane == plane and (part := _cropped(i.mask, top, left, height, width)) is not None
    ]
    shape = (height, width)
    return instance_labels(parts, parts[0].name, shape) if parts else np.zeros(shape, np.int32)


def _cropped(mask: Mask, top: int, left: int, height: int, width: int) -> Mask | None:
    """Return the part of a mask in a window, relative to it; None where there is none."""
    (y, x), (h, w) = mask.origin, mask.pixels.shape
    y, x = y - top, x - left
    rows, cols = slice(max(0, -y), min(h, height - y)), slice(max(0, -x), min(w, width - x))
    if rows.start >= rows.stop or cols.start >= cols.stop:
        return None
    return Mask((max(0, y), max(0, x)), mask.pixels[rows, cols])


def _changed_windows(before: Sequence[Instance], after: Sequence[Instance]) -> Iterator[tuple[Plane, Window]]:
    """Yield for every plane the smallest window that holds all masks that came, went or changed."""
    same = {_shown_as(i) for i in before} & {_shown_as(i) for i in after}
    windows: dict[Plane, list[Window]] = defaultdict(list)
    for instance in (*before, *after):
        if _shown_as(instance) not in same:
            windows[instance.plane].append(instance.mask.slices)
    for plane, parts in windows.items():
        yield plane, (_union(rows for rows, _ in parts), _union(cols for _, cols in parts))


def _certainty(instance: Instance) -> tuple[bool, float]:
    return instance.locked, instance.score


def _shown_as(instance: Instance) -> tuple[int, Plane, int]:
    """Return what the pixels depend on; who answers for them changes the colours alone."""
    return instance.id, instance.plane, id(instance.mask)


def _union(slices: Iterable[slice]) -> slice:
    parts = list(slices)
    return slice(min(s.start for s in parts), max(s.stop for s in parts))


def _bounds(atoms: Iterable[Any]) -> list[slice]:
    """Return the smallest window, over all axes, that holds a stroke's changes.

    A change is a bounding box with a mask, or a tuple (indices, old values, new values).
    """
    boxes = [
        atom.slice_key
        if hasattr(atom, "slice_key")
        else [slice(int(np.min(axis)), int(np.max(axis)) + 1) for axis in atom[0]]
        for atom in atoms
    ]
    return [_union(axis) for axis in zip(*boxes, strict=True)]
