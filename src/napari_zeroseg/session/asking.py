"""Asks a segmenter about one object: in a small image as a whole, in a large one around the prompts.

A segmenter sees a window of a large plane at full resolution. Windows lie on a grid, so that
clicks near each other share one embedding, and a click costs the same in planes of any size. An
object that does not fit into a window is looked at in the next larger one; from
:data:`FINEST` pixels on those are read at a lower resolution, which bounds memory.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from itertools import count
from typing import TYPE_CHECKING

import numpy as np

from napari_zeroseg.core.mask import Box, Logits, Mask

if TYPE_CHECKING:
    from collections.abc import Iterator

    from napari_zeroseg.backends.roles import Embedding, Segmenter
    from napari_zeroseg.core.image import Plane
    from napari_zeroseg.core.prompt import Prompt
    from napari_zeroseg.session.source import ImageSource

WHOLE = 1536
"""Planes whose sides are no longer are looked at as a whole."""
SIDE = 1024
"""Of the smallest window in pixels: what the models of the SAM family see at full resolution."""
FINEST = 2048
"""Windows with a longer side are read at a lower resolution."""
MARGIN = 1 / 8
"""Part of a window's side that stays free around the prompts, unless the plane ends there."""

Span = tuple[int, int]
"""First and last pixel along an axis, the last one exclusive."""


@dataclass(frozen=True, slots=True)
class View:
    """A window of a plane, seen at one pixel for ``step`` × ``step`` of its own."""

    rows: Span
    cols: Span
    step: int = 1

    @property
    def slices(self) -> tuple[slice, slice]:
        return slice(*self.rows), slice(*self.cols)

    def within(self, prompt: Prompt) -> Prompt:
        """Return a prompt of the plane in the view's pixels."""
        y0, x0, step = self.rows[0], self.cols[0], self.step
        points = tuple(
            replace(p, x=(p.x - x0 + 0.5) / step - 0.5, y=(p.y - y0 + 0.5) / step - 0.5)
            for p in prompt.points
        )
        box = prompt.box and _scaled(prompt.box, x0, y0, step)
        return replace(prompt, points=points, box=box, mask=prompt.mask and self._seen(prompt.mask))

    def _seen(self, mask: Mask) -> Mask:
        if self.step == 1:
            return Mask((mask.origin[0] - self.rows[0], mask.origin[1] - self.cols[0]), mask.pixels)
        middle = self.step // 2
        return Mask.from_plane(mask.within(self.slices)[middle :: self.step, middle :: self.step])

    def outside(self, answer: Logits) -> Logits:
        """Return an answer in the view's pixels as one on the plane."""
        origin = (
            answer.origin[0] * self.step + self.rows[0],
            answer.origin[1] * self.step + self.cols[0],
        )
        if self.step == 1 or not answer.values.size:
            return replace(answer, origin=origin)
        from scipy.ndimage import zoom

        values = zoom(answer.values, self.step, order=1, mode="nearest", grid_mode=True)
        height, width = self.rows[1] - origin[0], self.cols[1] - origin[1]
        return replace(answer, origin=origin, values=np.ascontiguousarray(values[:height, :width]))


def answer(segmenter: Segmenter, source: ImageSource, prompt: Prompt) -> Logits:
    """Return the mask that a prompt means, in the plane's pixels; called on the models' thread.

    Where the object is cut off by the view, it is asked for once more in one that holds it.
    """
    if max(source.shape) <= WHOLE:
        return segmenter.segment(embedding_of(segmenter, source, None), [prompt])[0]
    bounds = _bounds(prompt)
    view = view_of(bounds, source.shape)
    found = _answer_in(view, segmenter, source, prompt)
    mask = found.mask()
    if not mask.area or _fits(view, mask.box, source.shape, margin=0):
        return found
    box = _meant(mask, prompt)
    if _fits(view, box, source.shape, margin=0):
        return found  # specks at the border are no reason to encode a larger window
    return _answer_in(view_of(_joined(bounds, box), source.shape), segmenter, source, prompt)


def _meant(mask: Mask, prompt: Prompt) -> Box:
    """Return the bounds of the parts of a mask that positive points lie in; of all where there are none."""
    from scipy.ndimage import find_objects, label

    parts, _ = label(mask.pixels)
    (y0, x0), (height, width) = mask.origin, mask.pixels.shape
    places = ((round(p.y) - y0, round(p.x) - x0) for p in prompt.positives)
    chosen = {int(parts[y, x]) for y, x in places if 0 <= y < height and 0 <= x < width} - {0}
    found = find_objects(parts)
    boxes = [
        (x0 + c.start, y0 + r.start, x0 + c.stop, y0 + r.stop) for r, c in (found[n - 1] for n in chosen)
    ]
    return _joined(*boxes) if boxes else mask.box


