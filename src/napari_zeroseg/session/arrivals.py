"""Masks that another tool drew, into a state: a pure function."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

from napari_zeroseg.core.compose import Marks
from napari_zeroseg.core.mask import Mask
from napari_zeroseg.core.vocabulary import TargetClass, Vocabulary
from napari_zeroseg.session import changes

if TYPE_CHECKING:
    from napari_zeroseg.core.instance import Instance
    from napari_zeroseg.session.source import PlaneIndex
    from napari_zeroseg.session.state import State

Taken = dict[tuple[str, "PlaneIndex"], Marks]
"""Pixels by class and plane."""


def arrive(state: State, classes: Sequence[TargetClass], instances: Sequence[Instance]) -> State:
    """Take classes that are not there yet, and instances with the pixels that are free for them.

    What a person answers for keeps its pixels; proposals give way to what comes accepted. Those that
    come are not cut by each other. Ids that are taken are given anew, to all planes of an object alike.

    Raises
    ------
    BadVocabularyError
        When there would be too many classes.
    """
    known = {c.name.casefold(): c.name for c in state.vocabulary}
    new = tuple(c for c in classes if c.name.casefold() not in known)
    state = changes.set_vocabulary(state, Vocabulary((*state.vocabulary.classes, *new)))
    named = [replace(i, name=known.get(i.name.casefold(), i.name)) for i in instances]
    locked = _taken(i for i in state.instances if i.locked)
    left = [fitted for i in named if (fitted := _without(state, i, locked)) is not None]
    coming = _taken(i for i in left if i.locked)
    kept = [i if i.locked else _without(state, i, coming) for i in state.instances]
    state = replace(state, instances=tuple(i for i in kept if i is not None))
    return changes.add_instances(state, list(_with_free_ids(state, left)))


def _taken(instances: Iterable[Instance]) -> Taken:
    taken: Taken = defaultdict(Marks)
    for instance in instances:
        taken[instance.name, instance.plane].add(instance.mask)
    return taken


def _without(state: State, instance: Instance, taken: Taken) -> Instance | None:
    """Return an instance without pixels that are taken, None where nothing is left of it."""
    free = instance.mask.pixels
    for (name, plane), marks in taken.items():
        same = name == instance.name
        if plane == instance.plane and (same or not state.vocabulary.overlap_allowed(name, instance.name)):
            free = free & ~marks.within(instance.mask.slices)
    if free is instance.mask.pixels:
        return instance
    mask = Mask(instance.mask.origin, free).trimmed()
    return replace(instance, mask=mask) if mask.area else None


def _with_free_ids(state: State, instances: Sequence[Instance]) -> Iterator[Instance]:
    used = {i.thing for i in state.instances}
    highest: defaultdict[str, int] = defaultdict(int)
    for name, number in (*used, *(i.thing for i in instances)):
        highest[name] = max(highest[name], number)
    anew: dict[tuple[str, int], int] = {}
    for instance in instances:
        if instance.thing in used and instance.thing not in anew:
            highest[instance.name] += 1
            anew[instance.thing] = highest[instance.name]
        yield replace(instance, id=anew.get(instance.thing, instance.id))
