"""Clusters before they are masks: a person names, merges and splits them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING

from napari_zeroseg.core.errors import NotNowError
from napari_zeroseg.core.events import Event, Found, Parted, StageStarted
from napari_zeroseg.core.method import Method
from napari_zeroseg.methods import at_once, freeseg
from napari_zeroseg.methods.job import Job
from napari_zeroseg.session import changes
from napari_zeroseg.session.looking import claims_on, placed
from napari_zeroseg.session.noting import noted
from napari_zeroseg.session.readiness import NO_CLASS, RUNNING, Action
from napari_zeroseg.session.running import Running, provenance_of
from napari_zeroseg.session.source import seen_at_once

if TYPE_CHECKING:
    from napari_zeroseg.core.image import Plane
    from napari_zeroseg.core.partition import Partition
    from napari_zeroseg.core.recipe import Recipe
    from napari_zeroseg.core.tiles import Window
    from napari_zeroseg.methods.choice import Grants
    from napari_zeroseg.session.source import PlaneIndex
    from napari_zeroseg.session.state import State

NO_PARTS = "Find clusters first."
ELSEWHERE = "The clusters are those of another plane: go back to it, or find them here."


class Parting(Running):
    """What a person does to clusters; each step can be undone."""

    @property
    def readiness(self) -> Mapping[Action, str]:
        """For every action the reason why it cannot be done now, or an empty text."""
        known = super().readiness
        return {**known, Action.PART: known[Action.DRAW], Action.NAME_PARTS: self._parts_reason()}

    def _parts_reason(self) -> str:
        partition = self.state.partition
        if partition is None:
            return NO_PARTS
        if partition.plane != self._place():
            return ELSEWHERE
        return RUNNING if self._activity.running else ""

    def find_clusters(self) -> None:
        """Part the present plane into clusters, and suggest a class for each.

        Of the accepted classes, or of all where none is accepted; in the part of the plane that runs
        are kept to. No mask is drawn yet.
        """
        self._require(Action.PART)
        assert self._source is not None
        self.find_clusters_in(self.reach.scope(self._source).region)

    @noted
    def find_clusters_in(self, region: Window | None) -> None:
        """Do what :meth:`find_clusters` does, in this part of the plane; None for all of it."""
        self._require(Action.PART)
        source, state, recipe = self._source, self.state, self._parting_recipe()
        assert source is not None

        def events() -> Iterator[Event]:
            yield StageStarted("Loading the models")
            job = self._parting_job(state, recipe, state.accepted_names or state.vocabulary.names)
            yield StageStarted("Reading the image")
            view = seen_at_once(source, region, recipe.parameters.level, recipe.parameters.tile)
            for event in freeseg.part(view.pixels, job):
                if isinstance(event, Parted):
                    yield Parted(_in_place(event.partition, source.plane, view))
                else:
                    yield event

        self._start_events(events)

    @noted
    def name_cluster(self, number: int, name: str | None) -> None:
        """Say which class a cluster shows, None for the background."""
        if name is not None and name not in self.state.vocabulary:
            raise NotNowError(f"There is no class '{name}'.", remedy=NO_CLASS)
        self._put(f"Name cluster {number + 1}", self._partition().named(number, name))

    @noted
    def merge_clusters(self, *numbers: int) -> None:
        """Make one cluster of several, under the name of the largest."""
        if len(set(numbers)) > 1:
            self._put("Merge clusters", self._partition().merged(numbers))

    @noted
    def split_cluster(self, number: int) -> None:
        """Part a cluster in two, where its places differ most."""
        partition, seed = self._partition(), self.refining.recipe.freeseg.seed

        def events() -> Iterator[Event]:
            yield StageStarted("Splitting a cluster")
            yield Parted(partition.split(number, seed))

        self._start_events(events)

    @noted
    def drop_clusters(self) -> None:
        """Put the clusters away."""
        if self.state.partition is not None:
            self._push("Drop clusters", replace(self.state, partition=None))

    @noted
    def draw_clusters(self) -> None:
        """Draw the masks of the named clusters, in place of the proposals where they lie."""
        partition, recipe = self._partition(), self._parting_recipe()
        state = changes.without_proposals(self.state, partition.plane, partition.window)
        names = tuple(dict.fromkeys(name for name in partition.names if name is not None))
        if not names:
            raise NotNowError("No cluster has a name.", remedy="Name at least one.")
        view = at_once.View(partition.image, partition.window, partition.origin, partition.factor)

        def events() -> Iterator[Event]:
            job = self._parting_job(state, recipe, names)
            claims = claims_on(state, partition.plane, {})
            found = at_once.segment(view, job, claims, partial(_drawn, partition))
            yield from placed(found, partition.plane)

        self._in_sight = set()
        self._start_events(events)

    def _on_run_event(self, event: Event) -> None:
        match event:
            case Parted(partition):
                self._push_run("Find clusters", replace(self.state, partition=partition))
            case Found() if self.state.partition is not None:
                self._push_run("Draw clusters", replace(self.state, partition=None))
                super()._on_run_event(event)
            case _:
                super()._on_run_event(event)

    def _partition(self) -> Partition:
        self._require(Action.NAME_PARTS)
        partition = self.state.partition
        assert partition is not None
        return partition

    def _put(self, text: str, partition: Partition) -> None:
        self._push(text, replace(self.state, partition=partition))

    def _parting_recipe(self) -> Recipe:
        return self.refining.recipe.model_copy(update={"method": Method.FREESEG_DIFF})

    def _parting_job(self, state: State, recipe: Recipe, names: Sequence[str]) -> Job:
        return Job(state.vocabulary, names, self._backends(recipe), recipe, provenance_of(recipe))


def _in_place(partition: Partition, plane: PlaneIndex, view: at_once.View) -> Partition:
    return replace(partition, plane=plane, window=view.window, origin=view.origin, factor=view.factor)


def _drawn(partition: Partition, _pixels: Plane, job: Job, claims: Grants) -> Iterator[Event]:
    return freeseg.draw(partition, job, claims)
