"""What the next click does: a choice of the moment that all views share and no undo step holds."""

from __future__ import annotations

from typing import TYPE_CHECKING

from psygnal import Signal

if TYPE_CHECKING:
    from napari_zeroseg.core.instance import Instance
    from napari_zeroseg.session.state import State


class Hand:
    """The class and instance that are chosen, and the sign of the next point."""

    changed = Signal()

    def __init__(self) -> None:
        self._name = ""
        self._instance_id: int | None = None
        self._positive = True

    @property
    def positive(self) -> bool:
        """Whether the next point says "this is object"."""
        return self._positive

    def choose(self, name: str, instance_id: int | None = None) -> None:
        """Choose a class, or one instance of it."""
        if (name, instance_id) != (self._name, self._instance_id):
            self._name, self._instance_id = name, instance_id
            self.changed.emit()

    def set_positive(self, positive: bool) -> None:
        """Choose the sign of the next point."""
        if positive != self._positive:
            self._positive = positive
            self.changed.emit()

    def flip(self) -> None:
        """Change the sign of the next point."""
        self.set_positive(not self._positive)

    def class_in(self, state: State) -> str:
        """Return the chosen class, the first one while none is chosen, empty where there is none."""
        names = state.vocabulary.names
        if self._name in names:
            return self._name
        return names[0] if names else ""

    def instance_in(self, state: State) -> Instance | None:
        """Return the chosen instance while it is there."""
        key = (self._name, self._instance_id)
        return next((i for i in state.instances if i.key == key), None)
