"""Every change that a person or a run can make to a state, as pure functions."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from functools import reduce
from typing import TYPE_CHECKING

import numpy as np

from napari_zeroseg.core.compose import MIN_SHARE_LEFT, Erasure, instance_labels
from napari_zeroseg.core.instance import Combination, Instance, InstanceKey, InstanceState, Provenance
from napari_zeroseg.core.mask import Mask
from napari_zeroseg.core.suggestion import Decision, Idea, Suggestion

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from napari_zeroseg.core.events import Carried
    from napari_zeroseg.core.partition import Partition
    from napari_zeroseg.core.tiles import Window
    from napari_zeroseg.core.vocabulary import TargetClass, Vocabulary
    from napari_zeroseg.session.source import PlaneIndex
    from napari_zeroseg.session.state import Draft, State


def set_vocabulary(state: State, vocabulary: Vocabulary) -> State:
    """Take a new list of classes; what belongs to classes that left goes with them."""
    names = set(vocabulary.names)
    return replace(
        state,
        vocabulary=vocabulary,
        looks=tuple(c for c in state.looks if c.name in names),
        suggestions=tuple(s for s in state.suggestions if s.name in names),
        instances=tuple(i for i in state.instances if i.name in names),
        erased=tuple(e for e in state.erased if e.name in names),
        layered=tuple(n for n in state.layered if n in names),
        draft=state.draft if state.draft and state.draft.name in names else None,
        partition=_with_names(state.partition, lambda name: name if name in names else None),
    )


def change_class(state: State, name: str, target: TargetClass) -> State:
    """Change a class; when its name changes, everything that bears the name follows."""

    def renamed(old: str) -> str:
        return target.name if old == name else old

    vocabulary = state.vocabulary.replaced(name, target)
    return replace(
        state,
        vocabulary=vocabulary,
        # what the refiner knew of the old name or the old words no longer holds
        looks=tuple(c for c in state.looks if c.name != name),
        suggestions=tuple(replace(s, name=renamed(s.name)) for s in state.suggestions),
        instances=tuple(replace(i, name=renamed(i.name)) for i in state.instances),
        erased=tuple(replace(e, name=renamed(e.name)) for e in state.erased),
        layered=tuple(renamed(n) for n in state.layered),
        draft=replace(state.draft, name=renamed(state.draft.name)) if state.draft else None,
        partition=_with_names(state.partition, renamed),
    )


def _with_names(partition: Partition | None, renamed: Callable[[str], str | None]) -> Partition | None:
    return None if partition is None else partition.renamed(renamed)


def suggest(
    state: State,
    suggestions: Iterable[Suggestion],
    ideas: Iterable[Idea] = (),
    defaults: Mapping[str, Decision] = {},
) -> State:
    """Take new suggestions; what the user decided before stays decided.

    Where nothing was decided on this image, ``defaults`` say what was decided on another one.
    """
    before = {s.name: s for s in state.suggestions}

    def with_decision(new: Suggestion) -> Suggestion:
        old = before.get(new.name)
        if old is None:
            return new.defaulted(defaults.get(new.name, new.decision))
        return replace(new, decision=old.decision, carried=old.carried)

    return replace(state, suggestions=tuple(with_decision(s) for s in suggestions), ideas=tuple(ideas))


def decide(state: State, names: Iterable[str], decision: Decision) -> State:
    """Accept, reject or reopen suggestions."""
    chosen = set(names)
    return replace(
        state,
        suggestions=tuple(s.decided(decision) if s.name in chosen else s for s in state.suggestions),
    )


def without_proposals(state: State, plane: PlaneIndex, region: Window | None = None) -> State:
    """Drop what no person has accepted on a plane, or in the part of it that holds its centre."""

    def stays(instance: Instance) -> bool:
        return (
            instance.locked
            or instance.plane != plane
            or not (region is None or _is_centred(instance.mask, region))
        )

    return replace(state, instances=tuple(i for i in state.instances if stays(i)))


def _is_centred(mask: Mask, region: Window) -> bool:
    return all(
        part.start <= (own.start + own.stop) / 2 < part.stop
        for own, part in zip(mask.slices, region, strict=True)
    )


def without_proposals_of(state: State, name: str, plane: PlaneIndex) -> State:
    """Drop what no person has accepted of one class on a plane."""
    kept = (i for i in state.instances if i.locked or (i.name, i.plane) != (name, plane))
    return replace(state, instances=tuple(kept))


def add_layers(state: State, names: Iterable[str]) -> State:
    """Give classes a Labels layer."""
    return replace(state, layered=tuple(dict.fromkeys((*state.layered, *names))))


def add_instance(state: State, instance: Instance) -> State:
    """Take an instance whose pixels are its own."""
    return replace(add_layers(state, [instance.name]), instances=(*state.instances, instance))


def add_instances(state: State, instances: Sequence[Instance]) -> State:
    """Take instances whose pixels are their own, all at once: thousands, one by one, would take long."""
    names = dict.fromkeys(i.name for i in instances)
    return replace(add_layers(state, names), instances=(*state.instances, *instances))


def beside_the_person(state: State, begun: State, found: Sequence[Instance]) -> tuple[Instance, ...]:
    """Return what a run found without the pixels and ids that a person took since the run had begun.

    Parameters
    ----------
    state : State
        The present one.
    begun : State
        When the run began; what was there then, the run knows of.
    found : sequence of Instance
        What the run gives.
    """
    known = {id(i) for i in begun.instances}
    taken = [i for i in state.instances if i.locked and id(i) not in known]
    known = {id(e) for e in begun.erased}
    erased = [e for e in state.erased if id(e) not in known]
    if not taken and not erased:
        return tuple(found)
    left = (_left_by(state, instance, taken, erased) for instance in found)
    return _with_free_ids(state, [instance for instance in left if instance.mask.area])


def _left_by(state: State, found: Instance, taken: Sequence[Instance], erased: Sequence[Erasure]) -> Instance:
    masks = [i.mask for i in taken if i.plane == found.plane and _exclusive(state, found.name, i.name)]
    masks += [e.mask for e in erased if _same_place(e, found)]
    touching = [mask for mask in masks if mask.overlap(found.mask)]
    return replace(found, mask=reduce(Mask.minus, touching, found.mask)) if touching else found


def _with_free_ids(state: State, found: Iterable[Instance]) -> tuple[Instance, ...]:
    used = {i.thing for i in state.instances}
    numbered = []
    for instance in found:
        if instance.thing in used:
            instance = replace(instance, id=1 + max(i for name, i in used if name == instance.name))
        used.add(instance.thing)
        numbered.append(instance)
    return tuple(numbered)


def accept_instances(state: State, keys: Iterable[InstanceKey]) -> State:
    """Lock instances."""
    chosen = set(keys)
    return replace(
        state,
        instances=tuple(i.accepted() if i.key in chosen else i for i in state.instances),
    )


def delete_instances(state: State, keys: Iterable[InstanceKey]) -> State:
    """Remove instances and remember that a person did not want them."""
    chosen = set(keys)
    gone = [i for i in state.instances if i.key in chosen]
    return replace(
        state,
        instances=tuple(i for i in state.instances if i.key not in chosen),
        erased=(*state.erased, *(Erasure(i.name, i.mask, i.plane) for i in gone)),
        draft=None if state.draft and state.draft.key in chosen else state.draft,
    )


def remove_layer(state: State, name: str) -> State:
    """Take away a class's layer and what is in it; the class stays in the vocabulary."""
    return replace(
        state,
        layered=tuple(n for n in state.layered if n != name),
        instances=tuple(i for i in state.instances if i.name != name),
        erased=tuple(e for e in state.erased if e.name != name),
        draft=None if state.draft and state.draft.name == name else state.draft,
    )


