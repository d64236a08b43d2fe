"""The layers that show the results on one image."""

from __future__ import annotations

from contextlib import contextmanager
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING, Any

from napari_zeroseg._napari.attempt import attempt
from napari_zeroseg._napari.class_layer import ClassLayer
from napari_zeroseg._napari.drawing import Drawing
from napari_zeroseg._napari.shelf import Shelf
from napari_zeroseg.core.vocabulary import renamed_classes

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator

    from napari.components import ViewerModel
    from napari.layers import Image, Layer

    from napari_zeroseg.core.instance import Instance
    from napari_zeroseg.session.session import Session
    from napari_zeroseg.session.state import Draft, State


class Board:
    """Mirrors the state of one image in the viewer, and tells the session what a person does there.

    What the board itself adds, removes and renames is no act of a person: it is silent meanwhile.
    """

    def __init__(self, viewer: ViewerModel, session: Session, image: Image) -> None:
        self._session = session
        self._shelf = Shelf(viewer, image)
        self._drawing = Drawing(session, self._shelf)
        self._classes: dict[str, ClassLayer] = {}
        self._mirroring = False

    def close(self, going: Collection[Layer] = ()) -> None:
        """Leave the masks to the user and take all else away.

        ``going`` are layers that napari itself is about to remove.
        """
        self._shelf.going = going
        with self._mirrored():
            self._drawing.close()
            for name, view in tuple(self._classes.items()):
                layer = self._let_go(name)
                if view.empty:
                    self._shelf.take(layer)
        self._shelf.close()

    def rest(self) -> None:
        """Show no draft while another image is worked on."""
        with self._mirrored():
            self._drawing.close()

    # from the session to the layers

    def show(self, state: State) -> None:
        """Make the layers what the state says."""
        with self._mirrored():
            self._match_layers(state)
            for name, instances in _by_class(state).items():
                self._classes[name].show(instances, state.vocabulary[name].color)
            self._drawing.show(state.draft)
            if not state.layered:
                self._drawing.close()

    @contextmanager
    def _mirrored(self) -> Iterator[None]:
        before, self._mirroring = self._mirroring, True
        try:
            yield
        finally:
            self._mirroring = before

    def _match_layers(self, state: State) -> None:
        for old, new in renamed_classes(tuple(self._classes), state.layered):
            self._rename(old, new)
        for name in set(self._classes) - set(state.layered):
            self._shelf.take(self._let_go(name))
        for name in state.layered:
            if name not in self._classes:
                self._classes[name] = self._build_class(name)
        self._classes = {name: self._classes[name] for name in state.layered}

    def _rename(self, old: str, new: str) -> None:
        view = self._classes[old]
        self._classes = {new if name == old else name: c for name, c in self._classes.items()}
        view.name = view.layer.name = new

    def _build_class(self, name: str) -> ClassLayer:
        view = ClassLayer(
            name, self._shelf.shape, self._on_paint, self._session.hand.choose, self._shelf.transform()
        )
        self._shelf.put(view.layer, below=self._drawing.layers)
        view.layer.events.name.connect(self._on_layer_name)
        return view

    def _let_go(self, name: str) -> Layer:
        """Stop mirroring a class; its layer is still on the shelf."""
        view = self._classes.pop(name)
        view.close()
        view.layer.events.name.disconnect(self._on_layer_name)
        return view.layer

    # from a person to the session

    def flip(self) -> None:
        """Change the sign of the selected points, else of the next clicks."""
        self._drawing.flip()

    def draw_box(self) -> None:
        """Take the box in hand, or go between drawing and moving it."""
        self._drawing.draw_box()

    def follow_hand(self) -> None:
        """Give the mouse the tool that was chosen."""
        with self._mirrored():
            self._drawing.follow_hand()

    def on_activated(self, layer: Layer | None) -> None:
        """Take the class in hand whose layer a person activated."""
        name, hand = self._class_of(layer), self._session.hand
        if name is not None and not self._mirroring and name != hand.class_in(self._session.state):
            hand.choose(name)

    def on_removed(self, layer: Layer, going: Collection[Layer]) -> None:
        """Tell the session that a person removed one of the board's layers.

        ``going`` are the layers that are being removed with it.
        """
        if self._mirroring:
            return
        name = self._class_of(layer)
        self._shelf.going = going
        if name is not None:
            self._shelf.release(self._let_go(name))
            attempt(self._session, partial(self._session.remove_layer, name))
        elif layer in self._drawing.layers:
            self.rest()
            if self._session.state.draft is not None:
                attempt(self._session, self._session.discard)
        self._shelf.going = ()

    def _class_of(self, layer: Layer | None) -> str | None:
        return next((name for name, c in self._classes.items() if c.layer is layer), None)

    def _on_layer_name(self, event: Any) -> None:
        layer = event.source
        name = self._class_of(layer)
        if self._mirroring or name is None or layer.name == name:
            return
        if not attempt(self._session, partial(self._rename_class, name, layer.name)):
            with self._mirrored():
                layer.name = name

    def _rename_class(self, old: str, new: str) -> None:
        self._session.change_class(old, replace(self._session.state.vocabulary[old], name=new))

    def _on_paint(self, view: ClassLayer, plane: tuple[int, ...], window: tuple[slice, slice]) -> None:
        source = self._session.source
        if source is not None and source.plane == plane:
            origin = (window[0].start, window[1].start)
            stroke = view.layer.data[(*plane, *window)].astype(int)
            attempt(self._session, partial(self._session.paint, view.name, origin, stroke))
        # what the session did not take is painted over
        view.repaint(plane, window)


def _by_class(state: State) -> dict[str, tuple[Instance, ...]]:
    """Return the instances to show in each layer: all but the one that the draft stands in for."""
    shown: dict[str, list[Instance]] = {name: [] for name in state.layered}
    for instance in state.instances:
        if not _in_work(instance, state.draft):
            shown[instance.name].append(instance)
    return {name: tuple(instances) for name, instances in shown.items()}


def _in_work(instance: Instance, draft: Draft | None) -> bool:
    return draft is not None and instance.key == draft.replaces
