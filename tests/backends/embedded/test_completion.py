"""Objects of the look of what was found are found too, whole."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from skimage import draw

from napari_zeroseg.backends.embedded.completion import LIKENESS, completed, owners
from napari_zeroseg.backends.embedded.scene import Scene
from napari_zeroseg.core.attributes import Attributes
from napari_zeroseg.core.image import plane_from_array
from napari_zeroseg.core.mask import Mask

SHAPE = (120, 160)
NONE = np.zeros(SHAPE, bool)
ROUND = Attributes(shape="round")
PLACES = [(35, 35), (35, 120), (85, 80)]


@pytest.fixture(scope="module")
def scene():
    image = np.full((*SHAPE, 3), 240, np.uint8)
    for y, x in PLACES:
        image[draw.disk((y, x), 14, shape=SHAPE)] = (90, 40, 140)
    image = image + np.random.default_rng(0).integers(0, 8, image.shape).astype(np.uint8)
    return Scene.of(plane_from_array(image))


def at(scene, y, x, area=np.pi * 14**2):
    """Return the region around a place whose area comes nearest to the one wanted."""
    here = [r for r in scene.regions if r.mask.to_plane(SHAPE)[y, x]]
    return min(here, key=lambda r: abs(r.mask.area - area))


def test_what_looks_like_what_was_found_is_found_too(scene):
    hits = [(at(scene, *PLACES[0]), 0.8), (at(scene, *PLACES[1]), 0.9)]
    found = completed(scene, ROUND, hits, NONE)
    assert found[:2] == hits
    assert [score for _, score in found[2:]] == [LIKENESS]
    truth = NONE.copy()
    truth[draw.disk(PLACES[2], 14)] = True
    mask = found[2][0].mask.to_plane(SHAPE)
    assert np.count_nonzero(mask & truth) / np.count_nonzero(mask | truth) > 0.9


def test_a_whole_object_takes_the_place_of_its_parts(scene):
    whole = [(at(scene, *place), 0.8) for place in PLACES[:2]]
    half = at(scene, *PLACES[2])
    pixels = half.mask.pixels.copy()
    pixels[pixels.shape[0] // 2 :] = False
    part = replace(half, mask=Mask(half.mask.origin, pixels))
    found = completed(scene, ROUND, [*whole, (part, 0.6)], NONE)
    assert len(found) == 3
    assert found[2][1] == pytest.approx(0.6)
    assert found[2][0].mask.area > 1.6 * part.mask.area


def test_pixels_of_other_classes_are_left_to_them(scene):
    hits = [(at(scene, *place), 0.8) for place in PLACES[:2]]
    others = owners([(at(scene, *PLACES[2]), 1.0)], SHAPE) > 0
    assert completed(scene, ROUND, hits, others) == hits


def test_where_colour_does_not_tell_nothing_is_added(scene):
    assert completed(scene, ROUND, [], NONE) == []
    # one object among three of its look: most of what looks alike was not found
    hits = [(at(scene, *PLACES[0]), 0.8)]
    assert completed(scene, ROUND, hits, NONE) == hits


def test_what_has_the_colours_but_not_the_shape_is_left_out(scene):
    hits = [(at(scene, *place), 0.8) for place in PLACES[:2]]
    assert len(completed(scene, ROUND, hits, NONE)) == 3
    assert completed(scene, Attributes(shape="elongated"), hits, NONE) == hits