def commit(state: State, draft: Draft) -> State:
    """Turn a draft with a mask into an edited instance, or make it a part of one.

    It takes pixels from proposals, but none from what is locked.
    """
    old = state.find(draft.key) if draft.key else None
    mask = _combined(state, draft, old)
    instance = Instance(
        draft.instance_id or state.next_id(draft.name),
        draft.name,
        mask,
        draft.score if old is None or draft.replaces else old.score,
        InstanceState.EDITED,
        _origin_of(draft, old),
        draft.plane,
    )
    others = replace(state, instances=tuple(i for i in state.instances if i is not old), draft=None)
    if draft.combination is Combination.SUBTRACTED and old is not None:
        gone = old.mask.minus(mask)
        others = replace(others, erased=(*others.erased, Erasure(draft.name, gone, draft.plane)))
    if not mask.area:
        return others
    return add_instance(_give_way(others, instance, spare_locked=True), instance)


def _combined(state: State, draft: Draft, old: Instance | None) -> Mask:
    """Return the mask of the instance after the commit."""
    assert draft.mask is not None
    before = old.mask if old is not None else draft.base
    if draft.combination is Combination.SUBTRACTED:
        assert before is not None
        return before.minus(draft.mask)
    drawn = _outside_locked(state, draft, draft.mask)
    return drawn if draft.replaces or before is None else before.plus(drawn)


