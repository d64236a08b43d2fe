"""What is being drawn: a preview of the mask and the points that it is asked with."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from napari.layers import Labels, Points
from napari.utils import CyclicLabelColormap

from napari_zeroseg._napari.repaint import repaint
from napari_zeroseg._napari.stroke import follow_stroke
from napari_zeroseg.core.instance import Combination
from napari_zeroseg.core.prompt import Point
from napari_zeroseg.session.hand import Tool

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from numpy.typing import NDArray

    from napari_zeroseg.core.mask import Mask
    from napari_zeroseg.session.hand import Hand
    from napari_zeroseg.session.state import Draft

    Window = tuple[slice, slice]

DRAFT = "Draft"
PROMPTS = "Prompts"
DRAFT_COLOR = (0.0, 0.9, 1.0, 0.6)
AWAY_COLOR = (1.0, 0.25, 0.2, 0.6)  # of what is to be taken away
LOOKS = {True: ("disc", "#2ecc40"), False: ("cross", "#ff4136")}
"""Symbol and colour of positive and negative points."""
RIGHT_BUTTON = 2
MARK_SHARE = 0.02  # of the image's longer side; within this napari picks a point
MARK_LIMITS = (2, 11)  # screen pixels: small, because what it marks can be small


class DraftPreview:
    """A Labels layer with the draft's mask; it changes with every click, too quickly for a thumbnail."""

    def __init__(self, shape: tuple[int, ...], transform: dict[str, Any]) -> None:
        colormap = CyclicLabelColormap(colors=np.array([[0, 0, 0, 0], DRAFT_COLOR, AWAY_COLOR], np.float32))
        self.layer = Labels(np.zeros(shape, np.uint8), name=DRAFT, colormap=colormap, **transform)
        self.layer.editable = False
        self._plane: tuple[int, ...] = ()
        self._mask: Mask | None = None

    def show(self, draft: Draft | None) -> None:
        """Show the draft's mask, or nothing while there is none."""
        mask, plane = (draft.mask, draft.plane) if draft is not None else (None, self._plane)
        if mask is self._mask and plane == self._plane:
            return
        self._fill(0)
        self._repaint()
        self._mask, self._plane = mask, plane
        away = draft is not None and draft.combination is Combination.SUBTRACTED
        self._fill(2 if away else 1)
        self._repaint()

    def _fill(self, value: int) -> None:
        if self._mask is not None:
            window = self.layer.data[(*self._plane, *self._mask.slices)]
            window[self._mask.pixels] = value

    def _repaint(self) -> None:
        if self._mask is not None and self._mask.pixels.size:
            repaint(self.layer, self._plane, self._mask.slices, thumbnail=False)


