"""Refining edges: outlines of masks that are there move to the edges of the image."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

from napari_zeroseg.core.edges import find_outline, settled, window_around
from napari_zeroseg.core.events import Event, Outlined, Progress, StageStarted
from napari_zeroseg.core.instance import InstanceKey
from napari_zeroseg.session.editing import Named
from napari_zeroseg.session.noting import noted
from napari_zeroseg.session.readiness import Action
from napari_zeroseg.session.running import Running

if TYPE_CHECKING:
    from napari_zeroseg.core.instance import Instance
    from napari_zeroseg.core.mask import Mask
    from napari_zeroseg.core.vocabulary import Vocabulary
    from napari_zeroseg.session.source import ImageSource
    from napari_zeroseg.session.state import State


class Edging(Running):
    """What a person does to outlines."""

    @noted
    def refine_edges(self, *keys: Named) -> None:
        """Move the outlines of instances to the edges of the image, as one step.

        Instances that are locked count as edited by the person; proposals stay proposals. No pixel
        of an instance that is not named is taken. Only instances on the present plane are refined.

        Parameters
        ----------
        *keys : InstanceKey or tuple
            The instances, named by class, id and plane.

        Raises
        ------
        NotNowError
            When there is no image or no instance, or something else is running.
        KeyError
            When an instance is not there.
        """
        self._require(Action.REFINE_EDGES)
        source = self._source
        assert source is not None
        found = (self.state.instance(*InstanceKey(*key)) for key in keys)
        chosen = tuple(i for i in found if i.plane == source.plane)
        if chosen:
            vocabulary = self.state.vocabulary
            self._start_events(lambda: outlined(chosen, source, vocabulary))

    def refine_edges_of(self, name: str) -> None:
        """Refine the outlines of all proposals of a class on the present plane."""
        keys = [i.key for i in self.state.on_plane(self._place()) if i.name == name and not i.locked]
        self.refine_edges(*keys)

    def _on_run_event(self, event: Event) -> None:
        match event:
            case Outlined(refined):
                state = with_outlines(self.state, refined)
                if state is not self.state:
                    self._push_run("Refine edges", state)
            case _:
                super()._on_run_event(event)


def outlined(chosen: Sequence[Instance], source: ImageSource, vocabulary: Vocabulary) -> Iterator[Event]:
    """Find the outlines of instances of one plane one by one, and tell of all together."""
    yield StageStarted("Refining edges")
    outlines = []
    for done, instance in enumerate(chosen):
        yield Progress(done, len(chosen))
        window = window_around(instance.mask, source.shape)
        outlines.append(find_outline(instance.mask, window, source.window(window)))
    yield Progress(len(chosen), len(chosen))

    def exclusive(a: int, b: int) -> bool:
        return _exclusive(vocabulary, chosen[a], chosen[b])

    yield Outlined(tuple(zip(chosen, settled(outlines, exclusive), strict=True)))


def with_outlines(state: State, refined: Iterable[tuple[Instance, Mask]]) -> State:
    """Give instances their new masks, as far as they are as they were when their edges were looked for.

    They take no pixel that belongs to another instance, or that a person erased in their class.
    A mask of which nothing would be left stays.
    """
    new = {before.key: mask for before, mask in refined if _unchanged(state, before)}
    others = [i for i in state.instances if i.key not in new]
    after = [_redrawn(state, i, new[i.key], others) if i.key in new else i for i in state.instances]
    changed = any(a is not b for a, b in zip(after, state.instances, strict=True))
    return replace(state, instances=tuple(after)) if changed else state


def _unchanged(state: State, before: Instance) -> bool:
    now = state.find(before.key)
    return now is not None and now.mask is before.mask


def _redrawn(state: State, instance: Instance, mask: Mask, others: Sequence[Instance]) -> Instance:
    for other in others:
        if other.plane == instance.plane and _exclusive(state.vocabulary, instance, other):
            mask = mask.minus(other.mask)
    for erasure in state.erased:
        if (erasure.name, erasure.plane) == (instance.name, instance.plane):
            mask = mask.minus(erasure.mask)
    if not mask.area or mask.same_as(instance.mask):
        return instance
    return instance.edited(mask) if instance.locked else replace(instance, mask=mask)


def _exclusive(vocabulary: Vocabulary, one: Instance, other: Instance) -> bool:
    return one.name == other.name or not vocabulary.overlap_allowed(one.name, other.name)