def _origin_of(draft: Draft, old: Instance | None) -> Provenance:
    step = Provenance(
        author="person",
        segmenter=draft.segmenter,
        box=draft.prompt.box,
        points=draft.prompt.points,
        combination=draft.combination,
    )
    return step if old is None else step.after(old.provenance)


def _outside_locked(state: State, draft: Draft, mask: Mask) -> Mask:
    for other in state.on_plane(draft.plane):
        same = other.key == draft.key
        if other.locked and not same and _exclusive(state, draft.name, other.name):
            mask = mask.minus(other.mask)
    return mask


def carry(state: State, carried: Carried) -> State:
    """Take what was found of objects on a plane, in the place of earlier proposals of them.

    It takes pixels from other proposals, but none from what is locked or erased, and nothing of
    objects that are gone meanwhile.
    """
    plane, alive = carried.plane, {i.thing for i in state.instances}
    kept = tuple(
        i for i in state.instances if i.locked or i.plane != plane or i.thing not in set(carried.things)
    )
    after = state if len(kept) == len(state.instances) else replace(state, instances=kept)
    for instance in carried.instances:
        if instance.thing in alive and after.find(instance.key) is None:
            after = _propose(after, instance)
    return after


def _propose(state: State, instance: Instance) -> State:
    mask = instance.mask
    for other in state.on_plane(instance.plane):
        if other.locked and _exclusive(state, instance.name, other.name):
            mask = mask.minus(other.mask)
    for erasure in state.erased:
        if _same_place(erasure, instance):
            mask = mask.minus(erasure.mask)
    if not mask.area:
        return state
    left = replace(instance, mask=mask)
    return add_instance(_give_way(state, left, spare_locked=True), left)


def _exclusive(state: State, name: str, other: str) -> bool:
    return name == other or not state.vocabulary.overlap_allowed(name, other)


def _give_way(state: State, winner: Instance, *, spare_locked: bool) -> State:
    """Take the winner's pixels from others, and un-erase them in its class."""
    kept = [
        left
        for other in state.instances
        if (left := _after_loss(state, other, winner, spare_locked=spare_locked)) is not None
    ]
    erased = [
        replace(e, mask=e.mask.minus(winner.mask)) if _same_place(e, winner) else e for e in state.erased
    ]
    return replace(state, instances=tuple(kept), erased=tuple(e for e in erased if e.mask.area))


def _same_place(erasure: Erasure, instance: Instance) -> bool:
    return erasure.name == instance.name and erasure.plane == instance.plane


