"""More of the same: from an example to the others, whatever its class is called."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pytest
from scipy import ndimage as ndi

from napari_zeroseg.backends.embedded.likeness import WITHIN, likeness
from napari_zeroseg.backends.embedded.seeker import EmbeddedSeeker
from napari_zeroseg.core.exemplars import Exemplars
from napari_zeroseg.core.image import plane_from_array
from napari_zeroseg.core.mask import Mask

if TYPE_CHECKING:
    from napari_zeroseg.core.image import Plane

RED, BLUE = (0.75, 0.25, 0.3), (0.25, 0.3, 0.75)
PLACES = [(y, x) for y in range(30, 160, 42) for x in range(30, 160, 42)]


def disc(y: int, x: int, radius: float = 9) -> Mask:
    rows, cols = np.ogrid[:190, :190]
    return Mask.from_plane(np.hypot(rows - y, cols - x) < radius)


@pytest.fixture(scope="module")
def scene() -> Plane:
    """Discs on a pale ground: red and blue in turn, all of one size."""
    image = np.full((190, 190, 3), 0.9)
    for number, (y, x) in enumerate(PLACES):
        mask = disc(y, x)
        image[mask.slices][mask.pixels] = BLUE if number % 2 else RED
    image = ndi.gaussian_filter(image, (1, 1, 0)) + np.random.default_rng(0).normal(0, 0.02, image.shape)
    return plane_from_array(np.clip(image, 0, 1).astype(np.float32))


def found(image: Plane, exemplars: Exemplars) -> set[int]:
    """Return which of the discs were found, and that nothing else was."""
    alike = EmbeddedSeeker().seek(image, exemplars)
    hits = [[n for n, place in enumerate(PLACES) if a.mask.iou(disc(*place)) > 0.6] for a in alike]
    assert all(len(hit) == 1 for hit in hits)
    assert [a.score for a in alike] == sorted((a.score for a in alike), reverse=True)
    return {hit[0] for hit in hits}


def test_one_example_finds_all_of_its_colour_and_none_of_the_other(scene: Plane) -> None:
    assert found(scene, Exemplars((disc(*PLACES[0]),))) == set(range(0, 16, 2))
    assert found(scene, Exemplars((disc(*PLACES[5]),))) == set(range(1, 16, 2))


def test_examples_of_both_find_both(scene: Plane) -> None:
    examples = tuple(disc(*PLACES[n]) for n in (0, 1, 2, 3))
    assert found(scene, Exemplars(examples)) == set(range(16))


def test_what_was_proposed_before_stays_where_it_is_alike(scene: Plane) -> None:
    proposed = tuple(disc(*PLACES[n]) for n in (2, 3))
    assert found(scene, Exemplars((disc(*PLACES[0]),), proposed=proposed)) == set(range(0, 16, 2))


def test_the_answer_is_the_same_every_time(scene: Plane) -> None:
    exemplars = Exemplars((disc(*PLACES[0]),), (disc(*PLACES[1]),))
    first, second = (EmbeddedSeeker().seek(scene, exemplars) for _ in range(2))
    assert all(a.mask.same_as(b.mask) for a, b in zip(first, second, strict=True))


def test_likeness_falls_with_distance_and_examples_widen_it() -> None:
    unit = np.array(WITHIN)
    rows = np.array([0, 1, 2, 5])[:, None] * unit
    one = likeness(rows, np.zeros((1, len(unit))))
    assert one[0] == 1
    assert np.all(np.diff(one) < 0)
    wide = likeness(rows, np.array([-3, 0, 3])[:, None] * unit)
    assert wide[2] > one[2]
