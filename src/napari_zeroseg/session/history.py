"""The undo stack: states are immutable, so a step back is the state from before."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from napari_zeroseg.core.script import Unrecorded
from napari_zeroseg.session.noting import Notebook

if TYPE_CHECKING:
    from napari_zeroseg.core.recipe import Recipe
    from napari_zeroseg.core.script import AnyNote
    from napari_zeroseg.session.state import State

MAX_STEPS = 500


@dataclass(frozen=True, slots=True, eq=False)
class Step:
    """A change that can be taken back.

    Parameters
    ----------
    text : str
        What was done, for the Undo button.
    before : State
        The state that undo restores.
    run : int
        The number of the run that is still adding to the step, 0 for a person's.
    """

    text: str
    before: State
    run: int = 0


@dataclass(frozen=True, slots=True, eq=False)
class Timeline:
    """A history as it is at one moment.

    Parameters
    ----------
    past : tuple of Step
        What undo takes back, the latest last.
    present : State
        What there is.
    future : tuple of Step
        What redo does again, the next last; ``before`` is the state that it leads to.
    notes : tuple of Note
        What was done from the beginning.
    recipe : Recipe or None
        As it is at this moment, where that is known.
    """

    past: tuple[Step, ...]
    present: State
    future: tuple[Step, ...] = ()
    notes: tuple[AnyNote, ...] = ()
    recipe: Recipe | None = None


class History:
    """One present state, the steps that led to it, and those taken back."""

    def __init__(self, present: State) -> None:
        self.present = present
        self._past: list[Step] = []
        self._future: list[Step] = []
        self.notebook = Notebook()

    @classmethod
    def of(cls, timeline: Timeline) -> History:
        """Go on from a moment that was kept; no run adds to its steps any more."""
        history = cls(timeline.present)
        history._past = [replace(step, run=0) for step in timeline.past]
        history._future = [replace(step, run=0) for step in timeline.future]
        history.notebook = Notebook(timeline.notes or (Unrecorded(),))
        return history

    @property
    def timeline(self) -> Timeline:
        """All of it as an immutable value."""
        return Timeline(tuple(self._past), self.present, tuple(self._future), self.notebook.notes)

    @property
    def undo_text(self) -> str:
        """What undo would take back; empty when there is nothing."""
        return self._past[-1].text if self._past else ""

    @property
    def redo_text(self) -> str:
        """What redo would do again; empty when there is nothing."""
        return self._future[-1].text if self._future else ""

    def push(self, text: str, state: State, run: int = 0) -> None:
        """Make ``state`` the present; a run's changes in a row are one step."""
        continues = bool(run and self._past and self._past[-1].run == run)
        if not continues:
            self._past.append(Step(text, self.present, run))
            del self._past[:-MAX_STEPS]
        self._future.clear()
        self.present = state

    def amend(self, state: State) -> None:
        """Change the present without a step of its own."""
        self.present = state

    def withdraw(self, run: int) -> bool:
        """Take back a run's step, if it is the latest, as if it had never been."""
        if not (self._past and self._past[-1].run == run):
            return False
        self.present = self._past.pop().before
        return True

    def undo(self) -> None:
        step = self._past.pop()
        self._future.append(Step(step.text, self.present))
        self.present = step.before

    def redo(self) -> None:
        step = self._future.pop()
        self._past.append(Step(step.text, self.present))
        self.present = step.before