def _after_loss(state: State, other: Instance, winner: Instance, *, spare_locked: bool) -> Instance | None:
    untouched = (
        other.plane != winner.plane
        or (other.locked and spare_locked)
        or not _exclusive(state, winner.name, other.name)
        or not other.mask.overlap(winner.mask)
    )
    if untouched:
        return other
    left = other.mask.minus(winner.mask)
    same_object = other.name == winner.name and left.area < MIN_SHARE_LEFT * other.mask.area
    if not left.area or (same_object and not other.locked):
        return None
    return replace(other, mask=left)


def paint(
    state: State, name: str, plane: PlaneIndex, origin: tuple[int, int], window: NDArray[np.integer]
) -> State:
    """Take what a person painted into a class's Labels layer.

    Parameters
    ----------
    state : State
        Before the stroke.
    name : str
        The class whose layer was painted.
    plane : tuple of int
        Where.
    origin : tuple of int
        Row and column of ``window[0, 0]`` in the plane.
    window : ndarray of int, shape (h, w)
        The layer's labels after the stroke, on a window that holds every changed pixel.
    """
    before = _labels_in_window(state, name, plane, origin, window.shape)
    changed = before != window
    if not changed.any():
        return state
    for instance_id in np.unique(np.concatenate([before[changed], window[changed]])):
        if instance_id:
            state = _repaint(state, name, int(instance_id), plane, origin, window)
    gone = Mask(origin, changed & (before > 0) & (window == 0)).trimmed()
    if gone.area:
        state = replace(state, erased=(*state.erased, Erasure(name, gone, plane)))
    return add_layers(state, [name])


def _labels_in_window(
    state: State, name: str, plane: PlaneIndex, origin: tuple[int, int], shape: tuple[int, ...]
) -> NDArray[np.int32]:
    y, x = origin
    slices = slice(y, y + shape[0]), slice(x, x + shape[1])
    parts = [
        replace(i, mask=Mask((0, 0), i.mask.within(slices))) for i in state.on_plane(plane) if i.name == name
    ]
    return instance_labels(parts, name, (shape[0], shape[1]))


def _repaint(
    state: State,
    name: str,
    instance_id: int,
    plane: PlaneIndex,
    origin: tuple[int, int],
    window: NDArray[np.integer],
) -> State:
    old = state.find(InstanceKey(name, instance_id, plane))
    painted = Mask(origin, window == instance_id)
    mask = _with_window(old.mask, painted) if old else painted.trimmed()
    rest = replace(state, instances=tuple(i for i in state.instances if i is not old))
    if not mask.area:
        return rest
    instance = (
        old.edited(mask)
        if old
        else Instance(instance_id, name, mask, 1.0, InstanceState.EDITED, Provenance(author="person"), plane)
    )
    # only the stroke itself takes pixels from others: the rest was the instance's own before
    stroke = replace(instance, mask=painted.trimmed())
    return add_instance(_give_way(rest, stroke, spare_locked=False), instance)


def _with_window(mask: Mask, window: Mask) -> Mask:
    """Return the mask with the pixels of a window replaced."""
    pairs = zip(mask.slices, window.slices, strict=True)
    (top, bottom), (left, right) = ((min(a.start, b.start), max(a.stop, b.stop)) for a, b in pairs)
    whole = mask.within((slice(top, bottom), slice(left, right)))
    inner = (
        slice(window.origin[0] - top, window.slices[0].stop - top),
        slice(window.origin[1] - left, window.slices[1].stop - left),
    )
    whole[inner] = window.pixels
    return Mask((top, left), whole).trimmed()


def pending_above(state: State, threshold: float) -> Iterator[str]:
    """Yield classes whose undecided suggestion is at least this confident."""
    for suggestion in state.suggestions:
        if suggestion.decision is Decision.PENDING and suggestion.confidence >= threshold:
            yield suggestion.name
