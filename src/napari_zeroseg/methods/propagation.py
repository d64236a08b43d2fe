"""From objects on key planes to the same objects on the planes between and beyond."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

import numpy as np

from napari_zeroseg.core.events import Carried, Event, Progress, Remarked, StageStarted
from napari_zeroseg.core.instance import Instance, Provenance
from napari_zeroseg.core.mask import Mask
from napari_zeroseg.core.sequence import Kind, Row

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence

    from numpy.typing import NDArray

    from napari_zeroseg.backends.tracking import Track, Tracker
    from napari_zeroseg.core.compose import Erasure
    from napari_zeroseg.core.image import Plane
    from napari_zeroseg.core.mask import Logits
    from napari_zeroseg.core.vocabulary import Vocabulary

    Thing = tuple[str, int]
    Exclusive = Callable[[str, str], bool]

SMALLEST = 6
"""Pixels of the smallest mask: fewer are noise."""
UNLIKE = 0.2
"""Score below which an object is not there any more."""
TAKEN = 0.5
"""An object that loses more of its mask than this to others is not itself any more."""
WANED = 0.7
"""A body whose section is below this part of its key mask is near its end."""
REGROWN = 1.15
"""From there it does not grow again by this factor: that is another body behind it."""
PATIENCE = 2
"""Moments for which a thing may be hidden."""


@dataclass(frozen=True, slots=True, eq=False)
class Scene:
    """What is known of the image before anything is carried.

    Parameters
    ----------
    shape : tuple of int
        (H, W) of a plane.
    vocabulary : Vocabulary
        Says which classes may overlap.
    locked : sequence of Instance
        What a person answers for, on any plane; keeps its pixels.
    erased : sequence of Erasure
        What a person took away.
    """

    shape: tuple[int, int]
    vocabulary: Vocabulary
    locked: Sequence[Instance]
    erased: Sequence[Erasure] = ()

    def exclusive(self, name: str, other: str) -> bool:
        """Say whether two classes may not share pixels."""
        return name == other or not self.vocabulary.overlap_allowed(name, other)


def propagate(
    read: Callable[[tuple[int, ...]], Plane],
    row: Row,
    things: Sequence[Thing],
    scene: Scene,
    tracker: Tracker,
    provenance: Provenance,
    directions: Iterable[int] = (1, -1),
) -> Iterator[Event]:
    """Carry objects along a row of planes.

    Every locked instance of an object in the row is a key: the object is followed from there in both
    directions, up to the next of its keys, to where it ends, or to the end of the row. Where two ways
    meet, the one from the nearer key is taken. What is found is proposed under the object's id.

    Parameters
    ----------
    read : callable
        Gets a plane's index, returns the plane.
    row : Row
        Where to go.
    things : sequence of (str, int)
        Class and id of the objects.
    scene : Scene
        What a person answers for.
    tracker : Tracker
        Follows them.
    provenance : Provenance
        What all masks have in common.
    directions : iterable of int
        1 towards higher indices, -1 towards lower ones.

    Yields
    ------
    Event
        Stages, ``Progress`` per plane, and in the end ``Carried`` for each plane.
    """
    keys = _keys(row, things, scene)
    spans = [_span(row, keys, direction) for direction in directions]
    total, done = sum(map(len, spans)), 0
    sightings: list[Sighting] = []
    for direction, span in zip(directions, spans, strict=True):
        yield StageStarted(f"Following {_counted(len(things))} {'forward' if direction > 0 else 'back'}")
        sweep = _Sweep(row, things, scene, keys, tracker.track(row.kind), direction)
        for place in span:
            sightings += sweep.visit(place, read(row.at(place)))
            done += 1
            yield Progress(done, total)
            if sweep.over(place):
                done += sum(1 for p in span if (p - place) * direction > 0)
                break
    found = _settled(sightings, row, things, scene, provenance)
    for plane in row:
        yield Carried(plane, tuple(things), tuple(found[plane]))
    yield Remarked(_told(found))


Keys = dict[int, dict[int, Mask]]
"""Key masks by place in the row and number of the object."""


@dataclass(frozen=True, slots=True, eq=False)
class Sighting:
    """An object on a plane, as one sweep saw it.

    Parameters
    ----------
    number : int
        Of the object, in the order in which they were asked for.
    place : int
        In the row.
    mask : Mask
        The pixels.
    score : float
        How much they look like the object, 0..1.
    direction : int
        Of the sweep.
    steps : int
        Planes from the key.
    """

    number: int
    place: int
    mask: Mask
    score: float
    direction: int
    steps: int


def _keys(row: Row, things: Sequence[Thing], scene: Scene) -> Keys:
    numbers = {thing: number for number, thing in enumerate(things)}
    keys: Keys = defaultdict(dict)
    for instance in scene.locked:
        place = row.place_of(instance.plane)
        if place is not None and instance.thing in numbers:
            keys[place][numbers[instance.thing]] = instance.mask
    return keys


def _span(row: Row, keys: Keys, direction: int) -> range:
    """Return the places that a sweep goes through: from the first key on."""
    if not keys:
        return range(0)
    if direction > 0:
        return range(min(keys), row.last + 1)
    return range(max(keys), row.first - 1, -1)


@dataclass(slots=True)
class _Front:
    """How far an object has been followed."""

    key: int
    key_area: int
    least: int
    missed: int = 0


class _Sweep:
    """Goes through the row in one direction with all objects at once."""

    def __init__(
        self,
        row: Row,
        things: Sequence[Thing],
        scene: Scene,
        keys: Keys,
        track: Track,
        direction: int,
    ) -> None:
        self._row, self._things, self._scene = row, things, scene
        self._keys, self._track, self._direction = keys, track, direction
        self._fronts: dict[int, _Front] = {}

    def over(self, place: int) -> bool:
        """Say whether nothing is left to follow beyond a place."""
        return not self._fronts and not any((key - place) * self._direction > 0 for key in self._keys)

    def visit(self, place: int, image: Plane) -> list[Sighting]:
        """Return where objects are on the next plane."""
        keys = self._keys.get(place, {})
        answers = {n: a for n, a in self._track.look(image).items() if n in self._fronts and n not in keys}
        masks = self._parted(answers, place)
        seen = [s for n, m in masks.items() if (s := self._judged(n, place, m, answers[n])) is not None]
        self._count_missed(set(self._fronts) - set(keys) - {s.number for s in seen})
        self._fronts |= {n: _Front(place, m.area, m.area) for n, m in keys.items()}
        self._track.settle({s.number: s.mask for s in seen} | keys, keys.keys())
        return seen

    def _parted(self, answers: Mapping[int, Logits], place: int) -> dict[int, Mask]:
        """Give every pixel to the object that has most claim to it; locked ones have all."""
        fields = _Fields(self._scene, self._row.at(place), [self._things[n][0] for n in answers])
        for number, answer in answers.items():
            fields.enter(number, self._things[number][0], answer)
        return {n: fields.share_of(n, self._things[n][0], answer) for n, answer in answers.items()}

    def _judged(self, number: int, place: int, mask: Mask, answer: Logits) -> Sighting | None:
        front = self._fronts[number]
        area, wanted = mask.area, int(np.count_nonzero(answer.values > 0))
        ended = area < SMALLEST or area < (1 - TAKEN) * wanted or answer.score < UNLIKE
        if ended or (self._row.kind is Kind.DEPTH and _is_another(front, wanted)):
            return None
        front.least, front.missed = min(front.least, wanted), 0
        score = answer.score * area / wanted
        return Sighting(number, place, mask, score, self._direction, abs(place - front.key))

    def _count_missed(self, numbers: Iterable[int]) -> None:
        patience = PATIENCE if self._row.kind is Kind.TIME else 0
        for number in numbers:
            self._fronts[number].missed += 1
        gone = [n for n, front in self._fronts.items() if front.missed > patience]
        for number in gone:
            del self._fronts[number]
        self._track.forget(gone)


def _is_another(front: _Front, area: int) -> bool:
    return front.least < WANED * front.key_area and area > REGROWN * front.least


@dataclass(eq=False)
class _Fields:
    """The greatest claim to every pixel of a plane, class by class."""

    scene: Scene
    plane: tuple[int, ...]
    names: Sequence[str]
    best: dict[str, NDArray[np.float32]] = field(default_factory=dict)
    owner: dict[str, NDArray[np.int32]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        for name in dict.fromkeys(self.names):
            self.best[name] = np.zeros(self.scene.shape, np.float32)
            self.owner[name] = np.full(self.scene.shape, -1, np.int32)
            for mask in _barred(self.scene, self.plane, name):
                self.best[name][mask.slices][mask.pixels] = np.inf

    def enter(self, number: int, name: str, answer: Logits) -> None:
        window = _window(answer)
        best, owner = self.best[name][window], self.owner[name][window]
        more = answer.values > best
        best[more] = answer.values[more]
        owner[more] = number

    def share_of(self, number: int, name: str, answer: Logits) -> Mask:
        window = _window(answer)
        own = self.owner[name][window] == number
        for other, best in self.best.items():
            if other != name and self.scene.exclusive(name, other):
                own &= self.best[name][window] > best[window]
        return Mask(answer.origin, own).trimmed()


def _window(answer: Logits) -> tuple[slice, slice]:
    return Mask(answer.origin, answer.values > 0).slices


def _barred(scene: Scene, plane: tuple[int, ...], name: str) -> list[Mask]:
    """Return what no object of a class may take on a plane."""
    locked = [i.mask for i in scene.locked if i.plane == plane and scene.exclusive(name, i.name)]
    return locked + [e.mask for e in scene.erased if e.plane == plane and e.name == name]


def _settled(
    sightings: Iterable[Sighting],
    row: Row,
    things: Sequence[Thing],
    scene: Scene,
    provenance: Provenance,
) -> dict[tuple[int, ...], list[Instance]]:
    """Bring both sweeps together: nearer keys first, and what lost its pixels goes no further."""
    ranked = sorted(sightings, key=lambda s: (s.steps, -s.score))
    both = _agreements(ranked)
    given: dict[int, list[tuple[Thing, Mask]]] = defaultdict(list)
    lost: set[tuple[int, int, int]] = set()
    done: set[tuple[int, int]] = set()
    found: dict[tuple[int, ...], list[Instance]] = defaultdict(list)
    for seen in ranked:
        way = (seen.number, seen.direction, seen.place - seen.direction * seen.steps)
        if way in lost or (seen.number, seen.place) in done:
            continue
        thing = things[seen.number]
        mask = _remaining(seen.mask, thing, given[seen.place], scene)
        if mask.area < max(SMALLEST, (1 - TAKEN) * seen.mask.area):
            lost.add(way)
            continue
        done.add((seen.number, seen.place))
        given[seen.place].append((thing, mask))
        made = replace(
            provenance,
            from_plane=row.at(seen.place - seen.direction * seen.steps),
            agreement=both.get((seen.number, seen.place)),
        )
        plane, score = row.at(seen.place), seen.score * mask.area / seen.mask.area
        found[plane].append(Instance(thing[1], thing[0], mask, score, provenance=made, plane=plane))
    return found


def _agreements(sightings: Iterable[Sighting]) -> dict[tuple[int, int], float]:
    """Return how well two ways to the same object on the same plane agree (IoU)."""
    ways: dict[tuple[int, int], list[Mask]] = defaultdict(list)
    for seen in sightings:
        ways[seen.number, seen.place].append(seen.mask)
    return {place: masks[0].iou(masks[1]) for place, masks in ways.items() if len(masks) == 2}


def _remaining(mask: Mask, thing: Thing, given: Iterable[tuple[Thing, Mask]], scene: Scene) -> Mask:
    for other, taken in given:
        if scene.exclusive(thing[0], other[0]) and mask.overlap(taken):
            mask = mask.minus(taken)
    return mask


def _told(found: Mapping[tuple[int, ...], Sequence[Instance]]) -> str:
    masks = [i for instances in found.values() for i in instances]
    if not masks:
        return (
            "Nothing was found on other planes: the objects end where they are, or look like their surround."
        )
    on = sum(1 for instances in found.values() if instances)
    objects, planes = _counted(len({i.thing for i in masks})), "one plane" if on == 1 else f"{on} planes"
    return f"Carried {objects} to {planes}. Look at the masks with the lowest scores first."


def _counted(count: int) -> str:
    return "one object" if count == 1 else f"{count} objects"
