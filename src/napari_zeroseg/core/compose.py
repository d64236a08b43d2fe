"""Who owns a pixel: instances into label images, and new proposals among what is there."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from napari_zeroseg.core.mask import Mask

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from napari_zeroseg.core.instance import Instance
    from napari_zeroseg.core.vocabulary import Vocabulary


def instance_labels(instances: Iterable[Instance], name: str, shape: tuple[int, int]) -> NDArray[np.int32]:
    """Return the instances of one class as int32 of shape (H, W): instance ids, 0 elsewhere."""
    labels = np.zeros(shape, np.int32)
    for instance in _by_rising_priority(i for i in instances if i.name == name):
        labels[instance.mask.slices][instance.mask.pixels] = instance.id
    return labels


def semantic_labels(
    instances: Iterable[Instance], vocabulary: Vocabulary, shape: tuple[int, int]
) -> NDArray[np.uint8]:
    """Return class ids as uint8 of shape (H, W), 0 for background.

    Where classes overlap, a person's instances come before proposed ones, then the
    higher score.
    """
    labels = np.zeros(shape, np.uint8)
    for instance in _by_rising_priority(instances):
        labels[instance.mask.slices][instance.mask.pixels] = vocabulary.id_of(instance.name)
    return labels


def _by_rising_priority(instances: Iterable[Instance]) -> list[Instance]:
    return sorted(instances, key=lambda i: (i.locked, i.score))


@dataclass(frozen=True, slots=True, eq=False)
class Erasure:
    """Pixels that a person took away from a class; no run gives them back."""

    name: str
    mask: Mask
    plane: tuple[int, ...] = ()


MIN_SHARE_LEFT = 0.5
"""A proposal that loses more than this share to its own class is the same object again."""


class Claims:
    """Gives pixels to proposals that come in order of falling score.

    Parameters
    ----------
    shape : tuple of int
        (H, W) of the plane.
    vocabulary : Vocabulary
        Says which classes may overlap.
    locked : sequence of Instance
        What a person answers for; keeps its pixels.
    erased : sequence of Erasure
        What a person took away, class by class.
    """

    def __init__(
        self,
        shape: tuple[int, int],
        vocabulary: Vocabulary,
        locked: Sequence[Instance] = (),
        erased: Sequence[Erasure] = (),
    ) -> None:
        self._shape = shape
        self._vocabulary = vocabulary
        self._taken: dict[str, NDArray[np.bool_]] = {}
        self._next_id: dict[str, int] = {}
        self._erased: dict[str, NDArray[np.bool_]] = {}
        for instance in locked:
            _mark(self._plane_of(self._taken, instance.name), instance.mask)
            self.reserve_id(instance)
        for erasure in erased:
            _mark(self._plane_of(self._erased, erasure.name), erasure.mask)

    def reserve_id(self, instance: Instance) -> None:
        """Never give the id of this instance again."""
        self._next_id[instance.name] = max(self._next_id.get(instance.name, 1), instance.id + 1)

    def claim(self, proposal: Instance) -> Instance | None:
        """Return the proposal with the pixels it may have and an id of its own, or None."""
        mask = proposal.mask
        own = self._free_within_class(proposal.name, mask)
        if np.count_nonzero(own) < MIN_SHARE_LEFT * mask.area:
            return None
        left = Mask(mask.origin, own & ~self._taken_by_others(proposal.name, mask)).trimmed()
        if not left.area:
            return None
        _mark(self._plane_of(self._taken, proposal.name), left)
        granted = replace(proposal, mask=left, id=self._next_id.get(proposal.name, 1))
        self.reserve_id(granted)
        return granted

    def _plane_of(self, planes: dict[str, NDArray[np.bool_]], name: str) -> NDArray[np.bool_]:
        return planes.setdefault(name, np.zeros(self._shape, bool))

    def _free_within_class(self, name: str, mask: Mask) -> NDArray[np.bool_]:
        free = mask.pixels.copy()
        for planes in (self._taken, self._erased):
            if name in planes:
                free &= ~planes[name][mask.slices]
        return free

    def _taken_by_others(self, name: str, mask: Mask) -> NDArray[np.bool_]:
        taken = np.zeros(mask.pixels.shape, bool)
        for other, plane in self._taken.items():
            if other != name and not self._may_overlap(name, other):
                taken |= plane[mask.slices]
        return taken

    def _may_overlap(self, name: str, other: str) -> bool:
        known = name in self._vocabulary and other in self._vocabulary
        return known and self._vocabulary.overlap_allowed(name, other)


def _mark(plane: NDArray[np.bool_], mask: Mask) -> None:
    plane[mask.slices] |= mask.pixels
