"""The layers of the object that is being drawn, and a person's work on them."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from napari_zeroseg._napari.attempt import attempt
from napari_zeroseg._napari.draft_layers import DraftPreview, PromptPoints

if TYPE_CHECKING:
    from collections.abc import Callable

    from napari.layers import Layer

    from napari_zeroseg._napari.shelf import Shelf
    from napari_zeroseg.core.prompt import Point
    from napari_zeroseg.session.session import Session
    from napari_zeroseg.session.state import Draft


class Drawing:
    """A preview of the draft and its points.

    Both layers stay between two objects, because it takes napari longer to remove a layer than
    a person takes to click.
    """

    def __init__(self, session: Session, shelf: Shelf) -> None:
        self._session = session
        self._shelf = shelf
        self._preview: DraftPreview | None = None
        self._prompts: PromptPoints | None = None
        self._active = False
        self._selected_before: set[Layer] = set()

    @property
    def layers(self) -> tuple[Layer, ...]:
        """The layers, none before the first draft."""
        return tuple(view.layer for view in (self._preview, self._prompts) if view is not None)

    def show(self, draft: Draft | None) -> None:
        """Show the draft, or nothing."""
        if draft is not None:
            self._begin()
        for view in (self._preview, self._prompts):
            if view is not None:
                view.show(draft)
        if draft is None:
            self._end()

    def _begin(self) -> None:
        if self._preview is None or self._prompts is None:
            self._preview, self._prompts = self._build()
        if not self._active:
            self._active = True
            self._selected_before = self._shelf.selected().difference(self.layers)
            self._shelf.select(self.layers[1:])
            self._prompts.layer.mode = "add"

    def _end(self) -> None:
        if self._active:
            self._active = False
            if not self._shelf.selected().isdisjoint(self.layers):
                self._shelf.select(self._selected_before)

    def _build(self) -> tuple[DraftPreview, PromptPoints]:
        shape, transform = self._shelf.shape, self._shelf.transform()
        preview = DraftPreview(shape, transform)
        prompts = PromptPoints(
            shape, self._on_add, self._on_change, lambda: self._session.hand.positive, transform
        )
        self._shelf.put(preview.layer)
        self._shelf.put(prompts.layer)
        return preview, prompts

    def close(self) -> None:
        """Take the layers away."""
        self._end()
        if self._prompts is not None:
            self._prompts.close()
        layers = self.layers
        self._preview = self._prompts = None
        for layer in layers:
            self._shelf.take(layer)

    def flip(self) -> None:
        """Change the sign of the selected points, else of the next clicks."""
        if self._prompts is None or not self._prompts.flip_selected():
            self._session.hand.flip()

    def _on_add(self, points: tuple[Point, ...]) -> None:
        draft = self._session.state.draft
        if not self._all_inside(points):
            self._restore()
        elif len(points) == 1:
            self._attempt(partial(self._click, points[0]))
        else:
            before = draft.prompt.points if draft is not None else ()
            self._attempt(partial(self._session.set_points, (*before, *points)))

    def _click(self, point: Point) -> None:
        if self._session.state.draft is None:
            self._session.begin_next()
        self._session.click(point.x, point.y, positive=point.positive)

    def _on_change(self, points: tuple[Point, ...]) -> None:
        if self._all_inside(points):
            self._attempt(partial(self._session.set_points, points))
        else:
            self._restore()

    def _attempt(self, action: Callable[[], None]) -> None:
        if not attempt(self._session, action):
            self._restore()

    def _restore(self) -> None:
        if self._prompts is not None:
            self._prompts.show(self._session.state.draft)

    def _all_inside(self, points: tuple[Point, ...]) -> bool:
        height, width = self._shelf.shape[-2:]
        inside = all(-0.5 <= p.x < width - 0.5 and -0.5 <= p.y < height - 0.5 for p in points)
        if not inside:
            self._session.noticed.emit("A point must lie inside the image.")
        return inside
