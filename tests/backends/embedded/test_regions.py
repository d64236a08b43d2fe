"""Region proposals find what is plainly there."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import ndimage as ndi
from skimage import data, draw

from napari_zeroseg.backends.embedded import regions as module
from napari_zeroseg.backends.embedded.regions import propose, regions_of
from napari_zeroseg.core.image import plane_from_array
from napari_zeroseg.core.mask import Mask


def discs(centers, radius, shape=(96, 128), inside=0.8, ground=0.1, noise=0.01):
    plane = np.full(shape, ground)
    for y, x in centers:
        plane[draw.disk((y, x), radius, shape=shape)] = inside
    blurred = ndi.gaussian_filter(plane, 1.0)
    blurred += np.random.default_rng(0).normal(0, noise, shape)
    return np.repeat(np.clip(blurred, 0, 1)[..., None], 3, axis=2).astype(np.float32)


def best_iou(found, center, radius, shape=(96, 128)):
    plane = np.zeros(shape, bool)
    plane[draw.disk(center, radius, shape=shape)] = True
    return max(r.mask.iou(Mask.from_plane(plane)) for r in found)


@pytest.mark.parametrize(("inside", "ground"), [(0.8, 0.1), (0.2, 0.9), (0.14, 0.1)])
def test_discs_are_found_bright_dark_and_dim(inside, ground):
    centers = [(24, 24), (60, 40), (40, 96)]
    found = propose(discs(centers, 9, inside=inside, ground=ground, noise=0.002))
    assert all(best_iou(found, center, 9) > 0.8 for center in centers)


@pytest.mark.parametrize("radius", [5, 12, 28])
def test_discs_of_any_size_are_found(radius):
    assert best_iou(propose(discs([(48, 60)], radius)), (48, 60), radius) > 0.8


def test_touching_discs_are_parted():
    found = propose(discs([(48, 50), (48, 69)], 10))
    assert best_iou(found, (48, 50), 10) > 0.75
    assert best_iou(found, (48, 69), 10) > 0.75


def test_a_disc_under_uneven_light_is_found():
    image = discs([(48, 20), (48, 100)], 9, inside=0.5, ground=0.2)
    image *= np.linspace(0.3, 1.6, 128, dtype=np.float32)[None, :, None]
    found = propose(np.clip(image, 0, 1))
    assert best_iou(found, (48, 20), 9) > 0.7
    assert best_iou(found, (48, 100), 9) > 0.7


def test_a_region_knows_its_contrast_shape_and_size():
    region = max(propose(discs([(48, 60)], 12)), key=lambda r: r.worth * r.edge)
    assert region.contrast > 20
    assert region.elongation == pytest.approx(1.0, abs=0.1)
    assert region.ellipse > 0.95
    assert region.diameter == pytest.approx(24, abs=2)
    assert region.border == 0


def test_coins_are_found():
    coins = data.coins()
    found = propose(plane_from_array(coins))
    labels, count = ndi.label(ndi.binary_fill_holes(coins > 150))
    boxes = ndi.find_objects(labels)
    filled = [np.mean(labels[box] == i + 1) for i, box in enumerate(boxes)]
    # a coin fills pi / 4 of its box; one that the threshold cuts fills less
    large = [i for i in range(1, count + 1) if (labels == i).sum() > 1200 and filled[i - 1] > 0.74]
    assert large
    assert all(max(r.mask.iou(Mask.from_plane(labels == i)) for r in found) > 0.6 for i in large)


def test_masks_lie_in_the_image_and_are_distinct():
    image = plane_from_array(data.immunohistochemistry()[:128, :160])
    found = propose(image)
    assert found
    for region in found:
        x0, y0, x1, y1 = region.mask.box
        assert 0 <= x0 < x1 <= 160
        assert 0 <= y0 < y1 <= 128
    assert max(found[0].mask.iou(other.mask) for other in found[1:]) <= module.SAME


def test_small_regions_are_left_to_the_finest_octave():
    found = propose(plane_from_array(data.immunohistochemistry()[:256, :256]))
    sizes = {scale: min(r.diameter for r in found if r.scale == scale) for scale in {r.scale for r in found}}
    assert sizes.pop(0) < module.LEAST_OF_OCTAVE
    assert sizes
    assert all(size > 0.9 * module.LEAST_OF_OCTAVE * 2**scale for scale, size in sizes.items())


def test_noise_alone_gives_no_region_of_worth():
    rng = np.random.default_rng(1)
    image = np.repeat(rng.normal(0.5, 0.05, (96, 96, 1)), 3, axis=2).astype(np.float32)
    assert max((r.worth for r in propose(image)), default=0.0) < 0.5


@pytest.mark.parametrize("shape", [(8, 8), (8, 400), (400, 9)])
def test_small_and_narrow_images_are_no_problem(shape):
    image = np.random.default_rng(2).random((*shape, 3)).astype(np.float32)
    assert isinstance(propose(image), tuple)


def test_the_last_images_are_remembered():
    image = discs([(48, 60)], 12)
    first = regions_of(image)
    assert regions_of(image.copy()) is first
    changed = image.copy()
    changed[0, 0] += 0.1
    assert regions_of(changed) is not first
