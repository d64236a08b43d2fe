"""A large image in tiles: the same objects as at once, and none of a person's pixels touched."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
import pytest
from numpy.typing import NDArray

from napari_zeroseg.core.compose import Claims
from napari_zeroseg.core.events import Detected, Found, FoundMany, Progress
from napari_zeroseg.core.image import plane_from_array
from napari_zeroseg.core.instance import Instance, InstanceState, Provenance
from napari_zeroseg.core.mask import Mask
from napari_zeroseg.core.recipe import Recipe
from napari_zeroseg.core.tiles import Window, tiles
from napari_zeroseg.core.vocabulary import Vocabulary
from napari_zeroseg.methods import grounded, tiled
from napari_zeroseg.methods.job import Job
from tests.fakes import FakeBackend, fake_backends

VOCABULARY = Vocabulary.parse("bright")
SIDE, OVERLAP = 256, 64


def squares(size: int = 600, step: int = 37) -> NDArray[np.uint8]:
    """Bright squares of 15 pixels all over, many of them on a seam."""
    image = np.zeros((size, size), np.uint8)
    for y in range(9, size - 15, step):
        for x in range(9, size - 15, step):
            image[y : y + 15, x : x + 15] = 255
    return image


def _events(
    image: NDArray[np.uint8],
    fake: FakeBackend | None = None,
    held: Sequence[Instance] = (),
    factor: tuple[float, float] = (1.0, 1.0),
    overlap: int = OVERLAP,
) -> list[object]:
    plane = plane_from_array(image)
    shape = (image.shape[0], image.shape[1])
    job = Job(VOCABULARY, ["bright"], fake_backends(fake=fake), Recipe(), Provenance())
    large = tiled.LargeImage(shape, lambda window: plane[window], factor)
    return list(
        tiled.segment(
            large,
            tiles(shape, SIDE, overlap),
            job,
            Claims(VOCABULARY, held),
            lambda _: Claims(VOCABULARY, held),
        )
    )


def _found(events: Sequence[object]) -> list[Instance]:
    return [i for e in events if isinstance(e, FoundMany) for i in e.instances]


def _boxes(instances: Sequence[Instance]) -> list[tuple[float, ...]]:
    return sorted(i.mask.box for i in instances)


def _at_once(image: NDArray[np.uint8]) -> list[Instance]:
    job = Job(VOCABULARY, ["bright"], fake_backends(), Recipe(), Provenance())
    events = grounded.segment(plane_from_array(image), job, Claims(VOCABULARY))
    return [e.instance for e in events if isinstance(e, Found)]


def test_every_object_is_found_once_and_whole() -> None:
    image = squares()
    found = _found(_events(image))
    assert _boxes(found) == _boxes(_at_once(image))
    assert len({i.id for i in found}) == len(found)


def test_objects_larger_than_the_overlap_are_put_together() -> None:
    image = np.zeros((600, 600), np.uint8)
    image[100:130, 20:580] = 255  # through all tiles of a row
    image[300:420, 200:420] = 255  # over four tiles' corner
    found = _found(_events(image))
    assert _boxes(found) == _boxes(_at_once(image))
    assert sorted(i.mask.area for i in found) == sorted([30 * 560, 120 * 220])


def test_without_overlap_nothing_is_found_twice() -> None:
    labels = np.zeros((600, 600), int)
    for instance in _found(_events(squares(), overlap=0)):
        labels[instance.mask.slices] += instance.mask.pixels
    assert labels.max() == 1


def test_a_person_keeps_the_pixels() -> None:
    image = squares()
    mine = Instance(7, "bright", Mask((9, 9), np.ones((15, 15), bool)), 1.0, InstanceState.EDITED)
    found = _found(_events(image, held=[mine]))
    assert len(found) == len(_at_once(image)) - 1
    assert all(not i.mask.overlap(mine.mask) for i in found)
    assert 7 not in {i.id for i in found}


def test_provenance_lies_on_the_plane() -> None:
    for instance in _found(_events(squares())):
        box = instance.provenance.box
        assert box == instance.mask.box
        assert all(box[0] <= p.x < box[2] and box[1] <= p.y < box[3] for p in instance.provenance.points)


def test_a_coarser_level_gives_masks_on_the_full_plane() -> None:
    found = _found(_events(squares(), factor=(2.0, 2.0)))
    assert {i.mask.area for i in found} == {30 * 30}
    assert max(i.mask.slices[0].stop for i in found) > 1000


def test_progress_is_told_per_tile_and_only_the_first_boxes_clear_the_plane() -> None:
    events = _events(squares())
    count = len(tiles((600, 600), SIDE, OVERLAP))
    steps = [e.done for e in events if isinstance(e, Progress)]
    assert steps == sorted(steps)
    assert steps[-1] == count
    detected = [e for e in events if isinstance(e, Detected)]
    assert [e.first for e in detected] == [True] + [False] * (count - 1)
    assert all(e.window == (slice(0, 600), slice(0, 600)) for e in detected)


def test_empty_tiles_are_not_looked_at() -> None:
    image = np.zeros((600, 600), np.uint8)
    image[20:40, 20:40] = 255
    fake = FakeBackend()
    _events(image, fake)
    assert fake.calls["detect"] == 1
    assert fake.calls["embed"] == 1


class Surveyor(FakeBackend):
    """Notes what it is shown of the whole."""

    def surveyed(self, sample: NDArray[np.float32], _classes: Sequence[object]) -> Surveyor:
        self.sample = sample
        return self


def test_backends_that_want_to_see_the_whole_get_a_sample_of_what_there_is_to_see() -> None:
    image = np.zeros((3000, 1500), np.uint8)
    image[2600:2900, 1000:1300] = np.random.default_rng(0).integers(0, 255, (300, 300))
    plane = plane_from_array(image)
    fake = Surveyor()
    job = Job(VOCABULARY, ["bright"], fake_backends(fake=fake), Recipe(), Provenance())
    read: Callable[[Window], NDArray[np.float32]] = lambda window: plane[window]  # noqa: E731
    sample = tiled.sample_of(tiled.LargeImage((3000, 1500), read), tiles((3000, 1500), 1024, 64))
    tiled.surveyed(job, sample)
    assert fake.sample.shape == (1152, 1152, 3)
    assert fake.sample.std() > plane.std()


@pytest.mark.parametrize("size", [300, 500])
def test_a_small_sample_is_what_there_is(size: int) -> None:
    plane = plane_from_array(squares(size))
    sample = tiled.sample_of(
        tiled.LargeImage((size, size), lambda window: plane[window]), tiles((size, size), SIDE, OVERLAP)
    )
    assert sample.shape[:2] == (min(size, 384), min(size, 384))
