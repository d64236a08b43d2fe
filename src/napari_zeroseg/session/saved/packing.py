"""Between states and the things that a file holds: each is stored once and named by its content.

States that follow each other share nearly all they hold, and so do their stored forms: a file grows
with what is new. A long list of instances is cut where the content of an instance says so, so that
a change in its midst makes one new piece and not a new list.
"""

from __future__ import annotations

import struct
import zlib
from collections.abc import Callable, Iterable, Iterator
from contextlib import suppress
from dataclasses import replace
from hashlib import blake2b
from typing import TYPE_CHECKING, Any, TypeVar

import numpy as np
from pydantic import TypeAdapter, ValidationError

from napari_zeroseg.core.errors import BadFileError, BadVocabularyError
from napari_zeroseg.core.mask import Mask
from napari_zeroseg.core.recipe import Recipe
from napari_zeroseg.core.script import NOTES, Unrecorded
from napari_zeroseg.core.vocabulary import Vocabulary
from napari_zeroseg.session.history import Step, Timeline
from napari_zeroseg.session.saved import document
from napari_zeroseg.session.saved.document import (
    DraftSpec,
    ErasureSpec,
    InstanceSpec,
    PartitionSpec,
    StateSpec,
    StepSpec,
)
from napari_zeroseg.session.state import State

if TYPE_CHECKING:
    from napari_zeroseg.core.compose import Erasure
    from napari_zeroseg.core.instance import Instance
    from napari_zeroseg.core.partition import Labels, Partition
    from napari_zeroseg.core.script import AnyNote
    from napari_zeroseg.session.saved.document import ImageSpec

T = TypeVar("T")

NAME_BYTES = 16
MAX_THING = 256 << 20
"""Bytes of one stored thing, unpacked."""
MAX_PIXELS = 1 << 33
"""Of all masks of a file together; what a person can make by hand stays far below."""
CUT = 64
"""Instances in a piece of a list, on average."""
NOTES_IN_PIECE = 64
"""Notes are only ever added, so that all pieces but the last stay as they are."""
_FRAME = struct.Struct("<4I")
_GRID = struct.Struct("<3I")


class DamagedError(BadFileError):
    """Something that a file should hold is not there, or is not what it was."""


def named(body: bytes) -> str:
    """Return the name of a stored thing: 32 hexadecimal digits of a hash of its content."""
    return blake2b(body, digest_size=NAME_BYTES).hexdigest()


