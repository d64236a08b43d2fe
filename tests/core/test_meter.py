"""A meter sees what a block takes."""

from __future__ import annotations

import numpy as np

from napari_zeroseg.core.meter import Meter


def test_memory_is_that_of_the_peak_and_not_of_the_end() -> None:
    with Meter() as meter:
        block = np.ones(40_000_000, np.uint8)
        first = int(block.sum())
        for _ in range(10):  # long enough for a look
            first += int(block.sum())
        del block
    assert first
    assert 35e6 < meter.memory < 400e6
    assert meter.seconds > 0
