"""The layers that show the results on one image."""

from __future__ import annotations

from contextlib import contextmanager
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING, Any

from napari_zeroseg._napari.class_layer import ClassLayer
from napari_zeroseg._napari.draft_layers import DraftPreview, PromptPoints
from napari_zeroseg._napari.ownership import disown, full_resolution, image_key, own
from napari_zeroseg._napari.shortcuts import bind_history, unbind_history
from napari_zeroseg._napari.transform import FOLLOWED, follow, transform_of
from napari_zeroseg.core.errors import ZeroSegError

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterator

    from napari.components import ViewerModel
    from napari.layers import Image, Layer

    from napari_zeroseg.core.instance import Instance
    from napari_zeroseg.core.prompt import Point
    from napari_zeroseg.session.session import Session
    from napari_zeroseg.session.state import Draft, State


class Board:
    """Mirrors the state of one image in the viewer, and tells the session what a person does there.

    Every handler of a layer's event is silent while the board itself writes, so that nothing
    echoes.
    """

    def __init__(self, viewer: ViewerModel, session: Session, image: Image) -> None:
        self._viewer = viewer
        self._session = session
        self._image = image
        self._key = image_key(image)
        self._shape = tuple(full_resolution(image).shape[: image.ndim])
        self._classes: dict[str, ClassLayer] = {}
        self._preview: DraftPreview | None = None
        self._prompts: PromptPoints | None = None
        self._selected_before: set[Layer] = set()
        self._going: Collection[Layer] = ()
        self._mirroring = False
        self._following = {name: partial(self._on_image_transform, name) for name in FOLLOWED}
        for name, callback in self._following.items():
            getattr(image.events, name).connect(callback)

    @property
    def layers(self) -> tuple[Layer, ...]:
        """The layers of this board."""
        drafts = (self._preview, self._prompts)
        return (
            *(c.layer for c in self._classes.values()),
            *(d.layer for d in drafts if d is not None),
        )

    def flip(self) -> None:
        """Change the sign of the selected points, else of the next clicks."""
        if self._prompts is None or not self._prompts.flip_selected():
            self._session.hand.flip()

    def choose_class_of(self, layer: Layer | None) -> None:
        """Take a class in hand when a person activates its layer."""
        name = self._class_of(layer)
        hand = self._session.hand
        if name is not None and not self._mirroring and name != hand.class_in(self._session.state):
            hand.choose(name)

    def _class_of(self, layer: Layer | None) -> str | None:
        """Return the class that a layer shows."""
        return next((name for name, c in self._classes.items() if c.layer is layer), None)

    def close(self, going: Collection[Layer] = ()) -> None:
        """Leave the class layers to the user and take the draft away.

        ``going`` are layers that the viewer itself is about to remove.
        """
        self._going = going
        for name, callback in self._following.items():
            getattr(self._image.events, name).disconnect(callback)
        with self._mirrored():
            self._hide_draft()
            for name, view in tuple(self._classes.items()):
                self._release(name)
                if view.empty:
                    self._remove([view.layer])

    # from the session to the layers

    def show(self, state: State) -> None:
        """Make the layers what the state says."""
        with self._mirrored():
            self._match_layers(state)
            shown: dict[str, list[Instance]] = {name: [] for name in state.layered}
            for instance in state.instances:
                if not _in_work(instance, state.draft):
                    shown[instance.name].append(instance)
            for name, instances in shown.items():
                self._classes[name].show(tuple(instances), state.vocabulary[name].color)
            self._show_draft(state.draft)

    @contextmanager
    def _mirrored(self) -> Iterator[None]:
        before, self._mirroring = self._mirroring, True
        try:
            yield
        finally:
            self._mirroring = before

    def _match_layers(self, state: State) -> None:
        for old, new in _renamed(tuple(self._classes), state.layered):
            self._rename(old, new)
        for name in set(self._classes) - set(state.layered):
            layer = self._classes[name].layer
            self._release(name)
            self._remove([layer])
        for name in state.layered:
            if name not in self._classes:
                self._add_class(name)
        self._classes = {name: self._classes[name] for name in state.layered}

    def _rename(self, old: str, new: str) -> None:
        view = self._classes[old]
        self._classes = {new if name == old else name: c for name, c in self._classes.items()}
        view.name = view.layer.name = new

    def _add_class(self, name: str) -> None:
        view = ClassLayer(
            name, self._shape, self._on_paint, self._session.hand.choose, transform_of(self._image)
        )
        self._classes[name] = view
        bind_history(view.layer, self._session)
        view.layer.events.name.connect(self._on_layer_name)
        with self._kept_selection():
            self._add(view.layer, below=len(self._drafts()))

    def _release(self, name: str) -> None:
        view = self._classes.pop(name)
        view.close()
        view.layer.events.name.disconnect(self._on_layer_name)
        unbind_history(view.layer)
        disown(view.layer)

    def _add(self, layer: Layer, below: int = 0) -> None:
        own(layer, self._key)
        self._viewer.layers.insert(len(self._viewer.layers) - below, layer)

    def _remove(self, layers: Collection[Layer]) -> None:
        with self._kept_selection():
            for layer in layers:
                disown(layer)
                if layer in self._viewer.layers and layer not in self._going:
                    self._viewer.layers.remove(layer)

    @contextmanager
    def _kept_selection(self) -> Iterator[None]:
        """Keep what is selected; when all of it goes, select the image."""
        selection = self._viewer.layers.selection
        before = set(selection)
        yield
        self._select({layer for layer in before if layer in self._viewer.layers}, bool(before))

    def _select(self, layers: set[Layer], wanted: bool = True) -> None:
        if wanted and not layers and self._image in self._viewer.layers:
            layers = {self._image}
        if set(self._viewer.layers.selection) != layers:
            self._viewer.layers.selection = layers

    # the draft

    def _drafts(self) -> list[Layer]:
        views = (self._preview, self._prompts)
        return [v.layer for v in views if v is not None and v.layer in self._viewer.layers]

    def _show_draft(self, draft: Draft | None) -> None:
        if draft is None:
            self._hide_draft()
            return
        if self._preview is None or self._prompts is None:
            self._preview, self._prompts = self._build_draft()
        self._preview.show(draft)
        self._prompts.show(draft)

    def _build_draft(self) -> tuple[DraftPreview, PromptPoints]:
        transform = transform_of(self._image)
        preview = DraftPreview(self._shape, transform)
        prompts = PromptPoints(
            len(self._shape),
            self._on_add,
            self._on_change,
            lambda: self._session.hand.positive,
            transform,
        )
        self._selected_before = set(self._viewer.layers.selection)
        self._add(preview.layer)
        self._add(prompts.layer)
        self._select({prompts.layer})
        prompts.layer.mode = "add"
        return preview, prompts

    def _hide_draft(self) -> None:
        if self._prompts is None:
            return
        self._prompts.close()
        drafts = self._drafts()
        was_selected = not self._viewer.layers.selection.isdisjoint(drafts)
        self._preview = self._prompts = None
        self._remove(drafts)
        if was_selected:
            self._select({x for x in self._selected_before if x in self._viewer.layers})

    # from the layers to the session

    def on_removed(self, layer: Layer, going: Collection[Layer]) -> None:
        """Tell the session that a person removed one of the board's layers.

        ``going`` are the layers that are being removed with it.
        """
        name = self._class_of(layer)
        is_draft = self._prompts is not None and layer not in self._drafts() and name is None
        if self._mirroring:
            return
        self._going = going
        if name is not None:
            self._release(name)
            self._attempt(partial(self._session.remove_layer, name))
        elif is_draft:
            self._attempt(self._session.discard)
        self._going = ()

    def _on_image_transform(self, name: str, _event: Any = None) -> None:
        for layer in self.layers:
            follow(layer, self._image, name)

    def _on_layer_name(self, event: Any) -> None:
        layer = event.source
        name = self._class_of(layer)
        if self._mirroring or name is None or layer.name == name:
            return
        if not self._attempt(partial(self._rename_class, name, layer.name)):
            with self._mirrored():
                layer.name = name

    def _rename_class(self, old: str, new: str) -> None:
        target = replace(self._session.state.vocabulary[old], name=new)
        self._session.change_class(old, target)

    def _on_paint(self, view: ClassLayer, plane: tuple[int, ...], window: tuple[slice, slice]) -> None:
        source = self._session.source
        if source is not None and source.plane == plane:
            origin = (window[0].start, window[1].start)
            stroke = view.layer.data[(*plane, *window)].astype(int)
            self._attempt(partial(self._session.paint, view.name, origin, stroke))
        # what the session did not take is painted over
        view.repaint(plane, window)

    def _on_add(self, points: tuple[Point, ...]) -> None:
        draft = self._session.state.draft
        if draft is None or not self._all_inside(points):
            self._restore_points()
        elif len(points) == 1:
            point = points[0]
            self._prompt(partial(self._session.click, point.x, point.y, positive=point.positive))
        else:
            self._prompt(partial(self._session.set_points, (*draft.prompt.points, *points)))

    def _on_change(self, points: tuple[Point, ...]) -> None:
        if not self._all_inside(points):
            self._restore_points()
        else:
            self._prompt(partial(self._session.set_points, points))

    def _prompt(self, action: Callable[[], None]) -> None:
        if not self._attempt(action):
            self._restore_points()

    def _restore_points(self) -> None:
        draft = self._session.state.draft
        if draft is not None and self._prompts is not None:
            self._prompts.show(draft)

    def _all_inside(self, points: tuple[Point, ...]) -> bool:
        height, width = self._shape[-2:]
        inside = all(-0.5 <= p.x < width - 0.5 and -0.5 <= p.y < height - 0.5 for p in points)
        if not inside:
            self._session.noticed.emit("A point must lie inside the image.")
        return inside

    def _attempt(self, action: Callable[[], None]) -> bool:
        try:
            action()
        except ZeroSegError as error:
            self._session.problem_raised.emit(error)
            return False
        return True


def _in_work(instance: Instance, draft: Draft | None) -> bool:
    """Say whether the draft stands in for an instance."""
    return draft is not None and instance.key == (draft.name, draft.instance_id)


def _renamed(old: tuple[str, ...], new: tuple[str, ...]) -> Iterator[tuple[str, str]]:
    """Yield (old, new) for names that changed in their place."""
    if len(old) == len(new):
        for a, b in zip(old, new, strict=True):
            if a != b and a not in new and b not in old:
                yield a, b
