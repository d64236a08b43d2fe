from __future__ import annotations

import numpy as np
import pytest
from scipy import ndimage as ndi

from napari_zeroseg.backends.embedded import candidates
from napari_zeroseg.backends.embedded.candidates import Candidates, blocks, flooded, inner, large_enough


def test_blocks_cover_a_plane_once() -> None:
    seen = np.zeros((1100, 520), int)
    for core, window in blocks(seen.shape):
        seen[window][inner(core, window)] += 1
    assert (seen == 1).all()


def test_zones_made_block_by_block_are_those_of_the_plane(monkeypatch: pytest.MonkeyPatch) -> None:
    rng = np.random.default_rng(5)
    spots = np.zeros((200, 230))
    spots[tuple(rng.integers(0, 200, (2, 60)))] = 1
    bright = ndi.gaussian_filter(spots, 4).astype(np.float32)
    markers = ndi.label(bright == ndi.maximum_filter(bright, 9))[0].astype(np.int32)
    mask = bright > bright.max() / 50
    whole = flooded(-bright, markers, mask)
    monkeypatch.setattr(candidates, "LARGE", 0)
    monkeypatch.setattr(candidates, "BLOCK", 64)
    parts = flooded(-bright, markers, mask)
    assert whole.max() > 30
    assert (parts == whole).mean() > 0.999


def test_regions_that_another_covers_leave_no_gap_in_the_numbers() -> None:
    labels = np.array([[0, 1, 1], [3, 3, 4]], np.int32)  # the second region has no pixel left
    found = large_enough(Candidates(labels, np.array([0.1, 0.2, 0.3, 0.4])))
    assert found.labels.tolist() == [[0, 1, 1], [2, 2, 3]]
    assert found.worth.tolist() == [0.1, 0.3, 0.4]


def test_regions_below_a_diameter_leave_no_gap_either() -> None:
    labels = np.zeros((12, 12), np.int32)
    labels[0, 0], labels[2:10, 2:10] = 1, 2
    found = large_enough(Candidates(labels, np.array([0.1, 0.2])), diameter=5)
    assert found.worth.tolist() == [0.2]
    assert (found.labels == (labels == 2)).all()