def _answer_in(view: View, segmenter: Segmenter, source: ImageSource, prompt: Prompt) -> Logits:
    embedding = embedding_of(segmenter, source, view)
    return view.outside(segmenter.segment(embedding, [view.within(prompt)])[0])


def embedding_of(segmenter: Segmenter, source: ImageSource, view: View | None) -> Embedding:
    """Return the embedding of a view, None for the whole plane."""
    return segmenter.embed(source.pixels if view is None else pixels_of(source, view))


# which window


def view_of(bounds: Box, shape: tuple[int, int]) -> View:
    """Return the smallest view on the grid that holds bounds (x0, y0, x1, y1) with a margin."""
    return next(view for view in _around(bounds, shape) if _fits(view, bounds, shape, MARGIN))


def nearby(prompt: Prompt, shape: tuple[int, int]) -> list[View | None]:
    """Return the view that a prompt is asked in, then the smallest ones around it; None for the plane."""
    if max(shape) <= WHOLE:
        return [None]
    view = view_of(_bounds(prompt), shape)
    (y0, y1), (x0, x1) = view.rows, view.cols
    steps = ((0, SIDE // 2), (SIDE // 2, 0), (0, -SIDE // 2), (-SIDE // 2, 0))
    middles = (((y0 + y1) / 2 + y, (x0 + x1) / 2 + x) for y, x in steps)
    around = (next(_around((x, y, x, y), shape)) for y, x in middles)
    return list(dict.fromkeys((view, *around)))


def _around(bounds: Box, shape: tuple[int, int]) -> Iterator[View]:
    """Yield for ever larger sides the view on the grid whose middle is nearest; the last is the plane."""
    x0, y0, x1, y1 = bounds
    for level in count():
        side = SIDE << level
        rows, cols = _span((y0 + y1) / 2, side, shape[0]), _span((x0 + x1) / 2, side, shape[1])
        yield View(rows, cols, max(1, side // FINEST))


def _span(center: float, side: int, length: int) -> Span:
    if side >= length:
        return 0, length
    start = round((center - side / 2) / (side / 2)) * (side // 2)
    start = min(max(start, 0), length - side)
    return start, start + side


def _fits(view: View, bounds: Box, shape: tuple[int, int], margin: float) -> bool:
    """Say whether bounds lie in a view, and beside its inner borders by a part of its side."""
    x0, y0, x1, y1 = bounds
    axes = ((view.rows, y0, y1, shape[0]), (view.cols, x0, x1, shape[1]))
    return all(
        (start == 0 or start + max(margin * (stop - start), 1) <= low)
        and (stop == length or high <= stop - max(margin * (stop - start), 1))
        for (start, stop), low, high, length in axes
    )


def _bounds(prompt: Prompt) -> Box:
    """Return the smallest box around points, box and prior mask; not empty."""
    boxes = [(p.x, p.y, p.x + 1, p.y + 1) for p in prompt.points]
    boxes += [prompt.box] if prompt.box is not None else []
    boxes += [prompt.mask.box] if prompt.mask is not None and prompt.mask.area else []
    return _joined(*boxes)


def _joined(*boxes: Box) -> Box:
    lows, highs = [b[:2] for b in boxes], [b[2:] for b in boxes]
    (x0, y0), (x1, y1) = np.min(lows, axis=0).tolist(), np.max(highs, axis=0).tolist()
    return x0, y0, x1, y1


def _scaled(box: Box, x0: int, y0: int, step: int) -> Box:
    return (box[0] - x0) / step, (box[1] - y0) / step, (box[2] - x0) / step, (box[3] - y0) / step


# what is seen in it


def pixels_of(source: ImageSource, view: View) -> Plane:
    """Return what a view shows, float32 (h, w, 3); read once for the latest views, and read-only."""
    return source.parts.of(view, lambda: _read(source, view))


def _read(source: ImageSource, view: View) -> Plane:
    if view.step == 1:
        pixels = np.array(source.window(view.slices))
    else:
        pixels = np.vstack([np.hstack(row) for row in _reduced(source, view)])
    pixels.setflags(write=False)  # so that its digest need not be made again
    return pixels


def _reduced(source: ImageSource, view: View) -> Iterator[list[Plane]]:
    """Yield rows of averaged parts; only one part is in memory at full resolution."""
    for top in range(*view.rows, FINEST):
        rows = slice(top, min(top + FINEST, view.rows[1]))
        lefts = range(*view.cols, FINEST)
        parts = (slice(left, min(left + FINEST, view.cols[1])) for left in lefts)
        yield [_averaged(source.window((rows, cols)), view.step) for cols in parts]


def _averaged(pixels: Plane, step: int) -> Plane:
    height, width, colors = pixels.shape
    rim = ((0, -height % step), (0, -width % step), (0, 0))
    blocks = np.pad(pixels, rim, mode="edge").reshape(-(-height // step), step, -1, step, colors)
    return np.asarray(blocks.mean(axis=(1, 3), dtype=np.float32))
