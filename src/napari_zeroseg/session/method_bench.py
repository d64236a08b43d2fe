"""Comparing methods on the present plane, and taking the masks of the best."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from psygnal import Signal

from napari_zeroseg.core.errors import NotNowError
from napari_zeroseg.core.events import Compared, Event
from napari_zeroseg.session import changes
from napari_zeroseg.session.contest import Contestant, contested
from napari_zeroseg.session.looking import claims_on
from napari_zeroseg.session.noting import noted
from napari_zeroseg.session.readiness import Action
from napari_zeroseg.session.running import Running

if TYPE_CHECKING:
    from napari_zeroseg.core.instance import Instance
    from napari_zeroseg.core.outcome import Outcome
    from napari_zeroseg.session.source import ImageSource


class MethodBench(Running):
    """What methods made of a plane; it holds until another plane is compared."""

    compared_changed = Signal()

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._outcomes: tuple[Outcome, ...] = ()
        self._compared_on: ImageSource | None = None

    @property
    def outcomes(self) -> tuple[Outcome, ...]:
        """What each method found, in the order in which they were compared."""
        return self._outcomes

    @property
    def compared_on(self) -> ImageSource | None:
        """The plane on which methods were compared last."""
        return self._compared_on

    @property
    def readiness(self) -> Mapping[Action, str]:
        """For every action the reason why it cannot be done now, or an empty text."""
        known = super().readiness
        return {**known, Action.COMPARE: known[Action.RUN], Action.TAKE: self._take_reason()}

    def _take_reason(self) -> str:
        if self._source is None or self._compared_on is None:
            return "Compare methods first."
        here, there = self._source, self._compared_on
        if (here.key, here.plane) != (there.key, there.plane):
            return "The methods were compared on another plane: go back to it, or compare them here."
        return "Wait for the run to end, or cancel it." if self._activity.running else ""

    def compare_methods(self, chosen: Sequence[Contestant]) -> None:
        """Let methods look for the accepted classes on the present plane; the layers stay as they are.

        Parameters
        ----------
        chosen : sequence of Contestant
            Who takes part; see :func:`~napari_zeroseg.session.contest.contestants`.

        Raises
        ------
        NotNowError
            When there is no image or no accepted class, or something else is running.
        """
        self._require(Action.COMPARE)
        if not chosen:
            raise NotNowError("No method was chosen.", remedy="Tick at least one.")
        source, state = self._source, self.state
        assert source is not None
        self._outcomes, self._compared_on = (), source
        self.compared_changed.emit()
        self._start_events(lambda: contested(chosen, source, state, self._backends))

    def take_outcome(self, outcome: Outcome) -> None:
        """Propose what a method found, in place of the proposals on its plane, as one step.

        What a person answers for keeps its pixels.
        """
        self._require(Action.TAKE)
        self.take_masks(outcome.name, outcome.instances)

    @noted
    def take_masks(self, name: str, instances: Sequence[Instance]) -> None:
        """Propose instances that something of this name found, as :meth:`take_outcome` does."""
        plane = self._place()
        state = changes.without_proposals(self.state, plane)
        claims = claims_on(state, plane, {})
        ranked = sorted(instances, key=lambda i: -i.score)
        known = (replace(i, plane=plane) for i in ranked if i.name in state.vocabulary)
        granted = [g for i in known if (g := claims.claim(i)) is not None]
        self._push(f"Take the masks of {name}", changes.add_instances(state, granted))

    def _on_run_event(self, event: Event) -> None:
        match event:
            case Compared(outcome):
                self._outcomes = (*self._outcomes, outcome)
                self.compared_changed.emit()
            case _:
                super()._on_run_event(event)
