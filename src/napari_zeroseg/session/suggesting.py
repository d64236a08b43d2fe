"""The suggestions: which classes are believed present, and what a person decides on them."""

from __future__ import annotations

import logging
from collections.abc import Iterable, Iterator
from dataclasses import replace

from napari_zeroseg.backends.roles import LanguageModelRefiner
from napari_zeroseg.core.events import Event, Remarked, StageStarted, Suggested, Tagged
from napari_zeroseg.core.guidance import Example
from napari_zeroseg.core.suggestion import Decision
from napari_zeroseg.methods import grounded
from napari_zeroseg.session import changes
from napari_zeroseg.session.naming import Naming
from napari_zeroseg.session.noting import noted
from napari_zeroseg.session.readiness import Action
from napari_zeroseg.session.refining import billed
from napari_zeroseg.session.source import overview

_log = logging.getLogger(__name__)

OVERVIEW = (
    "The image is large: the suggestions come from an overview of it, {:.0f} times smaller. What is too "
    "small to be seen there can still be found: accept its class."
)


class Suggesting(Naming):
    """What a person asks of the refiner and decides on its answers."""

    @noted
    def choose_refiner(self, name: str) -> None:
        """Let another refiner decide between words, by its name in the catalog."""
        self.refining.choose(name)
        self._look_up()

    def ask_again(self, note: str) -> None:
        """Suggest again, with a hint from the user."""
        self._require(Action.SUGGEST)
        self.refining.set_note(note)
        self.suggest()

    def forget_phrase(self, phrase: str) -> None:
        """Drop the decision on a phrase, and what a language model remembers of it."""
        vocabulary, recipe = self.state.vocabulary, self.refining.recipe
        self.refining.forget_phrase(vocabulary, phrase)

        def forget() -> None:
            refiner = self._backends(recipe).refiner
            if isinstance(refiner, LanguageModelRefiner):
                refiner.forget(phrase, vocabulary)

        self._runner.ask(forget, lambda _: None, self._on_forget_problem, topic=f"forget {phrase}")

    def _on_forget_problem(self, problem: BaseException) -> None:
        # a refiner that cannot be made remembers nothing
        _log.warning("The refiner could not be told to forget", exc_info=problem)

    def teach(self) -> None:
        """Make this image an example for the refiner: what was said of it, and which classes are truly there.

        True are the classes of the instances that a person has accepted, edited or drawn.
        """
        self._require(Action.TEACH)
        state = self.state
        true = {instance.name for instance in state.instances if instance.locked}
        names = (name for name in state.vocabulary.names if name in true)
        self.refining.teach(Example.of((tag.text for tag in state.tags), state.caption, names))

    @noted
    def suggest(self) -> None:
        """Look which classes are in the image, in a large one at an overview; answers come as events."""
        self._require(Action.SUGGEST)
        source, recipe = self._source, self.refining.recipe
        vocabulary = self.state.vocabulary.required()
        assert source is not None

        def events() -> Iterator[Event]:
            yield StageStarted("Reading the image")
            image = source.pixels if max(source.shape) <= recipe.parameters.tile else overview(source)
            if max(image.shape) < max(source.shape):
                yield Remarked(OVERVIEW.format(max(source.shape) / max(image.shape)))
            yield StageStarted("Loading the models")
            backends = self._backends(recipe)
            yield from billed(grounded.recognise(image, vocabulary, backends), backends.refiner)

        self._start_events(events)

    @noted
    def accept(self, *names: str) -> None:
        """Accept suggestions."""
        self._decide(names, Decision.ACCEPTED, "Accept")

    @noted
    def reject(self, *names: str) -> None:
        """Reject suggestions."""
        self._decide(names, Decision.REJECTED, "Reject")

    @noted
    def reopen(self, *names: str) -> None:
        """Take decisions back."""
        self._decide(names, Decision.PENDING, "Reopen")

    def accept_above(self, threshold: float) -> None:
        """Accept every undecided suggestion of at least this confidence, 0..1."""
        self.accept(*changes.pending_above(self.state, threshold))

    def _decide(self, names: Iterable[str], decision: Decision, verb: str) -> None:
        changing = [
            s.name
            for s in self.state.suggestions
            if s.name in names and (s.decision != decision or s.carried)
        ]
        if changing:
            self._push(f"{verb} {', '.join(changing)}", changes.decide(self.state, changing, decision))

    def _on_run_event(self, event: Event) -> None:
        match event:
            case Tagged(tags, caption):
                self._push_run("Suggest", replace(self.state, tags=tags, caption=caption))
            case Suggested(suggestions, ideas):
                defaults = self.refining.defaults(self.state.vocabulary)
                self._push_run("Suggest", changes.suggest(self.state, suggestions, ideas, defaults))
            case _:
                super()._on_run_event(event)
