"""Regions are measured as they are, with the ring around them."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import ndimage as ndi
from skimage.segmentation import expand_labels

from napari_zeroseg.backends.embedded.measure import Colors, measure, ring


@pytest.mark.parametrize("width", [2.0, 3.4, 7.7])
def test_a_ring_is_what_lies_within_its_width(width):
    bright = ndi.gaussian_filter(np.random.default_rng(0).random((200, 240)), 4) > 0.51
    labels = ndi.label(bright)[0].astype(np.int32)
    near, far = expand_labels(labels, 1), expand_labels(labels, 1 + width)
    truth = np.where(near > 0, 0, far)
    places, owner = ring(labels, width)
    found = np.zeros(labels.size, int)
    found[places] = owner + 1
    found = found.reshape(labels.shape)
    assert len(np.unique(places)) == len(places)
    assert not found[(truth == 0) & (ndi.distance_transform_edt(labels == 0) > 1 + width)].any()
    assert np.mean(found[truth > 0] == truth[truth > 0]) > 0.92
    assert not found[near > 0].any()


def test_a_region_knows_its_colour_and_that_of_its_surround():
    labels = np.zeros((60, 90), np.int32)
    labels[20:40, 20:40], labels[20:40, 60:70] = 1, 2
    lab = np.full((60, 90, 3), (30.0, 5.0, -5.0), np.float32)
    lab[labels == 1] = (80.0, 0.0, 0.0)
    lab[labels == 2] = (10.0, 20.0, 0.0)
    rows = measure(labels, Colors.of(lab))
    assert rows.area.tolist() == [400, 200]
    assert rows.box.tolist() == [[20, 20, 40, 40], [20, 60, 40, 70]]
    assert rows.color == pytest.approx(np.array([[80, 0, 0], [10, 20, 0]]))
    assert rows.surround == pytest.approx(np.array([[30, 5, -5]] * 2))
    assert rows.elongation == pytest.approx([1, 2], abs=0.01)
    assert rows.border.tolist() == [0, 0]
