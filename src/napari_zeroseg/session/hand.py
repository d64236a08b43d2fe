"""What the next click does: a choice of the moment that all views share and no undo step holds."""

from __future__ import annotations

from enum import StrEnum
from typing import TYPE_CHECKING

from psygnal import Signal

if TYPE_CHECKING:
    from napari_zeroseg.core.instance import Instance
    from napari_zeroseg.session.source import PlaneIndex
    from napari_zeroseg.session.state import State


class Tool(StrEnum):
    """What the mouse draws on the canvas."""

    POINTS = "points"
    BOX = "box"
    SCRIBBLE = "scribble"


class Hand:
    """The class and object that are chosen, the tool, and the sign of the next point."""

    changed = Signal()

    def __init__(self) -> None:
        self._name = ""
        self._instance_id: int | None = None
        self._positive = True
        self._tool = Tool.POINTS
        self._whole_class = False

    @property
    def positive(self) -> bool:
        """Whether the next point says "this is object"."""
        return self._positive

    def choose(self, name: str, instance_id: int | None = None) -> None:
        """Choose a class, or one object of it."""
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

    @property
    def tool(self) -> Tool:
        """What the mouse draws."""
        return self._tool

    def take(self, tool: Tool) -> None:
        """Choose what the mouse draws."""
        if tool is not self._tool:
            self._tool = tool
            self.changed.emit()

    @property
    def whole_class(self) -> bool:
        """Whether what is drawn next belongs to the class as a whole, not to one object."""
        return self._whole_class

    def draw_whole_class(self, whole_class: bool) -> None:
        """Choose between the class as a whole and single objects."""
        if whole_class != self._whole_class:
            self._whole_class = whole_class
            self.changed.emit()

    def class_in(self, state: State) -> str:
        """Return the chosen class, the first one while none is chosen, empty where there is none."""
        names = state.vocabulary.names
        if self._name in names:
            return self._name
        return names[0] if names else ""

    def thing_in(self, state: State) -> tuple[str, int] | None:
        """Return class and id of the chosen object while it is there, on any plane."""
        return next((i.thing for i in state.instances if i.thing == self._thing), None)

    def instance_in(self, state: State, plane: PlaneIndex = ()) -> Instance | None:
        """Return the chosen object's instance on a plane while it is there."""
        return next((i for i in state.on_plane(plane) if i.thing == self._thing), None)

    @property
    def _thing(self) -> tuple[str, int | None]:
        return (self._name, self._instance_id)
