"""The work of a run: all planes of its scope, each at once or in tiles."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from napari_zeroseg.core.compose import Claims
from napari_zeroseg.core.events import Detected, Event, Found, FoundMany, Progress, Sought, StageStarted
from napari_zeroseg.core.tiles import Window, shrunk, tiles
from napari_zeroseg.methods import at_once, grounded, tiled
from napari_zeroseg.methods.choice import CHOICES, Run
from napari_zeroseg.methods.job import Job
from napari_zeroseg.session import changes
from napari_zeroseg.session.source import seen_at_once

if TYPE_CHECKING:
    from napari_zeroseg.backends.registry import Backends
    from napari_zeroseg.core.instance import Provenance
    from napari_zeroseg.core.mask import Mask
    from napari_zeroseg.core.recipe import Recipe
    from napari_zeroseg.session.scope import Scope
    from napari_zeroseg.session.source import ImageSource, PlaneIndex
    from napari_zeroseg.session.state import State


@dataclass(frozen=True)
class Search:
    """What a run looks for, and where.

    Parameters
    ----------
    source : ImageSource
        Any plane of the image.
    scope : Scope
        Which planes, and which part of them.
    state : State
        When the run began: its classes, and what stays as it is.
    recipe : Recipe
        The method, thresholds, tiles and level.
    provenance : Provenance
        What all instances have in common.
    """

    source: ImageSource
    scope: Scope
    state: State
    recipe: Recipe
    provenance: Provenance

    def events(self, backends: Backends) -> Iterator[Event]:
        """Look at every plane in turn."""
        planes = self.scope.planes
        ids = self._ids()
        for number, plane in enumerate(planes):
            found = placed(self._on_plane(plane, backends, ids), plane)
            yield from found if len(planes) == 1 else _among(found, number, len(planes))

    def _ids(self) -> dict[str, int]:
        """Return where ids begin: a proposal that is being corrected goes, but its id comes back."""
        draft = self.state.draft
        kept = self.state.find(draft.key) if draft is not None and draft.key else None
        return {} if kept is None else {kept.name: kept.id + 1}

    def _on_plane(self, plane: PlaneIndex, backends: Backends, ids: dict[str, int]) -> Iterator[Event]:
        source = self.source.on(plane)
        state = changes.without_proposals(self.state, plane, self.scope.region)
        job = Job(state.vocabulary, state.accepted_names, backends, self.recipe, self.provenance)
        claims = claims_on(state, plane, ids)
        run = CHOICES[self.recipe.method].run
        if run is not None:
            yield from self._at_once(source, job, claims, run)
        elif self._fits(source):
            yield StageStarted("Reading the image")
            yield from grounded.segment(source.pixels, job, claims)
        else:
            yield from self._in_tiles(source, job, claims, claims_in(state, plane))

    def _fits(self, source: ImageSource) -> bool:
        p = self.recipe.parameters
        return self.scope.region is None and not p.level and max(source.shape) <= p.tile

    def _at_once(self, source: ImageSource, job: Job, claims: Claims, run: Run) -> Iterator[Event]:
        yield StageStarted("Reading the image")
        p = self.recipe.parameters
        view = seen_at_once(source, self.scope.region, p.level, p.tile)
        yield from at_once.segment(view, job, claims, run)

    def _in_tiles(
        self, source: ImageSource, job: Job, claims: Claims, claims_in: Callable[[Window], Claims]
    ) -> Iterator[Event]:
        p, level = self.recipe.parameters, source.at(self.recipe.parameters.level)
        factor = (source.shape[0] / level.shape[0], source.shape[1] / level.shape[1])
        return tiled.segment(
            tiled.LargeImage(level.shape, level.window, factor),
            tiles(level.shape, p.tile_core, p.tile_overlap, shrunk(self.scope.region, factor)),
            job,
            claims,
            claims_in,
        )


def claims_on(state: State, plane: PlaneIndex, ids: dict[str, int]) -> Claims:
    """Return the claims on a plane; ids stay unique over all planes.

    Parameters
    ----------
    state : State
        What stays as it is.
    plane : tuple of int
        Where things are looked for.
    ids : dict
        The next id of each class; shared by the planes of a run.
    """
    claims = Claims(
        state.vocabulary, state.on_plane(plane), [e for e in state.erased if e.plane == plane], ids
    )
    for instance in state.instances:
        claims.reserve_id(instance)
    return claims


def claims_in(state: State, plane: PlaneIndex) -> Callable[[Window], Claims]:
    """Return what gives the claims on a part of a plane."""
    held = state.on_plane(plane)
    erased = [e for e in state.erased if e.plane == plane]

    def within(window: Window) -> Claims:
        return Claims(
            state.vocabulary,
            [i for i in held if _meets(i.mask, window)],
            [e for e in erased if _meets(e.mask, window)],
        )

    return within


def _meets(mask: Mask, window: Window) -> bool:
    return all(
        own.start < seen.stop and own.stop > seen.start for own, seen in zip(mask.slices, window, strict=True)
    )


def placed(events: Iterator[Event], plane: PlaneIndex) -> Iterator[Event]:
    """Say on which plane things were found; a method knows of one plane only."""
    for event in events:
        match event:
            case Found(instance):
                yield Found(replace(instance, plane=plane))
            case FoundMany(instances):
                yield FoundMany(tuple(replace(i, plane=plane) for i in instances))
            case Detected() | Sought():
                yield replace(event, plane=plane)
            case _:
                yield event


STEPS = 1000
"""A plane's progress is counted in so many steps where there are several planes."""


def _among(events: Iterator[Event], number: int, total: int) -> Iterator[Event]:
    """Say in the events of one plane which of several it is."""
    for event in events:
        match event:
            case StageStarted(text):
                yield StageStarted(f"Plane {number + 1} of {total}: {text}")
                yield Progress(number * STEPS, total * STEPS)
            case Progress(done, steps):
                yield Progress(number * STEPS + STEPS * done // max(steps, 1), total * STEPS)
            case _:
                yield event
