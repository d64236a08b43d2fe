"""Clusters before they are masks: a person names, merges and splits them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING, Any

from psygnal import Signal

from napari_zeroseg.core.errors import NotNowError
from napari_zeroseg.core.events import Captioned, Event, Found, Parted, StageStarted
from napari_zeroseg.core.method import Method
from napari_zeroseg.methods import at_once, freeseg
from napari_zeroseg.methods.job import Job
from napari_zeroseg.session import changes
from napari_zeroseg.session.looking import claims_on, placed
from napari_zeroseg.session.noting import noted
from napari_zeroseg.session.readiness import NO_CLASS, NO_IMAGE, RUNNING, Action
from napari_zeroseg.session.running import Running, provenance_of
from napari_zeroseg.session.source import seen_at_once

if TYPE_CHECKING:
    from napari_zeroseg.core.image import Plane
    from napari_zeroseg.core.partition import Labels, Partition
    from napari_zeroseg.core.recipe import Recipe
    from napari_zeroseg.core.tiles import Window
    from napari_zeroseg.methods.choice import Grants
    from napari_zeroseg.session.source import ImageSource
    from napari_zeroseg.session.state import State

NO_PARTS = "Find clusters first."
IDEAS = "The caption also names: {}. What of it you look for can be added under Suggestions."
ELSEWHERE = "The clusters are those of another plane: go back to it, or find them here."


class Parting(Running):
    """What a person does to clusters; each step can be undone, but for which of them are chosen."""

    clusters_chosen = Signal()

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._chosen: tuple[Labels | None, tuple[int, ...]] = (None, ())

    @property
    def chosen_clusters(self) -> tuple[int, ...]:
        """The clusters that a person looks at, in rising order."""
        labels, numbers = self._chosen
        partition = self.state.partition
        # numbers tell nothing of clusters that were found, merged or split since
        return numbers if partition is not None and partition.labels is labels else ()

    def choose_clusters(self, *numbers: int) -> None:
        """Look at some clusters, at none by default."""
        before, partition = self.chosen_clusters, self.state.partition
        chosen = tuple(sorted(set(numbers)))
        if partition is not None and chosen != before:
            self._chosen = (partition.labels, chosen)
            self.clusters_chosen.emit()

    @property
    def readiness(self) -> Mapping[Action, str]:
        """For every action the reason why it cannot be done now, or an empty text."""
        known = super().readiness
        return {**known, Action.PART: self._part_reason(), Action.NAME_PARTS: self._parts_reason()}

    def _part_reason(self) -> str:
        usable = NO_IMAGE if self._source is None else self._source.blocked
        return usable or (RUNNING if self._activity.running else "")

    def _parts_reason(self) -> str:
        partition = self.state.partition
        if partition is None:
            return NO_PARTS
        if partition.plane != self._place():
            return ELSEWHERE
        return RUNNING if self._activity.running else ""

    def find_clusters(self) -> None:
        """Part the present plane into clusters, and suggest a class for each.

        Of the accepted classes, or of all where none is accepted; without any class the caption is
        asked what there is. In the part of the plane that runs are kept to. No mask is drawn yet.
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
            view = _seen(source, region, recipe)
            for event in freeseg.part(view.pixels, job):
                if isinstance(event, Parted):
                    yield Parted(replace(event.partition, plane=source.plane, window=view.window))
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
            before = self._partition()
            self._put("Merge clusters", before.merged(numbers))
            self.choose_clusters(before.merged_number(numbers))

    @noted
    def split_cluster(self, number: int) -> None:
        """Part a cluster in two, where its places differ most."""
        partition, recipe, source = self._partition(), self._parting_recipe(), self._source
        assert source is not None
        state = self.state

        def events() -> Iterator[Event]:
            yield StageStarted("Splitting a cluster")
            view = _seen(source, partition.window, recipe)
            features = freeseg.described_places(view.pixels, self._parting_job(state, recipe, ()))
            yield StageStarted("Splitting a cluster")  # Cancel bites here
            yield Parted(partition.split(number, features, recipe.freeseg.seed), split=number)

        self._start_events(events)

    @noted
    def drop_clusters(self) -> None:
        """Put the clusters away."""
        if self.state.partition is not None:
            self._push("Drop clusters", replace(self.state, partition=None))

    @noted
    def draw_clusters(self) -> None:
        """Draw the masks of the named clusters, in place of the proposals where they lie."""
        partition, recipe, source = self._partition(), self._parting_recipe(), self._source
        assert source is not None
        state = changes.without_proposals(self.state, partition.plane, partition.window)
        names = tuple(dict.fromkeys(name for name in partition.names if name is not None))
        if not names:
            raise NotNowError("No cluster has a name.", remedy="Name at least one.")

        def events() -> Iterator[Event]:
            yield StageStarted("Reading the image")
            view = _seen(source, partition.window, recipe)
            job = self._parting_job(state, recipe, names)
            claims = claims_on(state, partition.plane, {})
            found = at_once.segment(view, job, claims, partial(_drawn, partition))
            yield from placed(found, partition.plane)

        self._in_sight = set()
        self._start_events(events)

    def _on_run_event(self, event: Event) -> None:
        match event:
            case Parted():
                self._on_parted(event)
            case Captioned():
                self._on_captioned(event)
            case Found() if self.state.partition is not None:
                self._push_run("Draw clusters", replace(self.state, partition=None))
                super()._on_run_event(event)
            case _:
                super()._on_run_event(event)

    def _on_captioned(self, event: Captioned) -> None:
        known = {idea.name for idea in self.state.ideas}
        new = tuple(idea for idea in event.ideas if idea.name not in known)
        # what a caption says is no decision: it needs no step of its own
        self._amend(replace(self.state, caption=event.caption, ideas=(*self.state.ideas, *new)))
        if new:
            self.noticed.emit(IDEAS.format(", ".join(idea.name for idea in new)))

    def _on_parted(self, event: Parted) -> None:
        names = self.state.vocabulary.names
        # a class may have been renamed or removed since the run began
        partition = event.partition.renamed(lambda name: name if name in names else None)
        if event.split is None:
            self._push_run("Find clusters", replace(self.state, partition=partition))
        elif self.state.partition is not None and partition.labels is self.state.partition.labels:
            self.noticed.emit(f"All places of cluster {event.split + 1} are alike: it stays whole.")
        else:
            self._push_run(f"Split cluster {event.split + 1}", replace(self.state, partition=partition))
            self.choose_clusters(event.split, len(partition) - 1)

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


def _seen(source: ImageSource, window: Window | None, recipe: Recipe) -> at_once.View:
    return seen_at_once(source, window, recipe.parameters.level, recipe.parameters.tile)


def _drawn(partition: Partition, pixels: Plane, job: Job, claims: Grants) -> Iterator[Event]:
    return freeseg.draw(pixels, partition, job, claims)
