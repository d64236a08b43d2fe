"""The layers of the object that is being drawn, and a person's work on them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from napari_zeroseg._napari.draft_layers import DraftPreview, PromptPoints
from napari_zeroseg._napari.prompt_box import PromptBox
from napari_zeroseg.core.errors import OutsideError, ZeroSegError
from napari_zeroseg.session.hand import Tool

if TYPE_CHECKING:
    from collections.abc import Callable

    from napari.layers import Layer

    from napari_zeroseg._napari.shelf import Shelf
    from napari_zeroseg.core.mask import Box
    from napari_zeroseg.core.prompt import Point
    from napari_zeroseg.session.session import Session
    from napari_zeroseg.session.state import Draft


class Drawing:
    """A preview of the draft, its points and its box.

    The layers stay between two objects, because it takes napari longer to remove a layer than
    a person takes to click. That of the box comes with the first box.
    """

    def __init__(self, session: Session, shelf: Shelf) -> None:
        self._session = session
        self._shelf = shelf
        self._preview: DraftPreview | None = None
        self._prompts: PromptPoints | None = None
        self._box: PromptBox | None = None
        self._active = False
        self._tool = Tool.POINTS
        self._selected_before: set[Layer] = set()

    @property
    def _views(self) -> tuple[DraftPreview | PromptPoints | PromptBox, ...]:
        return tuple(view for view in (self._preview, self._prompts, self._box) if view is not None)

    @property
    def layers(self) -> tuple[Layer, ...]:
        """The layers, none before the first draft."""
        return tuple(view.layer for view in self._views)

    def show(self, draft: Draft | None) -> None:
        """Show the draft, or nothing."""
        if draft is not None:
            self._begin()
            if draft.prompt.box is not None:
                self._box_layer()
        for view in self._views:
            view.show(draft)
        if draft is None:
            self._end()

    def _begin(self) -> None:
        if self._preview is None or self._prompts is None:
            self._preview, self._prompts = self._build()
        if not self._active:
            self._active = True
            self._selected_before = self._shelf.selected().difference(self.layers)
            self._take_tool()

    def _end(self) -> None:
        if self._active:
            self._active = False
            if not self._shelf.selected().isdisjoint(self.layers):
                self._shelf.select(self._selected_before)

    def _build(self) -> tuple[DraftPreview, PromptPoints]:
        shape, transform = self._shelf.shape, self._shelf.transform()
        preview = DraftPreview(shape, transform)
        prompts = PromptPoints(
            shape, self._on_add, self._on_change, self._on_stroke, self._session.hand, transform
        )
        self._shelf.put(preview.layer)
        self._shelf.put(prompts.layer)
        return preview, prompts

    def _box_layer(self) -> PromptBox:
        if self._box is None:
            self._box = PromptBox(len(self._shelf.shape), self._on_box, self._shelf.transform())
            assert self._prompts is not None
            self._shelf.put(self._box.layer, below=[self._prompts.layer])
        return self._box

    def close(self) -> None:
        """Take the layers away."""
        self._end()
        views, self._preview, self._prompts, self._box = self._views, None, None, None
        for view in views:
            if not isinstance(view, DraftPreview):
                view.close()
            self._shelf.take(view.layer)

    # the tools

    def follow_hand(self) -> None:
        """Give the mouse the tool that was chosen, while something is drawn."""
        if self._active and self._session.hand.tool is not self._tool:
            self._take_tool()

    def _take_tool(self) -> None:
        self._tool = self._session.hand.tool
        assert self._prompts is not None
        if self._tool is Tool.BOX:
            box = self._box_layer()
            self._shelf.select([box.layer])
            box.draw()
        else:
            self._shelf.select([self._prompts.layer])
            self._prompts.draw()

    def draw_box(self) -> None:
        """Take the box in hand; where it is in hand, go between drawing and moving it."""
        hand = self._session.hand
        if self._active and self._box is not None and hand.tool is Tool.BOX:
            self._shelf.select([self._box.layer])
            self._box.draw_or_adjust()
        hand.take(Tool.BOX)

    def flip(self) -> None:
        """Change the sign of the selected points, else of the next prompts."""
        if self._prompts is None or not self._prompts.flip_selected():
            self._session.hand.flip()

    # from a person to the session

    def _on_add(self, points: tuple[Point, ...]) -> None:
        self._attempt(lambda: self._session.set_points((*self._points(), *points), _added(points)))

    def _on_stroke(self, places: list[tuple[float, float]], positive: bool) -> None:
        self._attempt(lambda: self._session.scribble(places, positive=positive))

    def _on_box(self, box: Box | None) -> None:
        self._attempt(lambda: self._session.draw_box(box))

    def _on_change(self, points: tuple[Point, ...]) -> None:
        self._attempt(lambda: self._session.set_points(points))

    def _points(self) -> tuple[Point, ...]:
        draft = self._session.state.draft
        return draft.prompt.points if draft is not None else ()

    def _attempt(self, action: Callable[[], None]) -> None:
        """Do what a person drew, for which an object begins where none is drawn."""
        try:
            if self._session.state.draft is None:
                self._session.begin_next()
            action()
        except OutsideError as refused:
            self._session.noticed.emit(str(refused))
        except ZeroSegError as problem:
            self._session.problem_raised.emit(problem)
        else:
            return
        self._restore()

    def _restore(self) -> None:
        for view in self._views:
            view.show(self._session.state.draft)


def _added(points: tuple[Point, ...]) -> str:
    if len(points) > 1:
        return "Add points"
    return "Add point" if points[0].positive else "Add negative point"
