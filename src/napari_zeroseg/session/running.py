"""The run: find and draw the accepted classes."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import TYPE_CHECKING

from napari_zeroseg.backends.registry import Backends, names_of
from napari_zeroseg.core.compose import Claims
from napari_zeroseg.core.events import (
    Billed,
    Described,
    Detected,
    Event,
    Found,
    Progress,
    Remarked,
    Sought,
    StageStarted,
)
from napari_zeroseg.core.instance import Provenance
from napari_zeroseg.methods import grounded
from napari_zeroseg.session import changes
from napari_zeroseg.session.readiness import Action, Activity
from napari_zeroseg.session.refining import billed
from napari_zeroseg.session.workspace import Workspace, explained

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from napari_zeroseg.session.source import ImageSource, PlaneIndex
    from napari_zeroseg.session.state import State


class Running(Workspace):
    """Long work on the models' thread, whose events become steps of the history."""

    def run(self) -> None:
        """Find and draw the accepted classes; what a person answers for stays as it is."""
        self._require(Action.RUN)
        source, state, recipe = self._source, self.state, self.refining.recipe
        assert source is not None
        here = changes.without_proposals(state, source.plane)
        claims = claims_on(here, source)
        if state.draft is not None and (drawn := state.draft.key) and (kept := state.find(drawn)):
            claims.reserve_id(kept)  # a proposal that is being corrected goes, but its id comes back
        names = names_of(recipe)
        provenance = Provenance(
            method=recipe.method,
            detector=next(n for role, n in names.items() if role == "detector"),
            segmenter=next(n for role, n in names.items() if role == "segmenter"),
        )

        def work(image: NDArray[np.float32], backends: Backends) -> Iterator[Event]:
            found = grounded.segment(
                image,
                state.vocabulary,
                state.accepted_names,
                backends,
                recipe.parameters,
                claims,
                provenance,
            )
            return placed(found, source.plane)

        self._start(work)

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
        self._set_activity(Activity(running=True, text="Starting"))
        self._runner.start(events, self._on_run_event, self._on_run_end)

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
                self._push_run("Run", changes.add_instance(self.state, instance))

    def _on_detected(self, event: Detected) -> None:
        state = changes.without_proposals(self.state, event.plane)
        state = changes.add_layers(state, self.state.accepted_names)
        self._push_run("Run", replace(state, phrases=event.matches))
        if event.matches:
            self.refining.learn(state.vocabulary, event.matches)
        found = {d.name for d in event.detections}
        missing = [n for n in self.state.accepted_names if n not in found]
        if missing:
            self.noticed.emit(
                f"Nothing looks like {_listed(missing)}. Change its attributes, or draw it with clicks."
            )

    def _on_run_end(self, problem: BaseException | None) -> None:
        if problem is None:
            self._set_activity(Activity())
            return
        self._withdraw()
        self.problem_raised.emit(explained(problem))


def placed(events: Iterator[Event], plane: PlaneIndex) -> Iterator[Event]:
    """Say on which plane things were found; a method knows of one plane only."""
    for event in events:
        match event:
            case Found(instance):
                yield Found(replace(instance, plane=plane))
            case Detected() | Sought():
                yield replace(event, plane=plane)
            case _:
                yield event


def claims_on(state: State, source: ImageSource) -> Claims:
    """Pixels that a run may not touch; ids stay unique over all planes."""
    claims = Claims(
        source.shape,
        state.vocabulary,
        state.on_plane(source.plane),
        [e for e in state.erased if e.plane == source.plane],
    )
    for instance in state.instances:
        claims.reserve_id(instance)
    return claims


def _listed(names: list[str]) -> str:
    return " or ".join(f"'{n}'" for n in names)