class PromptPoints:
    """A Points layer with the draft's points; what a person does to it comes as calls.

    Parameters
    ----------
    shape : tuple of int
        Of the image, without a colour axis.
    on_add : callable
        Gets the points that a person clicked.
    on_change : callable
        Gets all points after a person moved, flipped or deleted some.
    on_stroke : callable
        Gets the places (x, y) that a stroke went through, and its sign.
    hand : Hand
        Says whether the mouse draws strokes, and whether the next prompt means "object".
    transform : dict
        Where the image lies, as arguments of a layer.
    """

    def __init__(
        self,
        shape: tuple[int, ...],
        on_add: Callable[[tuple[Point, ...]], None],
        on_change: Callable[[tuple[Point, ...]], None],
        on_stroke: Callable[[list[tuple[float, float]], bool], None],
        hand: Hand,
        transform: dict[str, Any],
    ) -> None:
        self._on_add, self._on_change, self._on_stroke = on_add, on_change, on_stroke
        self._hand = hand
        self._plane_shape = (shape[-2], shape[-1])
        self._stroke_end: tuple[float, float] | None = None
        self._points: tuple[Point, ...] = ()
        self._plane: tuple[int, ...] = ()
        self._right_button = False
        self.layer = Points(
            np.empty((0, len(shape))),
            name=PROMPTS,
            symbol=LOOKS[True][0],
            face_color=LOOKS[True][1],
            size=max(4.0, MARK_SHARE * max(shape[-2:])),
            border_color="white",
            border_width=0.15,
            **transform,
        )
        # about the same size on the screen at every zoom; the lower limit is the border's too
        self.layer.canvas_size_limits = MARK_LIMITS
        # napari's own would put the point among its points first and ask then: one outside the image
        # makes the viewer larger, and draws every layer anew, before it is refused
        setattr(self.layer, "add", self._on_click)  # noqa: B010
        self.layer.mouse_drag_callbacks.insert(0, self._on_mouse_drag)
        self.layer.events.data.connect(self._on_layer_data)
        self.layer.events.mode.connect(self._hold_camera)

    def close(self) -> None:
        """Leave no callback behind."""
        self.layer.events.mode.disconnect(self._hold_camera)
        self.layer.events.data.disconnect(self._on_layer_data)
        self.layer.mouse_drag_callbacks.remove(self._on_mouse_drag)

    # from the session to the layer

    def show(self, draft: Draft | None) -> None:
        """Show the draft's points, whatever the layer holds."""
        self._points, self._plane = (draft.prompt.points, draft.plane) if draft is not None else ((), ())
        self._put(self._points)

    def _put(self, points: tuple[Point, ...]) -> None:
        wanted = np.array([(*self._plane, p.y, p.x) for p in points], float)
        wanted = wanted.reshape(-1, self.layer.ndim)
        signs = [p.positive for p in points]
        if not np.array_equal(wanted, self.layer.data):
            self._drop_selected(len(wanted))
            if signs:
                self._look_next(signs[-1])
            # nobody need hear of it: the image stays as large as it is, which napari would find out anew
            with self.layer.events.data.blocker():
                self.layer.data = wanted
        if signs != self._signs:
            self._mark(signs)

    def _drop_selected(self, count: int) -> None:
        """Unselect points that are gone: napari keeps their numbers, and stumbles over them."""
        there = {index for index in self.layer.selected_data if index < count}
        if there != set(self.layer.selected_data):
            self.layer.selected_data = there

    def _look_next(self, positive: bool) -> None:
        """Let points that are added look as they should at once: to change looks takes napari long."""
        symbol, color = LOOKS[positive]
        if str(self.layer.current_symbol) != symbol:
            with self.layer.block_update_properties():
                self.layer.current_symbol, self.layer.current_face_color = symbol, color

    @property
    def _signs(self) -> list[bool]:
        """The signs that the points in the layer are shown with."""
        return [str(symbol) == LOOKS[True][0] for symbol in self.layer.symbol]

    def _mark(self, signs: list[bool]) -> None:
        looks = [LOOKS[positive] for positive in signs]
        self.layer.symbol = [symbol for symbol, _ in looks]
        self.layer.face_color = [color for _, color in looks]

    def draw(self) -> None:
        """Let the mouse draw points, or strokes."""
        self.layer.mode = "add"
        self._hold_camera()

    def _hold_camera(self, _event: Any = None) -> None:
        if self.layer.mode == "add":
            self.layer.mouse_pan = self._hand.tool is not Tool.SCRIBBLE

    # from the layer to the session

    def flip_selected(self) -> bool:
        """Change the sign of the selected points; False where none is selected by a person."""
        chosen = self.layer.selected_data
        if self.layer.mode != "select" or not chosen:
            return False  # while points are added the next one is meant, whatever is selected still
        self._on_change(
            tuple(
                Point(p.x, p.y, p.positive is not (index in chosen)) for index, p in enumerate(self._points)
            )
        )
        return True

    def _on_mouse_drag(self, layer: Points, event: Any) -> Iterator[None]:
        self._right_button = event.button == RIGHT_BUTTON
        self._stroke_end = None
        if self._hand.tool is Tool.SCRIBBLE and layer.mode == "add":
            yield from follow_stroke(layer, event, self._show_stroke, self._end_stroke)

    @property
    def _sign(self) -> bool:
        return self._hand.positive and not self._right_button

    def _on_click(self, coords: NDArray[np.floating[Any]]) -> None:
        rows = np.atleast_2d(coords)[:, -2:]
        sign, self._right_button = self._sign, False
        if not self._ends_stroke(rows[-1]):
            self._on_add(tuple(Point(float(x), float(y), sign) for y, x in rows))

    def _show_stroke(self, places: list[tuple[float, float]]) -> None:
        drawn = (Point(x, y, self._sign) for x, y in places)
        self._put((*self._points, *(point for point in drawn if point.within(self._plane_shape))))

    def _end_stroke(self, places: list[tuple[float, float]]) -> None:
        self._put(self._points)
        self._stroke_end = places[-1]
        self._on_stroke(places, self._sign)

    def _on_layer_data(self, event: Any) -> None:
        if str(event.action.value) not in ("added", "removed", "changed"):
            return
        gone = set(event.data_indices) if event.action.value == "removed" else set()
        signs = [p.positive for i, p in enumerate(self._points) if i not in gone]
        rows = self.layer.data[:, -2:]
        signs += [self._hand.positive] * len(rows)  # of those that were pasted, or set by a script
        self._on_change(
            tuple(Point(float(x), float(y), positive) for (y, x), positive in zip(rows, signs, strict=False))
        )

    def _ends_stroke(self, row: NDArray[np.floating[Any]]) -> bool:
        """Say whether napari takes the end of a stroke for a click: it does where the stroke began."""
        return self._stroke_end == (float(row[1]), float(row[0]))