class Packer:
    """Turns states into things to store, and knows which of them are stored already.

    Parameters
    ----------
    stored : iterable of str
        Names of what is there before.
    """

    def __init__(self, stored: Iterable[str] = ()) -> None:
        self._stored = set(stored)
        self._parts: dict[str, tuple[str, ...]] = {}
        # objects are told by identity, and held here so that no other one gets it
        self._names: dict[int, tuple[object, str]] = {}
        self._piece_names: dict[tuple[int, ...], tuple[list[object], str]] = {}
        self.fresh: dict[str, bytes] = {}
        """What is not stored yet, packed, by its name."""

    def settle(self) -> None:
        """Take note that all that was fresh is stored now."""
        self._stored.update(self.fresh)
        self.fresh = {}

    def forget_all_but(self, roots: Iterable[str]) -> list[str]:
        """Return the names of what is stored but belongs to none of ``roots`` any more."""
        live = set[str]()
        pending = list(roots)
        while pending:
            name = pending.pop()
            if name not in live:
                live.add(name)
                pending.extend(self._parts.get(name, ()))
        gone = self._stored - live
        self._stored &= live
        self._names = {key: kept for key, kept in self._names.items() if kept[1] in live}
        self._piece_names = {key: kept for key, kept in self._piece_names.items() if kept[1] in live}
        self._parts = {name: parts for name, parts in self._parts.items() if name in live}
        return sorted(gone)

    def steps(self, steps: Iterable[Step]) -> tuple[StepSpec, ...]:
        """Pack the states of steps."""
        return tuple(StepSpec(text=step.text, before=self.state(step.before)) for step in steps)

    def state(self, state: State) -> str:
        """Pack a state and return its name."""
        return self._once(state, self._pack_state)

    def notes(self, notes: tuple[AnyNote, ...]) -> str:
        """Pack notes and return their name."""

        def pack(piece: list[AnyNote]) -> str:
            return self._put(NOTES.dump_json(tuple(piece)))

        starts = range(0, len(notes), NOTES_IN_PIECE)
        pieces = tuple(self._piece(list(notes[start : start + NOTES_IN_PIECE]), pack) for start in starts)
        return self._put(document.NAMES.dump_json(pieces), pieces)

    def recipe(self, recipe: Recipe) -> str:
        """Pack a recipe and return its name."""
        return self._put(recipe.model_dump_json().encode())

    def _once(self, thing: Any, pack: Callable[[Any], str]) -> str:
        known = self._names.get(id(thing))
        if known is None:
            known = self._names[id(thing)] = (thing, pack(thing))
        return known[1]

    def _pack_state(self, state: State) -> str:
        spec = StateSpec(
            vocabulary=self._list(document.CLASSES, state.vocabulary.classes),
            looks=self._list(document.CLASSES, state.looks),
            tags=self._list(document.TAGS, state.tags),
            caption=state.caption,
            suggestions=self._list(document.SUGGESTIONS, state.suggestions),
            ideas=self._list(document.IDEAS, state.ideas),
            phrases=self._list(document.PHRASES, state.phrases),
            instances=self._once(state.instances, self._pack_instances),
            erased=self._once(state.erased, self._pack_erased),
            layered=state.layered,
            draft=DraftSpec.of(state.draft, self._mask) if state.draft is not None else None,
            partition=PartitionSpec.of(state.partition, self._labels)
            if state.partition is not None
            else None,
        )
        return self._put(spec.model_dump_json().encode(), _names_in(spec))

    def _list(self, kind: TypeAdapter[tuple[T, ...]], values: tuple[T, ...]) -> str:
        return self._once(values, lambda _: self._put(kind.dump_json(values)))

    def _pack_instances(self, instances: tuple[Instance, ...]) -> str:
        return self._pieces(instances, document.INSTANCES, InstanceSpec)

    def _pack_erased(self, erased: tuple[Erasure, ...]) -> str:
        return self._pieces(erased, document.ERASURES, ErasureSpec)

    def _pieces(self, things: Iterable[Any], kind: TypeAdapter[Any], spec: type[Any]) -> str:
        def pack(piece: list[Any]) -> str:
            specs = tuple(spec.of(thing, self._mask) for thing in piece)
            return self._put(kind.dump_json(specs), [s.mask for s in specs])

        pieces = tuple(self._piece(piece, pack) for piece in self._cut(things))
        return self._put(document.NAMES.dump_json(pieces), pieces)

    def _piece(self, piece: list[Any], pack: Callable[[list[Any]], str]) -> str:
        """Pack a piece of a list, once for the same objects in the same order."""
        key = tuple(map(id, piece))
        known = self._piece_names.get(key)
        if known is None:
            known = self._piece_names[key] = (piece, pack(piece))
        return known[1]

    def _cut(self, things: Iterable[Any]) -> Iterator[list[Any]]:
        """Cut a list behind masks whose names say so: elsewhere it may change without another cut."""
        piece: list[Any] = []
        for thing in things:
            piece.append(thing)
            if int(self._mask(thing.mask)[:4], 16) % CUT == 0:
                yield piece
                piece = []
        if piece:
            yield piece

    def _mask(self, mask: Mask) -> str:
        return self._once(mask, self._pack_mask)

    def _pack_mask(self, mask: Mask) -> str:
        frame = _FRAME.pack(*mask.origin, *mask.pixels.shape)
        return self._put(frame + np.packbits(mask.pixels).tobytes())

    def _labels(self, labels: Labels) -> str:
        return self._once(labels, self._pack_labels)

    def _pack_labels(self, labels: Labels) -> str:
        return self._put(_GRID.pack(*labels.shape, labels.itemsize) + labels.tobytes())

    def _put(self, body: bytes, parts: Iterable[str] = ()) -> str:
        name = named(body)
        self._parts[name] = tuple(parts)
        if name not in self._stored and name not in self.fresh:
            self.fresh[name] = zlib.compress(body, 1)
        return name


def _names_in(spec: StateSpec) -> Iterator[str]:
    yield from (spec.vocabulary, spec.looks, spec.tags, spec.suggestions, spec.ideas, spec.phrases)
    yield from (spec.instances, spec.erased)
    if spec.draft is not None:
        yield from (n for n in (spec.draft.base, spec.draft.mask, spec.draft.prompt.mask) if n is not None)
    if spec.partition is not None:
        yield spec.partition.labels


