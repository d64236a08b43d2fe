"""The classes: which there are, and how they look."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from dataclasses import replace
from functools import partial

from napari_zeroseg.core.events import Event, LooksWritten
from napari_zeroseg.core.script import Answer
from napari_zeroseg.core.vocabulary import TargetClass, Vocabulary
from napari_zeroseg.session import changes
from napari_zeroseg.session.noting import noted
from napari_zeroseg.session.readiness import Action
from napari_zeroseg.session.refining import billed, describe_looks
from napari_zeroseg.session.running import Running

_log = logging.getLogger(__name__)


class Naming(Running):
    """What a person does to the vocabulary."""

    @noted
    def set_vocabulary(self, vocabulary: Vocabulary, text: str = "Change classes") -> None:
        """Take a new list of classes."""
        self._push(text, changes.set_vocabulary(self.state, vocabulary))
        self._look_up()

    def add_classes(self, text: str) -> None:
        """Add classes from text such as ``"nucleus: dark purple; cytoplasm"``."""
        added = Vocabulary.parse(text).required()
        vocabulary = Vocabulary((*self.state.vocabulary.classes, *_uncolored(added)))
        self.set_vocabulary(vocabulary, f"Add {', '.join(added.names)}")

    def add_idea(self, name: str) -> None:
        """Take an idea of the language model into the classes."""
        self.set_vocabulary(self.state.vocabulary.added(TargetClass(name)), f"Add {name}")

    @noted
    def change_class(self, name: str, target: TargetClass) -> None:
        """Rename a class or change its colour, words or overlaps."""
        if self.state.vocabulary[name] != target:
            self._push(f"Change {name}", changes.change_class(self.state, name, target))
            self._look_up()

    def remove_class(self, name: str) -> None:
        """Remove a class with everything that belongs to it."""
        self.set_vocabulary(self.state.vocabulary.removed(name), f"Remove {name}")

    def _look_up(self) -> None:
        """Ask how the classes look, so that the user can see and change it before a run."""
        vocabulary, recipe = self.state.vocabulary, self.refining.recipe

        def answer() -> tuple[TargetClass, ...]:
            refiner = self._backends(recipe).refiner
            return tuple(refiner.describe(c) for c in vocabulary)

        self._runner.ask(
            answer, partial(self._on_looked_up, vocabulary), self._on_look_up_problem, topic="looks"
        )

    def _on_looked_up(self, vocabulary: Vocabulary, looks: tuple[TargetClass, ...]) -> None:
        if self.state.vocabulary == vocabulary and self.state.looks != looks:
            self.notebook.answered(Answer(topic="looks"))
            self._amend(replace(self.state, looks=looks))

    def _on_look_up_problem(self, problem: BaseException) -> None:
        # a run asks again, and tells the user when it fails then
        _log.warning("The looks of the classes could not be looked up", exc_info=problem)

    @noted
    def describe_looks(self) -> None:
        """Have the language model write how the classes look, where the user has not said it."""
        self._require(Action.DESCRIBE)
        vocabulary, recipe = self.state.vocabulary, self.refining.recipe

        def events() -> Iterator[Event]:
            refiner = self._backends(recipe).refiner
            yield from billed(describe_looks(vocabulary, refiner), refiner)

        self._start_events(events)

    def _on_run_event(self, event: Event) -> None:
        match event:
            case LooksWritten():
                self._on_looks_written(event)
            case _:
                super()._on_run_event(event)

    def _on_looks_written(self, event: LooksWritten) -> None:
        if self.state.vocabulary == event.asked != event.described:
            self._push_run("Describe looks", changes.set_vocabulary(self.state, event.described))


def _uncolored(vocabulary: Vocabulary) -> Iterator[TargetClass]:
    return (replace(c, color="") for c in vocabulary)
