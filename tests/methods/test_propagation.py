from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
import pytest

from napari_zeroseg.backends.embedded.tracker import EmbeddedTracker
from napari_zeroseg.backends.prompted_tracker import PromptedTracker
from napari_zeroseg.core.compose import Erasure
from napari_zeroseg.core.events import Carried, Progress
from napari_zeroseg.core.instance import Instance, InstanceState, Provenance
from napari_zeroseg.core.mask import Logits, Mask
from napari_zeroseg.core.sequence import Kind, Row
from napari_zeroseg.core.vocabulary import Vocabulary
from napari_zeroseg.methods.propagation import Scene, propagate
from tests.made_stacks import BALLS, PLANES, SIDE, balls, film

SHAPE = (SIDE, SIDE)


def _key(number: int, mask: np.ndarray | Mask, *plane: int, name: str = "ball") -> Instance:
    mask = mask if isinstance(mask, Mask) else Mask.from_plane(mask)
    return Instance(number, name, mask, 1.0, InstanceState.ACCEPTED, plane=plane)


def _carry(read, row, locked, tracker, things=None, erased=(), names="ball", directions=(1, -1), shape=SHAPE):
    """Return the events, and the masks by thing and place."""
    things = things or tuple(dict.fromkeys(i.thing for i in locked))
    scene = Scene(shape, Vocabulary.parse(names), locked, erased)
    events = list(propagate(read, row, things, scene, tracker, Provenance(method="test"), directions))
    found = [i for e in events if isinstance(e, Carried) for i in e.instances]
    return events, {(i.thing, i.plane[row.axis]): i for i in found}


@dataclass
class Echo:
    """A tracker that sees every object where it was settled last, while ``there`` says so."""

    there: object = lambda number, place: True
    size: object = lambda place: 10
    place: int = -1
    settled: list = field(default_factory=list)

    def track(self, kind: Kind) -> Echo:
        return Echo(self.there, self.size, settled=self.settled)

    def look(self, image: np.ndarray) -> dict[int, Logits]:
        self.place = int(image[0, 0, 0])
        answers = {}
        for number, mask in getattr(self, "known", {}).items():
            if self.there(number, self.place):
                values = np.full((self.size(self.place), 10), 2.0, np.float32)
                answers[number] = Logits(mask.origin, values, 0.9)
        return answers

    def settle(self, masks, keys=()) -> None:
        self.known = {**getattr(self, "known", {}), **masks}
        self.settled.append((self.place, dict(masks), set(keys)))

    def forget(self, numbers) -> None:
        for number in numbers:
            self.known.pop(number, None)


def _numbered(plane: tuple[int, ...]) -> np.ndarray:
    return np.full((*SHAPE, 3), plane[-1], np.float32)


SQUARE = Mask((10, 10), np.ones((10, 10), bool))


def test_an_object_goes_both_ways_under_its_id() -> None:
    events, found = _carry(_numbered, Row((0,), 0, 0, 9), [_key(7, SQUARE, 4)], Echo())
    assert sorted(place for _, place in found) == [0, 1, 2, 3, 5, 6, 7, 8, 9]
    assert all(thing == ("ball", 7) for thing, _ in found)
    assert {i.provenance.from_plane for i in found.values()} == {(4,)}
    assert not any(i.locked for i in found.values())
    done = [(e.done, e.total) for e in events if isinstance(e, Progress)]
    assert done[-1] == (11, 11)
    assert [d for d, _ in done] == sorted(d for d, _ in done)


def test_one_direction_only() -> None:
    _, found = _carry(_numbered, Row((0,), 0, 0, 9), [_key(1, SQUARE, 4)], Echo(), directions=(-1,))
    assert sorted(place for _, place in found) == [0, 1, 2, 3]


def test_the_other_axes_stay() -> None:
    _, found = _carry(_numbered, Row((2, 0, 0), 2, 0, 3), [_key(1, SQUARE, 2, 0, 1)], Echo())
    assert sorted(i.plane for i in found.values()) == [(2, 0, 0), (2, 0, 2), (2, 0, 3)]


def test_between_two_keys_the_nearer_one_is_taken() -> None:
    lower = Mask((40, 40), np.ones((10, 10), bool))
    keys = [_key(1, SQUARE, 2), _key(1, lower, 7)]
    _, found = _carry(_numbered, Row((0,), 0, 0, 9), keys, Echo())
    origins = {place: i.mask.origin for (_, place), i in found.items()}
    assert origins == {
        0: (10, 10), 1: (10, 10), 3: (10, 10), 4: (10, 10), 5: (40, 40), 6: (40, 40), 8: (40, 40), 9: (40, 40)
    }  # fmt: skip
    assert found[("ball", 1), 4].provenance.agreement == 0.0


def test_a_body_that_ends_is_not_seen_again() -> None:
    there = Echo(there=lambda _, place: place not in (6, 3))
    _, found = _carry(_numbered, Row((0,), 0, 0, 9), [_key(1, SQUARE, 4)], there)
    assert sorted(place for _, place in found) == [5]


def test_a_thing_may_be_hidden_for_some_moments() -> None:
    there = Echo(there=lambda _, place: place not in (5, 6))
    row = Row((0,), 0, 0, 9, Kind.TIME)
    _, found = _carry(_numbered, row, [_key(1, SQUARE, 4)], there, directions=(1,))
    assert sorted(place for _, place in found) == [7, 8, 9]
    gone = Echo(there=lambda _, place: place not in (5, 6, 7))
    assert not _carry(_numbered, row, [_key(1, SQUARE, 4)], gone, directions=(1,))[1]


