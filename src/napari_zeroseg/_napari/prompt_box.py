"""The box that a segmenter is asked with, as a rectangle that a person draws, moves and resizes."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import numpy as np
from napari.layers import Shapes

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from numpy.typing import NDArray

    from napari_zeroseg.core.mask import Box
    from napari_zeroseg.session.state import Draft

BOX = "Prompt box"
EDGE, FACE = "#2ecc40", "#2ecc4018"
EDGE_SHARE = 0.015  # of the box's longer side, so that it is seen at every zoom at which the box is
SAME = 1e-6  # pixels


class PromptBox:
    """A Shapes layer with the draft's box; what a person does to it comes as calls.

    Parameters
    ----------
    ndim : int
        Of the image, without a colour axis.
    on_draw : callable
        Gets the box (x0, y0, x1, y1) in pixels that a person drew, moved or resized, and None
        when she deleted it.
    transform : dict
        Where the image lies, as arguments of a layer.
    """

    def __init__(self, ndim: int, on_draw: Callable[[Box | None], None], transform: dict[str, Any]) -> None:
        self._on_draw = on_draw
        self._writing = False
        self.layer = Shapes(
            ndim=ndim, name=BOX, edge_color=EDGE, face_color=FACE, shape_type="rectangle", **transform
        )
        self.layer.events.data.connect(self._on_layer_data)

    def close(self) -> None:
        """Leave no callback behind."""
        self.layer.events.data.disconnect(self._on_layer_data)

    def show(self, draft: Draft | None) -> None:
        """Show the draft's box, whatever the layer holds."""
        box = draft.prompt.box if draft is not None else None
        wanted = [] if draft is None or box is None else [_corners(box, draft.plane)]
        if self._holds(wanted):
            return
        with self._written():
            self.layer.selected_data = set()
            self.layer.data = []
            if box is not None:
                width = max(box[2] - box[0], box[3] - box[1]) * EDGE_SHARE
                self.layer.add_rectangles(wanted, edge_width=width, edge_color=EDGE, face_color=FACE)
                self.layer.selected_data = {0}  # so that Delete means it

    def _holds(self, wanted: list[NDArray[np.float64]]) -> bool:
        held = self.layer.data
        return len(held) == len(wanted) and all(
            a.shape == b.shape and np.allclose(a.min(0), b.min(0), atol=SAME)
            and np.allclose(a.max(0), b.max(0), atol=SAME) and _upright(a)
            for a, b in zip(held, wanted, strict=True)
        )  # fmt: skip

    @contextmanager
    def _written(self) -> Iterator[None]:
        self._writing = True
        try:
            yield
        finally:
            self._writing = False

    def draw(self) -> None:
        """Let the mouse draw a box."""
        self.layer.mode = "add_rectangle"

    def draw_or_adjust(self) -> None:
        """Let the mouse move and resize the box that is there; once more, draw another one."""
        if self.layer.mode == "add_rectangle" and len(self.layer.data):
            self.layer.mode = "select"
            self.layer.selected_data = {0}
        else:
            self.draw()

    def _on_layer_data(self, event: Any) -> None:
        if self._writing or str(event.action.value) not in ("added", "removed", "changed"):
            return
        shapes = self.layer.data
        self._on_draw(_bounds(shapes[-1]) if len(shapes) else None)


def _corners(box: Box, plane: tuple[int, ...]) -> NDArray[np.float64]:
    """Return a box as a rectangle of a layer, where (0, 0) is the middle of the first pixel."""
    x0, y0, x1, y1 = (side - 0.5 for side in box)
    return np.array([(*plane, y, x) for y, x in ((y0, x0), (y0, x1), (y1, x1), (y1, x0))], float)


def _bounds(corners: NDArray[np.float64]) -> Box:
    (y0, x0), (y1, x1) = corners[:, -2:].min(axis=0) + 0.5, corners[:, -2:].max(axis=0) + 0.5
    return float(x0), float(y0), float(x1), float(y1)


def _upright(corners: NDArray[np.float64]) -> bool:
    sides = np.abs(np.diff(corners[:, -2:], axis=0))
    return bool((sides.min(axis=1) < SAME).all())
