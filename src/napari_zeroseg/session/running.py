"""The run: find and draw the accepted classes."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

from napari_zeroseg.backends.registry import Backends, names_of
from napari_zeroseg.core.events import (
    Billed,
    Described,
    Detected,
    Event,
    Found,
    FoundMany,
    Progress,
    Remarked,
    StageStarted,
)
from napari_zeroseg.core.instance import Provenance
from napari_zeroseg.methods.choice import CHOICES
from napari_zeroseg.session import changes
from napari_zeroseg.session.looking import Search
from napari_zeroseg.session.noting import noted
from napari_zeroseg.session.readiness import Action, Activity
from napari_zeroseg.session.refining import billed
from napari_zeroseg.session.scope import Scope
from napari_zeroseg.session.workspace import Workspace, explained

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from napari_zeroseg.core.instance import Instance
    from napari_zeroseg.core.recipe import Recipe
    from napari_zeroseg.core.tiles import Window
    from napari_zeroseg.session.source import PlaneIndex


class Running(Workspace):
    """Long work on the models' thread, whose events become steps of the history."""

    def run(self, scope: Scope | None = None) -> None:
        """Find and draw the accepted classes; what a person answers for stays as it is.

        Parameters
        ----------
        scope : Scope, optional
            Which planes and which part of them; what was chosen last by default.
        """
        self._require(Action.RUN)
        assert self._source is not None
        scope = scope or self.reach.scope(self._source)
        self.run_on(scope.planes, scope.region)

    @noted
    def run_on(self, planes: Sequence[PlaneIndex], region: Window | None) -> None:
        """Do what :meth:`run` does, on these planes and in this part of them."""
        self._require(Action.RUN)
        source, recipe = self._source, self.refining.recipe
        assert source is not None
        search = Search(source, Scope(tuple(planes), region), self.state, recipe, provenance_of(recipe))
        self._in_sight: set[str | None] = set()
        self._begun = self.state

        def events() -> Iterator[Event]:
            yield StageStarted("Loading the models")
            backends = self._backends(recipe)
            yield from billed(search.events(backends), backends.refiner)

        self._set_activity(Activity(running=True, text="Starting"))
        self._runner.start(events, self._on_event, self._on_search_end)

    def _start(self, work: Callable[[NDArray[np.float32], Backends], Iterator[Event]]) -> None:
        source, recipe = self._source, self.refining.recipe
        assert source is not None

        def events() -> Iterator[Event]:
            yield StageStarted("Reading the image")
            image = source.pixels
            yield StageStarted("Loading the models")
            backends = self._backends(recipe)
            yield from billed(work(image, backends), backends.refiner)

        self._start_events(events)

    def _start_events(self, events: Callable[[], Iterator[Event]]) -> None:
        self._begun = self.state
        self._set_activity(Activity(running=True, text="Starting"))
        self._runner.start(events, self._on_event, self._on_run_end)

    def _on_event(self, event: Event) -> None:
        before = self.state.vocabulary
        self.notebook.heard(event)
        self._on_run_event(event)
        if self.state.vocabulary is not before:
            self.notebook.leave(self.circumstances)

    def _on_run_event(self, event: Event) -> None:
        match event:
            case StageStarted(text):
                self._set_activity(Activity(running=True, text=text))
            case Progress(done, total):
                self._set_activity(replace(self._activity, done=done, total=total))
            case Described(classes) if classes != self.state.looks:
                # looks are no decision: they need no step of their own
                self._amend(replace(self.state, looks=classes))
            case Billed(lines):
                self.refining.show_bill(lines)
            case Detected():
                self._on_detected(event)
            case Remarked(text):
                self.noticed.emit(text)
            case Found(instance):
                self._on_found((instance,))
            case FoundMany(instances):
                self._on_found(instances)

    def _on_found(self, instances: Sequence[Instance]) -> None:
        # a class may have been renamed, merged or removed since the run began
        known = tuple(i for i in instances if i.name in self.state.vocabulary)
        found = changes.beside_the_person(self.state, self._begun, known)
        if found:
            self._push_run("Run", changes.add_instances(self.state, found))

    def _on_detected(self, event: Detected) -> None:
        state = self.state
        if event.first:
            state = changes.without_proposals(state, event.plane, event.window)
        state = changes.add_layers(state, state.accepted_names)
        self._push_run("Run", replace(state, phrases=event.matches))
        if event.matches:
            self.refining.learn(state.vocabulary, event.matches)
        self._in_sight |= {d.name for d in event.detections}

    def _on_search_end(self, problem: BaseException | None) -> None:
        if problem is None:
            self._say_what_is_missing()
        self._on_run_end(problem)

    def _say_what_is_missing(self) -> None:
        missing = [n for n in self.state.accepted_names if n not in self._in_sight]
        if missing:
            self.noticed.emit(
                f"Nothing looks like {_listed(missing)}. Change its attributes, or draw it with clicks."
            )

    def _on_run_end(self, problem: BaseException | None) -> None:
        self.notebook.ended()
        if problem is None:
            self._set_activity(Activity())
            return
        self._withdraw()
        self.problem_raised.emit(explained(problem))


def provenance_of(recipe: Recipe) -> Provenance:
    """Return what all instances of a run have in common."""
    names, choice = names_of(recipe), CHOICES[recipe.method]
    return Provenance(method=recipe.method, detector=names[choice.found_by], segmenter=names[choice.drawn_by])


def _listed(names: list[str]) -> str:
    return " or ".join(f"'{n}'" for n in names)
