"""Find more like this: the accepted objects of a class are the example for the rest of the plane."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING

from napari_zeroseg.backends.entry import Role
from napari_zeroseg.backends.registry import Backends, names_of
from napari_zeroseg.core.events import Event, Sought
from napari_zeroseg.core.exemplars import Exemplars
from napari_zeroseg.core.instance import Provenance
from napari_zeroseg.methods import exemplar
from napari_zeroseg.session import changes
from napari_zeroseg.session.looking import claims_on, placed
from napari_zeroseg.session.noting import noted
from napari_zeroseg.session.readiness import NO_CLASS, NO_IMAGE, RUNNING, Action
from napari_zeroseg.session.running import Running

if TYPE_CHECKING:
    from napari_zeroseg.core.image import Plane
    from napari_zeroseg.session.source import PlaneIndex
    from napari_zeroseg.session.state import State

NO_EXAMPLE = "Accept or draw at least one {name} on this plane: it is the example for the others."
STEP = "Find more {name}"


class Seeking(Running):
    """Proposals by likeness to what a person has accepted."""

    @property
    def readiness(self) -> Mapping[Action, str]:
        """For every action the reason why it cannot be done now, or an empty text."""
        return {**super().readiness, Action.SEEK: self._seek_reason()}

    def _seek_reason(self) -> str:
        if self._source is None:
            return NO_IMAGE
        name = self.hand.class_in(self.state)
        if not name:
            return NO_CLASS
        if self._activity.running:
            return RUNNING
        shown = any(i.locked and i.name == name for i in self.state.on_plane(self._source.plane))
        return "" if shown else NO_EXAMPLE.format(name=name)

    def seek(self) -> None:
        """Propose more of the class in hand on this plane; its proposals there are weighed anew."""
        self._require(Action.SEEK)
        self.seek_class(self.hand.class_in(self.state))

    @noted
    def seek_class(self, name: str) -> None:
        """Propose more of a class on this plane, as :meth:`seek` does."""
        if self.hand.class_in(self.state) != name:
            self.hand.choose(name)
        self._require(Action.SEEK)
        source, state, recipe = self._source, self.state, self.refining.recipe
        assert source is not None
        exemplars = _exemplars(state, name, source.plane)
        claims = claims_on(changes.without_proposals_of(state, name, source.plane), source.plane, {})
        seeker = names_of(recipe)[Role.SEEKER]
        provenance = Provenance(method=exemplar.METHOD, detector=seeker, segmenter=seeker)

        def work(image: Plane, backends: Backends) -> Iterator[Event]:
            found = exemplar.seek(image, name, exemplars, backends.seeker, claims, provenance)
            return placed(found, source.plane)

        self._start(work)

    def _on_run_event(self, event: Event) -> None:
        match event:
            case Sought(name, plane):
                state = changes.without_proposals_of(self.state, name, plane)
                self._push_run(STEP.format(name=name), changes.add_layers(state, [name]))
            case _:
                super()._on_run_event(event)


def _exemplars(state: State, name: str, plane: PlaneIndex) -> Exemplars:
    here = [i for i in state.on_plane(plane) if i.name == name]
    return Exemplars(
        accepted=tuple(i.mask for i in here if i.locked),
        rejected=tuple(e.mask for e in state.erased if (e.name, e.plane) == (name, plane)),
        proposed=tuple(i.mask for i in here if not i.locked),
    )
