"""Who owns a pixel: instances into label images, and new proposals among what is there."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, TypeVar

import numpy as np

from napari_zeroseg.core.mask import Mask

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from napari_zeroseg.core.instance import Instance
    from napari_zeroseg.core.vocabulary import Vocabulary


T = TypeVar("T", bound=np.generic)

Drawn = list[tuple[int, Mask]]
"""Values and the masks that get them, in the order in which they are drawn."""


def instance_labels(instances: Iterable[Instance], name: str, shape: tuple[int, int]) -> NDArray[np.int32]:
    """Return the instances of one class as int32 of shape (H, W): instance ids, 0 elsewhere."""
    return _painted(drawn_instances(instances, name), np.zeros(shape, np.int32))


def semantic_labels(
    instances: Iterable[Instance], vocabulary: Vocabulary, shape: tuple[int, int]
) -> NDArray[np.uint8]:
    """Return class ids as uint8 of shape (H, W), 0 for background.

    Where classes overlap, a person's instances come before proposed ones, then the
    higher score.
    """
    return _painted(drawn_classes(instances, vocabulary), np.zeros(shape, np.uint8))


def drawn_instances(instances: Iterable[Instance], name: str) -> Drawn:
    """Return what :func:`instance_labels` draws."""
    return [(i.id, i.mask) for i in by_rising_priority(i for i in instances if i.name == name)]


def drawn_classes(instances: Iterable[Instance], vocabulary: Vocabulary) -> Drawn:
    """Return what :func:`semantic_labels` draws."""
    return [(vocabulary.id_of(i.name), i.mask) for i in by_rising_priority(instances)]


def _painted(drawn: Drawn, labels: NDArray[T]) -> NDArray[T]:
    for value, mask in drawn:
        labels[mask.slices][mask.pixels] = value
    return labels


def label_tiles(drawn: Drawn, shape: tuple[int, int], side: int, dtype: np.dtype[T]) -> Iterator[NDArray[T]]:
    """Yield a label image in square tiles, row by row; no more than one is in memory.

    Parameters
    ----------
    drawn : list of (int, Mask)
        What is on the plane.
    shape : tuple of int
        (H, W) of the plane.
    side : int
        Of a tile in pixels; those at the end reach beyond the plane, and are 0 there.
    dtype : data type
        Holds all values.
    """
    rows, cols = (range(0, size, side) for size in shape)
    held: defaultdict[tuple[int, int], Drawn] = defaultdict(list)
    for value, mask in drawn:
        own_rows, own_cols = (range(s.start // side * side, s.stop, side) for s in mask.slices)
        for place in ((y, x) for y in own_rows for x in own_cols):
            held[place].append((value, mask))
    for y, x in ((y, x) for y in rows for x in cols):
        tile = np.zeros((side, side), dtype)
        for value, mask in held[y, x]:
            tile[mask.within((slice(y, y + side), slice(x, x + side)))] = value
        yield tile


def by_rising_priority(instances: Iterable[Instance]) -> list[Instance]:
    """Return instances in the order in which they are drawn: the last one keeps its pixels."""
    return sorted(instances, key=lambda i: (i.locked, i.score))


@dataclass(frozen=True, slots=True, eq=False)
class Erasure:
    """Pixels that a person took away from a class; no run gives them back."""

    name: str
    mask: Mask
    plane: tuple[int, ...] = ()


MIN_SHARE_LEFT = 0.5
"""A proposal that loses more than this share to its own class is the same object again."""


BLOCK = 256
"""Side in pixels of the blocks in which taken pixels are noted."""


class Marks:
    """Pixels of a plane of any size, a bit each; blocks of it that hold none take no memory."""

    def __init__(self) -> None:
        self._blocks: dict[tuple[int, int], NDArray[np.uint8]] = {}

    def add(self, mask: Mask) -> None:
        """Mark the pixels of a mask."""
        for place, inner, outer in _blocks_of(mask.slices):
            block = self._block(place)
            block[inner] |= mask.pixels[outer]
            self._blocks[place] = np.packbits(block, axis=1)

    def within(self, slices: tuple[slice, slice]) -> NDArray[np.bool_]:
        """Return what is marked in a window, as bool of its shape."""
        marked = np.zeros([s.stop - s.start for s in slices], bool)
        for place, inner, outer in _blocks_of(slices):
            if place in self._blocks:
                marked[outer] = self._block(place)[inner]
        return marked

    def _block(self, place: tuple[int, int]) -> NDArray[np.bool_]:
        packed = self._blocks.get(place)
        if packed is None:
            return np.zeros((BLOCK, BLOCK), bool)
        return np.unpackbits(packed, axis=1).view(bool)


def _blocks_of(
    slices: tuple[slice, slice],
) -> Iterator[tuple[tuple[int, int], tuple[slice, slice], tuple[slice, slice]]]:
    """Yield for each block that a window meets its place, the part of the block and that of the window."""
    for y, in_rows, out_rows in _cuts(slices[0]):
        for x, in_cols, out_cols in _cuts(slices[1]):
            yield (y, x), (in_rows, in_cols), (out_rows, out_cols)


def _cuts(span: slice) -> Iterator[tuple[int, slice, slice]]:
    for block in range(span.start // BLOCK, -(-span.stop // BLOCK)):
        low, high = max(span.start, block * BLOCK), min(span.stop, (block + 1) * BLOCK)
        yield (
            block,
            slice(low - block * BLOCK, high - block * BLOCK),
            slice(low - span.start, high - span.start),
        )


class Claims:
    """Gives pixels to proposals that come in order of falling score.

    Parameters
    ----------
    vocabulary : Vocabulary
        Says which classes may overlap.
    locked : sequence of Instance
        What a person answers for; keeps its pixels.
    erased : sequence of Erasure
        What a person took away, class by class.
    next_ids : dict, optional
        The next id of each class, where several claims share them.
    """

    def __init__(
        self,
        vocabulary: Vocabulary,
        locked: Sequence[Instance] = (),
        erased: Sequence[Erasure] = (),
        next_ids: dict[str, int] | None = None,
    ) -> None:
        self._vocabulary = vocabulary
        self._taken: defaultdict[str, Marks] = defaultdict(Marks)
        self._next_id = {} if next_ids is None else next_ids
        self._erased: defaultdict[str, Marks] = defaultdict(Marks)
        for instance in locked:
            self._taken[instance.name].add(instance.mask)
            self.reserve_id(instance)
        for erasure in erased:
            self._erased[erasure.name].add(erasure.mask)

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
        self._taken[proposal.name].add(left)
        return self.numbered(replace(proposal, mask=left))

    def numbered(self, proposal: Instance) -> Instance:
        """Return a proposal with an id of its own."""
        granted = replace(proposal, id=self._next_id.get(proposal.name, 1))
        self.reserve_id(granted)
        return granted

    def _free_within_class(self, name: str, mask: Mask) -> NDArray[np.bool_]:
        free = mask.pixels.copy()
        for marks in (self._taken, self._erased):
            if name in marks:
                free &= ~marks[name].within(mask.slices)
        return free

    def _taken_by_others(self, name: str, mask: Mask) -> NDArray[np.bool_]:
        taken = np.zeros(mask.pixels.shape, bool)
        for other, marks in self._taken.items():
            if other != name and not self._may_overlap(name, other):
                taken |= marks.within(mask.slices)
        return taken

    def _may_overlap(self, name: str, other: str) -> bool:
        known = name in self._vocabulary and other in self._vocabulary
        return known and self._vocabulary.overlap_allowed(name, other)
