"""Labels become objects: whole, without holes, parted at their necks."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import ndimage as ndi
from skimage.draw import disk
from skimage.morphology import h_maxima

from napari_zeroseg.backends.embedded.parting import NECK, ellipse_fits, holed, split, whole


def crowd(seed, side=160):
    """Labels of ragged shapes with holes and specks."""
    noise = ndi.gaussian_filter(np.random.default_rng(seed).random((side, side)), 2)
    zones = np.add.outer(np.arange(side) // 40 * 4, np.arange(side) // 40) + 1
    return np.where(noise > 0.49, zones, 0).astype(np.int32)


@pytest.mark.parametrize("seed", range(3))
def test_each_label_keeps_its_largest_part_and_no_hole(seed):
    labels = crowd(seed)
    found = whole(labels)
    for index in np.unique(labels)[1:]:
        parts, _ = ndi.label(labels == index)
        largest = parts == np.bincount(parts.ravel())[1:].argmax() + 1
        filled = ndi.binary_fill_holes(largest)
        assert np.all(found[largest] == index)
        assert np.all(filled[found == index])
        assert not np.any(found[filled & (labels == 0)] == 0)


@pytest.mark.parametrize("seed", range(3))
def test_holes_are_told_from_notches(seed):
    labels = np.where(whole(crowd(seed)) > 0, whole(crowd(seed)), 0)
    labels[:, ::7] = 0
    pieces = ndi.label(labels > 0)[0].astype(np.int32)
    pieces[5:8, 1:4], pieces[6, 2] = pieces.max() + 1, 0
    truth = [False] + [
        bool((ndi.binary_fill_holes(pieces == i) != (pieces == i)).any()) for i in range(1, pieces.max() + 1)
    ]
    # the last one took pixels from others, which may be in two pieces now
    single = [True] + [ndi.label(pieces == i, np.ones((3, 3)))[1] == 1 for i in range(1, pieces.max() + 1)]
    assert truth[-1]
    assert holed(pieces)[single].tolist() == np.array(truth)[single].tolist()


def test_two_discs_that_touch_are_parted_and_one_is_not():
    labels = np.zeros((80, 120), np.int32)
    for label, center in ((1, (20, 20)), (2, (50, 30)), (2, (50, 55)), (3, (20, 90))):
        labels[disk(center, 14 if label == 2 else 10)] = label
    parts, step = split(labels, np.array([0.0, 0.1, 0.2, 0.3]))
    assert step.tolist() == [0.0, 0.1, 0.2, 0.3, 0.2]
    assert parts[50, 30] == 2
    assert parts[50, 55] == 4
    assert np.array_equal(np.isin(parts, (2, 4)), labels == 2)
    assert np.array_equal(parts == 1, labels == 1)
    assert np.array_equal(parts == 3, labels == 3)


def test_regions_are_parted_as_each_would_be_alone():
    labels = ndi.label(ndi.gaussian_filter(np.random.default_rng(5).random((200, 200)), 3) > 0.505)[0]
    labels = whole(labels.astype(np.int32))
    count = labels.max()
    parts, step = split(labels, np.arange(count + 1.0))
    assert len(step) > count + 1
    for index in range(1, count + 1):
        own = np.where(labels == index, 1, 0).astype(np.int32)
        alone, _ = split(own, np.zeros(2))
        assert len(np.unique(parts[own > 0])) == alone.max()
        if alone.max() > 1:
            depth = ndi.gaussian_filter(ndi.distance_transform_edt(np.pad(own, 1)), 0.5)
            assert ndi.label(h_maxima(depth, NECK * depth.max() * 0.95))[1] > 1


def test_an_ellipse_fits_itself():
    rows, cols = np.indices((60, 80))
    ellipse = ((rows - 30) / 20) ** 2 + ((cols - 40) / 30) ** 2 < 1
    cross = (np.abs(rows - 30) < 3) | (np.abs(cols - 40) < 3)
    fit, area = ellipse_fits(np.where(ellipse, 1, np.where(cross, 2, 0)).astype(np.int32))
    assert fit[1] > 0.99
    assert fit[2] < 0.3
    assert area.tolist() == [0, ellipse.sum(), (cross & ~ellipse).sum()]