class Unpacker:
    """Turns stored things back into states, and counts what could not be read.

    Parameters
    ----------
    fetch : callable
        Gets a name and returns what is stored under it, packed, or raises
        :class:`DamagedError`.
    image : ImageSpec
        Masks lie within it.
    """

    def __init__(self, fetch: Callable[[str], bytes], image: ImageSpec) -> None:
        self._fetch = fetch
        self._image = image
        self._pixels = 0
        # what states share is shared again
        self._made: dict[tuple[object, str], Any] = {}
        self.lost: set[tuple[str, int, tuple[int, ...]]] = set()
        """Class, id and plane of instances whose mask is gone."""
        self.lost_pieces = 0
        """Parts of lists that are gone, with what was in them."""

    def steps(self, specs: Iterable[StepSpec]) -> list[Step]:
        """Return the steps that can be read, up to the first that cannot."""
        steps: list[Step] = []
        for spec in specs:
            try:
                steps.append(Step(spec.text, self.state(spec.before)))
            except DamagedError:
                break
        return steps

    def state(self, name: str) -> State:
        """Return a state; what is lost in it is missing there.

        Raises
        ------
        DamagedError
            When it cannot be read.
        """
        return self._once(self._make_state, name)

    def notes(self, name: str | None) -> tuple[AnyNote, ...]:
        """Return notes; those before one that cannot be read are of no use without it."""
        if name is None:
            return ()
        try:
            pieces = self._list(document.NAMES, name)
            return tuple(note for piece in pieces for note in self._valid(NOTES.validate_json, piece))
        except DamagedError:
            return (Unrecorded(),)

    def recipe(self, name: str | None) -> Recipe | None:
        """Return a recipe, None where it cannot be read."""
        with suppress(DamagedError):
            return None if name is None else self._valid(Recipe.model_validate_json, name)
        return None

    def _once(self, make: Callable[[str], T], name: str, kind: object = None) -> T:
        key = (kind or make.__name__, name)
        if key not in self._made:
            self._made[key] = make(name)
        found: T = self._made[key]
        return found

    def _make_state(self, name: str) -> State:
        spec = self._valid(StateSpec.model_validate_json, name)
        return _consistent(
            State(
                vocabulary=self._once(self._vocabulary, spec.vocabulary),
                looks=self._list(document.CLASSES, spec.looks),
                tags=self._list(document.TAGS, spec.tags),
                caption=spec.caption,
                suggestions=self._list(document.SUGGESTIONS, spec.suggestions),
                ideas=self._list(document.IDEAS, spec.ideas),
                phrases=self._list(document.PHRASES, spec.phrases),
                instances=self._once(self._instances, spec.instances),
                erased=self._once(self._erased, spec.erased),
                layered=spec.layered,
                draft=self._draft(spec.draft),
                partition=self._partition(spec.partition),
            )
        )

    def _vocabulary(self, name: str) -> Vocabulary:
        try:
            return Vocabulary(self._list(document.CLASSES, name))
        except BadVocabularyError as problem:
            raise DamagedError(f"The list of classes cannot be read: {problem.happened}") from problem

    def _list(self, kind: TypeAdapter[tuple[T, ...]], name: str) -> tuple[T, ...]:
        return self._once(lambda name: self._valid(kind.validate_json, name), name, id(kind))

    def _instances(self, name: str) -> tuple[Instance, ...]:
        return tuple(self._in_pieces(self._some_instances, name))

    def _some_instances(self, name: str) -> tuple[Instance, ...]:
        found = []
        for spec in self._valid(document.INSTANCES.validate_json, name):
            try:
                self._check_plane(spec.plane)
                found.append(spec.instance(self._mask))
            except DamagedError:
                self.lost.add((spec.name, spec.id, spec.plane))
        return tuple(found)

    def _erased(self, name: str) -> tuple[Erasure, ...]:
        return tuple(self._in_pieces(self._some_erased, name))

    def _some_erased(self, name: str) -> tuple[Erasure, ...]:
        found = []
        for spec in self._valid(document.ERASURES.validate_json, name):
            try:
                self._check_plane(spec.plane)
                found.append(spec.erasure(self._mask))
            except DamagedError:
                self.lost_pieces += 1
        return tuple(found)

    def _in_pieces(self, read: Callable[[str], tuple[T, ...]], name: str) -> Iterator[T]:
        for piece in self._list(document.NAMES, name):
            try:
                yield from self._once(read, piece)
            except DamagedError:
                self.lost_pieces += 1

    def _draft(self, spec: DraftSpec | None) -> Any:
        try:
            if spec is not None:
                self._check_plane(spec.plane)
            return spec.draft(self._mask) if spec is not None else None
        except DamagedError:
            self.lost_pieces += 1
            return None

    def _partition(self, spec: PartitionSpec | None) -> Partition | None:
        try:
            if spec is None:
                return None
            self._check_plane(spec.plane)
            labels = self._once(self._make_labels, spec.labels)
            within = spec.window is None or all(
                start < stop <= size
                for (start, stop), size in zip(spec.window, self._image.shape, strict=True)
            )
            if not within or len(spec.scores) != len(spec.names) or labels.max() >= len(spec.names):
                raise DamagedError("Clusters do not fit the image.")
            return spec.partition(labels)
        except DamagedError:
            self.lost_pieces += 1
            return None

    def _make_labels(self, name: str) -> Labels:
        body = self._body(name)
        if len(body) < _GRID.size:
            raise DamagedError("Clusters cannot be read.")
        h, w, width = _GRID.unpack_from(body)
        self._pixels += h * w
        if len(body) != _GRID.size + h * w * width or width not in (1, 2) or not 0 < h * w <= MAX_PIXELS:
            raise DamagedError("Clusters cannot be read.")
        return np.frombuffer(body, f"u{width}", offset=_GRID.size).reshape(h, w)

    def _mask(self, name: str) -> Mask:
        return self._once(self._make_mask, name)

    def _make_mask(self, name: str) -> Mask:
        body = self._body(name)
        if len(body) < _FRAME.size:
            raise DamagedError("A mask cannot be read.")
        y, x, h, w = _FRAME.unpack_from(body)
        self._pixels += h * w
        fits = y + h <= self._image.shape[0] and x + w <= self._image.shape[1]
        bits = np.frombuffer(body, np.uint8, offset=_FRAME.size)
        if not fits or bits.size != -(-h * w // 8) or self._pixels > MAX_PIXELS:
            raise DamagedError("A mask does not fit the image.")
        return Mask((y, x), np.unpackbits(bits, count=h * w).reshape(h, w).astype(bool))

    def _check_plane(self, plane: tuple[int, ...]) -> None:
        depth = self._image.depth
        if len(plane) != len(depth) or any(not 0 <= p < d for p, d in zip(plane, depth, strict=True)):
            raise DamagedError("A mask lies on a plane that the image does not have.")

    def _valid(self, validate: Callable[[bytes], T], name: str) -> T:
        try:
            return validate(self._body(name))
        except (ValidationError, BadVocabularyError) as problem:
            raise DamagedError(f"A part of it cannot be read: {problem}") from problem

    def _body(self, name: str) -> bytes:
        unpacking = zlib.decompressobj()
        try:
            body = unpacking.decompress(self._fetch(name), MAX_THING)
        except zlib.error as problem:
            raise DamagedError("A part of it is damaged.") from problem
        if not unpacking.eof or named(body) != name:
            raise DamagedError("A part of it is damaged.")
        return body


def _consistent(state: State) -> State:
    """Return the state without what no session would have made: it may come from anywhere."""
    names = set(state.vocabulary.names)
    keys = [instance.key for instance in state.instances]
    named_well = {key.name for key in keys} <= set(state.layered) <= names
    drawn = state.draft is None or state.draft.name in names
    clusters = state.partition
    named_well &= clusters is None or names.issuperset(n for n in clusters.names if n is not None)
    if not (named_well and drawn and len(set(keys)) == len(keys)):
        raise DamagedError("What it holds contradicts itself.")
    return replace(state, suggestions=tuple(s for s in state.suggestions if s.name in names))


def digest(timeline: Timeline, packer: Packer | None = None) -> tuple[str, ...]:
    """Return names that are equal for histories with the same states and steps, whatever holds them."""
    packer = packer or Packer()
    sides = (timeline.past, timeline.future)
    steps = (f"{step.text}: {step.before}" for side in sides for step in packer.steps(side))
    return (packer.state(timeline.present), str(len(timeline.past)), *steps)
