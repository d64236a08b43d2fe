"""Two into one: classes and objects, without a pixel lost that a person answers for."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable
from dataclasses import replace
from functools import reduce
from itertools import chain
from typing import TYPE_CHECKING

import numpy as np

from napari_zeroseg.core.instance import Instance, InstanceState
from napari_zeroseg.core.mask import Mask
from napari_zeroseg.core.suggestion import Decision, Suggestion
from napari_zeroseg.core.vocabulary import TargetClass, Vocabulary

if TYPE_CHECKING:
    from napari_zeroseg.core.compose import Erasure
    from napari_zeroseg.session.source import PlaneIndex
    from napari_zeroseg.session.state import State


def merge_classes(state: State, name: str, into: str) -> State:
    """Make everything of one class belong to another, which keeps its own name, colour and ids.

    The name that goes becomes a synonym of the one that stays. Objects that come get new ids. Where
    they overlap those that are there, a person's come before proposals, then those that are there.
    """
    offset = max((i.id for i in state.instances if i.name == into), default=0)

    def moved(instance: Instance) -> Instance:
        return replace(instance, name=into, id=instance.id + offset) if instance.name == name else instance

    instances = _parted([moved(i) for i in state.instances], into, offset)
    draft = state.draft
    if draft is not None and draft.name == name:
        draft = replace(draft, name=into, instance_id=draft.instance_id and draft.instance_id + offset)
    return replace(
        state,
        vocabulary=_joined(state.vocabulary, name, into),
        # what the refiner knew of either no longer holds
        looks=tuple(c for c in state.looks if c.name not in (name, into)),
        suggestions=tuple(_suggestions(state.suggestions, name, into)),
        phrases=tuple(replace(p, name=into) if p.name == name else p for p in state.phrases),
        instances=instances,
        erased=tuple(_erased(state.erased, name, into, instances)),
        layered=tuple(dict.fromkeys(into if n == name else n for n in state.layered)),
        draft=draft,
    )


def _joined(vocabulary: Vocabulary, name: str, into: str) -> Vocabulary:
    going, staying = vocabulary[name], vocabulary[into]
    words = (*staying.synonyms, name, *going.synonyms)
    overlaps = (*staying.may_overlap, *going.may_overlap)
    joined = replace(
        staying,
        synonyms=tuple(w for w in dict.fromkeys(words) if w != into),
        may_overlap=_renamed(overlaps, name, into, of=into),
    )
    others = (
        joined if c.name == into else replace(c, may_overlap=_renamed(c.may_overlap, name, into, of=c.name))
        for c in vocabulary
        if c.name != name
    )
    return Vocabulary(tuple(others))


def _renamed(names: Iterable[str], name: str, into: str, *, of: str) -> tuple[str, ...]:
    return tuple(n for n in dict.fromkeys(into if n == name else n for n in names) if n != of)


def _parted(instances: list[Instance], name: str, offset: int) -> tuple[Instance, ...]:
    """Give each pixel to one instance of a class on its plane; those above ``offset`` have come."""
    taken: dict[PlaneIndex, list[Mask]] = defaultdict(list)
    left: dict[int, Mask] = {}
    own = [i for i in instances if i.name == name]
    for instance in sorted(own, key=lambda i: (not i.locked, i.id > offset)):
        above = (m for m in taken[instance.plane] if m.overlap(instance.mask))
        mask = reduce(Mask.minus, above, instance.mask)
        taken[instance.plane].append(mask)
        left[id(instance)] = mask
    kept = (i if i.name != name or left[id(i)] is i.mask else replace(i, mask=left[id(i)]) for i in instances)
    return tuple(i for i in kept if i.mask.area)


def _suggestions(suggestions: Iterable[Suggestion], name: str, into: str) -> Iterable[Suggestion]:
    found = {s.name: s for s in suggestions}
    going, staying = found.get(name), found.get(into)
    if going is not None and staying is not None and staying.decision is Decision.PENDING:
        staying = replace(staying, decision=going.decision, carried=going.carried)
    joined = staying or (replace(going, name=into) if going is not None else None)
    last = into if staying is not None else name
    for suggestion in suggestions:
        if suggestion.name == last and joined is not None:
            yield joined
        elif suggestion.name not in (name, into):
            yield suggestion


def _erased(
    erased: Iterable[Erasure], name: str, into: str, instances: Collection[Instance]
) -> Iterable[Erasure]:
    """Rename erasures; what was taken away from one class may be there in the other."""
    for erasure in erased:
        if erasure.name != name:
            yield erasure
            continue
        there = (i.mask for i in instances if i.name == into and i.plane == erasure.plane)
        mask = reduce(Mask.minus, (m for m in there if m.overlap(erasure.mask)), erasure.mask)
        if mask.area:
            yield replace(erasure, name=into, mask=mask)


def merge_objects(state: State, name: str, ids: Collection[int]) -> State:
    """Make one object of several of a class, on all planes, under the lowest of their ids.

    On a plane that more than one of them lies on, a person answers for the mask from now on; on the
    others nothing but the id changes.
    """
    sections: dict[PlaneIndex, list[Instance]] = defaultdict(list)
    for instance in state.instances:
        if instance.name == name and instance.id in ids:
            sections[instance.plane].append(instance)
    merged = [_united(parts, min(ids)) for parts in sections.values()]
    gone = set(map(id, chain.from_iterable(sections.values())))
    return replace(state, instances=(*(i for i in state.instances if id(i) not in gone), *merged))


def _united(parts: list[Instance], number: int) -> Instance:
    largest = max(parts, key=lambda i: i.mask.area)
    if len(parts) == 1:
        return replace(largest, id=number)
    return replace(
        largest,
        id=number,
        mask=_union([part.mask for part in parts]),
        score=max(part.score for part in parts),
        state=InstanceState.EDITED,
        provenance=replace(largest.provenance, author="person"),
    )


def _union(masks: list[Mask]) -> Mask:
    top, left = (min(mask.origin[axis] for mask in masks) for axis in (0, 1))
    bottom, right = (max(mask.slices[axis].stop for mask in masks) for axis in (0, 1))
    window = slice(top, bottom), slice(left, right)
    pixels = np.logical_or.reduce([mask.within(window) for mask in masks])
    return Mask((top, left), pixels)


def clashing(vocabulary: Vocabulary, target: TargetClass, name: str) -> str:
    """Return the other class that has ``name`` already, but for case; empty where there is none."""
    wanted = name.strip().casefold()
    return next((n for n in vocabulary.names if n != target.name and n.casefold() == wanted), "")