def test_a_body_that_grows_again_is_another_one() -> None:
    waning = Echo(size=lambda place: {5: 6, 6: 5, 7: 8}.get(place, 9))
    _, found = _carry(_numbered, Row((0,), 0, 0, 9), [_key(1, SQUARE, 4)], waning, directions=(1,))
    assert sorted(place for _, place in found) == [5, 6]


def test_locked_masks_are_not_taken_and_an_object_that_loses_most_ends() -> None:
    wall = Mask((10, 10), np.ones((10, 4), bool))
    locked = [_key(1, SQUARE, 4), _key(2, wall, 5), _key(3, SQUARE, 7)]
    _, found = _carry(_numbered, Row((0,), 0, 0, 9), locked, Echo(), things=[("ball", 1)], directions=(1,))
    assert found[("ball", 1), 5].mask.area == 60
    assert sorted(place for _, place in found) == [5, 6]


def test_erased_pixels_stay_erased() -> None:
    erased = [Erasure("ball", Mask((10, 10), np.ones((10, 4), bool)), (5,))]
    _, found = _carry(_numbered, Row((0,), 0, 4, 5), [_key(1, SQUARE, 4)], Echo(), erased=erased)
    assert found[("ball", 1), 5].mask.area == 60


def test_two_objects_do_not_take_the_same_pixels() -> None:
    other = Mask((10, 16), np.ones((10, 10), bool))
    locked = [_key(1, SQUARE, 4), _key(2, other, 6)]
    _, found = _carry(_numbered, Row((0,), 0, 4, 6), locked, Echo())
    count = np.zeros(SHAPE, int)
    for (_, place), instance in found.items():
        if place == 5:
            count[instance.mask.slices] += instance.mask.pixels
    assert count.max() == 1
    assert np.count_nonzero(count) == 160


def test_key_masks_are_told_to_the_tracker_as_they_are() -> None:
    echo = Echo()
    _carry(_numbered, Row((0,), 0, 0, 5), [_key(1, SQUARE, 1), _key(1, SQUARE, 4)], echo, directions=(1,))
    told = [(place, masks[0]) for place, masks, keys in echo.settled if 0 in keys]
    assert [place for place, _ in told] == [1, 4]
    assert all(mask is SQUARE for _, mask in told)


@pytest.fixture(scope="module")
def volume() -> tuple[np.ndarray, np.ndarray]:
    return balls()


def test_balls_in_noise_are_followed_to_their_ends(volume) -> None:
    planes, labels = volume
    keys = [_key(n, labels[ball[0]] == n, ball[0]) for n, ball in enumerate(BALLS, 1)]
    read = lambda plane: np.repeat(planes[plane[0]][..., None], 3, axis=2)  # noqa: E731
    _, found = _carry(read, Row((0,), 0, 0, PLANES - 1), keys, EmbeddedTracker())
    for number, (middle, *_) in enumerate(BALLS, 1):
        answer = np.zeros_like(labels, bool)
        answer[middle] = labels[middle] == number
        for (thing, place), instance in found.items():
            if thing[1] == number:
                answer[place] |= instance.mask.to_plane(SHAPE)
        truth = labels == number
        copied = np.broadcast_to(labels[middle] == number, labels.shape)
        iou = (answer & truth).sum() / (answer | truth).sum()
        assert iou > 0.75
        assert iou > 2 * (copied & truth).sum() / (copied | truth).sum()


def test_a_disc_is_followed_behind_a_wall() -> None:
    planes, masks = film(hidden=(3,))
    keys = [_key(1, masks[0], 0)]
    row = Row((0,), 0, 0, len(planes) - 1, Kind.TIME)
    shape = (SIDE, 2 * SIDE)
    _, found = _carry(lambda p: planes[p[0]], row, keys, EmbeddedTracker(), shape=shape)
    assert sorted(place for _, place in found) == [1, 2, 4, 5, 6, 7]
    for (_, place), instance in found.items():
        assert instance.mask.iou(Mask.from_plane(masks[place])) > 0.75


class Outliner:
    """A segmenter that answers with all bright pixels in the box, or with none at all."""

    def __init__(self, *, blind: bool = False) -> None:
        self.blind, self.prompts = blind, []

    def embed(self, image: np.ndarray) -> np.ndarray:
        return image

    def segment(self, image, prompts) -> list[Logits]:
        self.prompts += prompts
        answers = []
        for prompt in prompts:
            x0, y0, x1, y1 = map(int, prompt.box)
            values = np.where(image[y0:y1, x0:x1, 0] > 0.4, 3.0, -3.0).astype(np.float32)
            answers.append(Logits((y0, x0), -abs(values) if self.blind else values, 0.9))
        return answers


def test_any_segmenter_draws_where_the_object_is_expected(volume) -> None:
    clean, labels = balls(noise=0.0)
    read = lambda plane: np.repeat(clean[plane[0]][..., None], 3, axis=2)  # noqa: E731
    keys = [_key(3, labels[14] == 3, 14)]
    seeing, blind = Outliner(), Outliner(blind=True)
    row = Row((0,), 0, 13, 16)
    _, found = _carry(read, row, keys, PromptedTracker(seeing))
    _, guessed = _carry(read, row, keys, PromptedTracker(blind))
    assert sorted(place for _, place in found) == [13, 15, 16]
    assert all(p.mask is not None and p.points[0].positive for p in seeing.prompts)
    # without an answer the guess is kept, with doubt
    assert max(i.score for i in guessed.values()) < min(i.score for i in found.values())
