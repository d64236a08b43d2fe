"""A run that removes proposals shows what would go, and a person takes it or keeps the old."""

from __future__ import annotations

import logging
from collections.abc import Hashable
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Any

from psygnal import Signal

from napari_zeroseg.core.errors import NotNowError
from napari_zeroseg.session.rerun import Difference, compare
from napari_zeroseg.session.running import Running

if TYPE_CHECKING:
    from napari_zeroseg.core.instance import Instance
    from napari_zeroseg.session.readiness import Activity
    from napari_zeroseg.session.state import State

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True, eq=False)
class _Rerun:
    """A run that changed instances: on which image, and the state before it."""

    run: int
    image: Hashable
    before: State


class Comparing(Running):
    """The difference that the latest run made, until a person decides or goes on working.

    What the run found is one step of the history from the start; to keep the old is to undo it.
    """

    difference_changed = Signal()

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._asks = True
        self._rerun: _Rerun | None = None
        self._difference: Difference | None = None
        self._compared: tuple[Instance, ...] = ()
        self.changed.connect(self._on_compared_changed)
        self.activity_changed.connect(self._on_rerun_activity)

    @property
    def difference(self) -> Difference | None:
        """What the latest run changed, while it waits for a decision."""
        return self._difference

    @property
    def asks(self) -> bool:
        """Whether a run that removes proposals asks for a decision."""
        return self._asks

    def set_asks(self, asks: bool) -> None:
        """Have runs ask, or take what they find without a question."""
        self._asks = asks
        if not asks:
            self._forget_difference()

    def take_new(self) -> None:
        """Keep what the run found; undo still leads back."""
        self._forget_difference()

    def keep_old(self) -> None:
        """Take the run back, as undo does; redo leads to it again."""
        if self._difference is None:
            raise NotNowError("No run waits for a decision.", kept="")
        self._forget_difference()
        self.undo()

    def _push_run(self, text: str, state: State) -> None:
        run = self._runner.run
        if self._source is not None and (self._rerun is None or self._rerun.run != run):
            self._rerun = _Rerun(run, self._source.key, self.state)
        super()._push_run(text, state)

    def _on_rerun_activity(self, activity: Activity) -> None:
        rerun = self._rerun
        if activity.running or rerun is None:
            return
        self._rerun = None
        before, after = rerun.before.instances, self.state.instances
        here = self._source is not None and self._source.key == rerun.image
        if self._asks and here and after is not before:
            old, new = _proposals(before, after), _proposals(after, before)
            if old:
                on_answer = partial(self._on_compared, after)
                self._runner.ask(partial(compare, old, new), on_answer, self._on_not_compared, "compare")

    def _on_compared(self, after: tuple[Instance, ...], difference: Difference) -> None:
        if difference.gone and self.state.instances is after:
            self._compared, self._difference = after, difference
            self.difference_changed.emit()

    def _on_not_compared(self, problem: BaseException) -> None:
        # undo leads back to the old without a comparison too
        _log.warning("The proposals before and after the run could not be compared", exc_info=problem)

    def _on_compared_changed(self, new: State, _old: State) -> None:
        # who goes on working, or to another image, has taken the new
        if self._difference is not None and new.instances is not self._compared:
            self._forget_difference()

    def _forget_difference(self) -> None:
        if self._difference is not None:
            self._difference, self._compared = None, ()
            self.difference_changed.emit()


def _proposals(some: tuple[Instance, ...], others: tuple[Instance, ...]) -> list[Instance]:
    """Return the proposals that are not among others."""
    there = {id(instance) for instance in others}
    return [i for i in some if not i.locked and id(i) not in there]
