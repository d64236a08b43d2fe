"""Learning from corrections: what a person has corrected teaches the method ``lmseg``."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterator, Mapping, Sequence
from contextlib import suppress
from functools import partial
from typing import TYPE_CHECKING, Any

from napari_zeroseg.backends.lmseg.head import held, hold, read_head
from napari_zeroseg.core.errors import MissingBackendError
from napari_zeroseg.core.events import Event, HeadLearned, StageStarted
from napari_zeroseg.core.method import Method
from napari_zeroseg.core.vocabulary import Vocabulary
from napari_zeroseg.methods.learning import Corrected, learn_head
from napari_zeroseg.session.lessons import corrected_on, corrected_planes, labels_of, learnable
from napari_zeroseg.session.readiness import RUNNING, Action
from napari_zeroseg.session.running import Running
from napari_zeroseg.session.workspace import explained

if TYPE_CHECKING:
    from pathlib import Path

    from napari_zeroseg.backends.lmseg.head import Head
    from napari_zeroseg.session.source import ImageSource
    from napari_zeroseg.session.state import State

NAME = "from my corrections"
KEPT = "The best that was learned until now is kept, and used."
NOT_LMSEG = "Choose the method LMSeg, which learns."
NOTHING_CORRECTED = (
    "Accept, mend or draw the masks of an image first, of a few images if you can: they are what is learned."
)


class Learning(Running):
    """The head of ``lmseg``; it is a part of the recipe, and of no image's history."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._sources: dict[Hashable, ImageSource] = {}
        self._learning_run = -1

    @property
    def head(self) -> Head | None:
        """The head that the recipe names; None without one, and while it is not loaded."""
        reference = self.refining.recipe.lmseg.head
        with suppress(MissingBackendError):
            return None if reference is None else held(reference)
        return None

    @property
    def readiness(self) -> Mapping[Action, str]:
        """For every action the reason why it cannot be done now, or an empty text."""
        return {**super().readiness, Action.LEARN: self._learn_reason()}

    def _learn_reason(self) -> str:
        if self.refining.recipe.method is not Method.LMSEG:
            return NOT_LMSEG
        if not self.corrected_images:
            return NOTHING_CORRECTED
        return RUNNING if self._activity.running else ""

    @property
    def corrected_images(self) -> int:
        """How many planes there are, of all open images, on which a person answers for masks."""
        return sum(len(corrected_planes(state)) for _, state in self._corrected())

    def _corrected(self) -> list[tuple[ImageSource, State]]:
        """Return the open images with what is done on each, those opened first at the front."""
        pairs = ((source, self._histories[key].present) for key, source in self._sources.items())
        return [(source, state) for source, state in pairs if corrected_planes(state)]

    def open(self, source: ImageSource | None) -> None:
        if source is not None:
            self._sources[source.key] = source
        super().open(source)

    def forget(self, key: Hashable) -> None:
        self._sources.pop(key, None)
        super().forget(key)

    def learn(self) -> None:
        """Learn from all that is corrected; the head is used as soon as there is one.

        When the learning is cancelled, the best head until then stays.

        Raises
        ------
        NotNowError
            When another method is chosen, nothing is corrected, or something else is running.
        """
        self._require(Action.LEARN)
        corrected, recipe = self._corrected(), self.refining.recipe
        shown = {name for _, state in corrected for name in learnable(state)}
        classes = Vocabulary(tuple(c for c in self.state.vocabulary if c.name in shown))
        pages = [
            partial(_page, source.on(plane), state, classes, recipe.parameters.tile)
            for source, state in corrected
            for plane in corrected_planes(state)
        ]
        self._learning_run = self._runner.run + 1  # the number that the run will have
        self._start_events(lambda: self._lesson(pages, classes))

    def _lesson(self, pages: Sequence[Callable[[], Corrected]], classes: Vocabulary) -> Iterator[Event]:
        recipe = self.refining.recipe
        yield StageStarted("Loading the models")
        yield from learn_head(pages, classes, self._backends(recipe), recipe, NAME)

    def cancel(self, why: str = "Cancelled.") -> None:
        if not self._activity.running or self._runner.run != self._learning_run:
            super().cancel(why)
            return
        self._withdraw()
        self.noticed.emit(f"{why} " + (KEPT if self.head is not None else "Nothing was learned yet."))

    def load_head(self, path: Path) -> None:
        """Segment with the head in a file; a file that holds none changes nothing."""
        self._runner.ask(
            lambda: read_head(path),
            lambda head: self.use_head(head, path.stem),
            lambda problem: self.problem_raised.emit(explained(problem)),
            topic="head",
        )

    def use_head(self, head: Head, name: str) -> None:
        """Segment with a head, on the grid that it learned with."""
        hold(head)
        self.refining.set_lmseg(head=head.reference(name), grid=head.card.grid)

    def forget_learned(self) -> None:
        """Go back to the method without training; a head that was saved can be loaded again."""
        self.refining.set_lmseg(head=None)

    def _on_run_event(self, event: Event) -> None:
        match event:
            case HeadLearned(head=head):
                self.refining.set_lmseg(head=head)
            case _:
                super()._on_run_event(event)


def _page(source: ImageSource, state: State, classes: Vocabulary, side: int) -> Corrected:
    return corrected_on(source, labels_of(state, source.plane, classes, source.shape), side)
