"""The binding of the keys to a viewer and to the plugin's own layers."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from weakref import WeakKeyDictionary

from napari.utils.key_bindings import coerce_keybinding

from napari_zeroseg._napari.ownership import owner
from napari_zeroseg.core.errors import ZeroSegError
from napari_zeroseg.core.instance import Combination
from napari_zeroseg.session import shortcuts as keys
from napari_zeroseg.session.hand import Tool
from napari_zeroseg.session.keyboard import Keyboard
from napari_zeroseg.session.shortcuts import Command

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from napari.components import ViewerModel
    from napari.layers import Layer

    from napari_zeroseg._napari.layer_view import LayerView
    from napari_zeroseg.session.session import Session


def drawing_commands(session: Session, view: LayerView) -> tuple[Command, ...]:
    """Return what the keys do for drawing and for the history."""

    def drawing() -> bool:
        return session.state.draft is not None

    def chosen() -> bool:
        return drawing() or session.hand.thing_in(session.state) is not None

    return (
        Command(keys.NEXT, session.next_object),
        Command(keys.COMMIT, session.commit, drawing),
        Command(keys.DISCARD, session.discard, drawing),
        Command(keys.FLIP, view.flip, drawing),
        Command(keys.POINTS, lambda: session.hand.take(Tool.POINTS), drawing),
        Command(keys.BOX, view.draw_box, drawing),
        Command(keys.SCRIBBLE, lambda: session.hand.take(Tool.SCRIBBLE), drawing),
        Command(keys.ADD, lambda: session.begin_part(Combination.ADDED), chosen),
        Command(keys.TAKE, lambda: session.begin_part(Combination.SUBTRACTED), chosen),
        Command(keys.SEEK, session.seek),
        Command(keys.UNDO, session.undo),
        Command(keys.REDO, session.redo),
    )


def review_commands(session: Session) -> tuple[Command, ...]:
    """Return what the keys do in the review; without one they keep their meaning."""

    def reviewing() -> bool:
        return session.review is not None

    return (
        Command(keys.ACCEPT, session.accept_reviewed, reviewing),
        Command(keys.REJECT, session.reject_reviewed, reviewing),
        Command(keys.EDIT, session.edit_reviewed, reviewing),
        Command(keys.NEXT_MASK, session.next_reviewed, reviewing),
        Command(keys.PREVIOUS_MASK, session.previous_reviewed, reviewing),
    )


def install_shortcuts(
    viewer: ViewerModel, session: Session, commands: Iterable[Command], keyboard: Keyboard | None = None
) -> Callable[[], None]:
    """Bind the keys, the usual ones unless a keyboard says otherwise; return what takes them away again."""
    return ViewerKeys(viewer, session, tuple(commands), keyboard or Keyboard()).close


class ViewerKeys:
    """The keys of a viewer, and those that come first in the plugin's own layers.

    napari asks the active layer before the viewer: on an image, C is its automatic contrast. What
    a key does when its command is not meant is what napari does without the plugin. Keys that a
    person or another plugin has bound to the viewer are left alone.
    """

    def __init__(
        self, viewer: ViewerModel, session: Session, commands: tuple[Command, ...], keyboard: Keyboard
    ) -> None:
        self._viewer = viewer
        self._session = session
        self._commands = commands
        self._keyboard = keyboard
        self._bound: list[str] = []
        self._bound_in: WeakKeyDictionary[Layer, list[str]] = WeakKeyDictionary()
        self._bind_all()
        viewer.layers.events.inserted.connect(self._on_layer_inserted)
        keyboard.changed.connect(self._on_keyboard_changed)

    def close(self) -> None:
        """Give all keys back."""
        self._keyboard.changed.disconnect(self._on_keyboard_changed)
        self._viewer.layers.events.inserted.disconnect(self._on_layer_inserted)
        self._release_all()

    def _on_keyboard_changed(self) -> None:
        self._release_all()
        self._bind_all()

    def _bind_all(self) -> None:
        self._bound = self._bind_some(self._viewer, self._commands)
        for layer in self._viewer.layers:
            self._adopt(layer)

    def _release_all(self) -> None:
        for key in self._bound:
            self._viewer.bind_key(key, None)
        for layer, keys_of_layer in self._bound_in.items():
            for key in keys_of_layer:
                layer.bind_key(key, None)

    def _on_layer_inserted(self, event: Any) -> None:
        self._adopt(event.value)

    def _adopt(self, layer: Layer) -> None:
        if owner(layer) is not None:
            first = [command for command in self._commands if command.shortcut.first]
            self._bound_in[layer] = self._bind_some(layer, first)

    def _bind_some(self, provider: Any, commands: Iterable[Command]) -> list[str]:
        """Return the keys that could be bound."""
        keyed = ((self._keyboard.key_of(command.shortcut), command) for command in commands)
        return [key for key, command in keyed if self._bind(provider, key, command)]

    def _bind(self, provider: Any, key: str, command: Command) -> bool:

        def act(_provider: Any) -> Any:
            # a layer that was left to the user has napari's keys again
            own = provider is self._viewer or owner(provider) is not None
            if own and command.when():
                return self._act(command)
            return self._fall_through(provider, key)

        try:
            provider.bind_key(key, act)
        except ValueError:  # the user, or another plugin, has given the key a meaning
            return False
        return True

    def _act(self, command: Command) -> None:
        try:
            command.act()
        except ZeroSegError as error:
            self._session.noticed.emit(str(error))

    def _fall_through(self, provider: Any, key: str) -> Any:
        """Do what napari does with a key of a layer, or of the viewer."""
        binding = coerce_keybinding(key)
        for cls in type(provider).__mro__:
            below = getattr(cls, "class_keymap", {}).get(binding)
            if below is not None:
                return below(provider) if below is not Ellipsis else None
        if provider is not self._viewer and (below := self._viewer.keymap.get(binding)):
            return below(self._viewer)
        return self._fall_through(self._viewer, key) if provider is not self._viewer else None
