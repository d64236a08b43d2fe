"""Carrying objects from the planes on which a person answers for them to the others."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from napari_zeroseg.backends.entry import Role
from napari_zeroseg.backends.registry import names_of
from napari_zeroseg.backends.tracking import tracker_of
from napari_zeroseg.core.errors import NotNowError
from napari_zeroseg.core.events import Carried, Event, StageStarted
from napari_zeroseg.core.instance import Instance, Provenance
from napari_zeroseg.core.sequence import Kind, Row
from napari_zeroseg.methods.propagation import Scene, propagate
from napari_zeroseg.session import changes
from napari_zeroseg.session.noting import noted
from napari_zeroseg.session.queue import Subject
from napari_zeroseg.session.readiness import Action
from napari_zeroseg.session.reviewing import Reviewing
from napari_zeroseg.session.running import Running

if TYPE_CHECKING:
    from napari_zeroseg.session.state import State

Thing = tuple[str, int]

METHOD = "propagation"


class Propagating(Running, Reviewing):
    """What a person does with one object on many planes."""

    @noted
    def propagate(
        self,
        *things: Thing,
        axis: int = 0,
        first: int = 0,
        last: int | None = None,
        kind: Kind = Kind.DEPTH,
        directions: Sequence[int] = (1, -1),
    ) -> None:
        """Carry objects along an axis, from every plane where they are locked to where they end.

        Parameters
        ----------
        *things : (str, int)
            Class and id of the objects; all that are locked in the row when none is named.
        axis : int
            Which index of the plane varies; the others are those of the present plane.
        first, last : int
            Where to go, both included; the whole axis by default.
        kind : Kind
            Whether the planes are sections of bodies, or moments.
        directions : sequence of int
            1 towards higher indices, -1 towards lower ones.

        Raises
        ------
        NotNowError
            When there is nothing to carry, or something else is running.
        """
        self._require(Action.CARRY)
        source, state, recipe = self._source, self.state, self.refining.recipe
        assert source is not None
        row = Row(source.plane, axis, first, source.depth[axis] - 1 if last is None else last, kind)
        chosen = _with_keys(things or locked_things(state, row), state, row)
        locked = tuple(i for i in state.instances if i.locked)
        scene = Scene(source.shape, state.vocabulary, locked, state.erased)
        provenance = Provenance(method=METHOD, segmenter=names_of(recipe)[Role.SEGMENTER])

        def events() -> Iterator[Event]:
            yield StageStarted("Loading the models")
            tracker = tracker_of(self._backends(recipe).segmenter)
            # a window may be of one value, as planes beyond the ends of a specimen are
            whole = (slice(0, source.shape[0]), slice(0, source.shape[1]))
            yield from propagate(
                lambda plane: source.on(plane).window(whole),
                row, chosen, scene, tracker, provenance, directions,
            )  # fmt: skip

        self._start_events(events)

    def _on_run_event(self, event: Event) -> None:
        match event:
            case Carried():
                state = changes.carry(self.state, event)
                if state is not self.state:
                    self._push_run("Carry", state)
            case _:
                super()._on_run_event(event)

    def visit_doubtful(self, name: str, instance_id: int, step: int = 1) -> None:
        """Show the next of an object's proposed masks in the order of doubt: lowest score first.

        Parameters
        ----------
        name, instance_id : str, int
            The object.
        step : int
            1 for the next one, -1 for the one before; they go round.

        Raises
        ------
        NotNowError
            When every mask of it is decided.
        """
        ranked = doubtful(self.state, name, instance_id)
        if not ranked or self._source is None:
            raise NotNowError(f"Every mask of '{name} {instance_id}' is decided.", kept="")
        planes = [i.plane for i in ranked]
        here = planes.index(self._place()) if self._place() in planes else -min(step, 0) - 1
        chosen = ranked[(here + step) % len(ranked)]
        self.visited.emit(Subject(self._source.key, chosen.key, locked=False, doubts=()))
        self.hand.choose(name, instance_id)


def locked_things(state: State, row: Row) -> tuple[Thing, ...]:
    """Return the objects that are locked on a plane of a row."""
    things = (i.thing for i in state.instances if i.locked and row.place_of(i.plane) is not None)
    return tuple(dict.fromkeys(things))


def doubtful(state: State, name: str, instance_id: int) -> list[Instance]:
    """Return an object's proposed masks, the least certain first."""
    proposed = (i for i in state.sections(name, instance_id) if not i.locked)
    return sorted(proposed, key=lambda i: i.score)


def _with_keys(things: Sequence[Thing], state: State, row: Row) -> tuple[Thing, ...]:
    known = set(locked_things(state, row))
    missing = [thing for thing in things if thing not in known]
    if missing or not things:
        what = f"'{missing[0][0]} {missing[0][1]}'" if missing else "No object"
        raise NotNowError(
            f"{what} is {'not ' if missing else ''}accepted on a plane from {row.first} to {row.last}.",
            remedy="Accept or draw it on one of them, or choose other planes.",
            kept="",
        )
    return tuple(things)
