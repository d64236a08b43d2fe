"""A meter sees what a block takes."""

from __future__ import annotations

import time
from mmap import mmap

from napari_zeroseg.core.meter import INTERVAL, Meter

SIZE = 40_000_000  # bytes


def test_memory_is_that_of_the_peak_and_not_of_the_end() -> None:
    # mapped anew: an array could come from what the process has freed, and holds already
    with Meter() as meter, mmap(-1, SIZE) as block:
        block.write(b"1" * SIZE)
        time.sleep(5 * INTERVAL)  # long enough for a look
    assert 0.9 * SIZE < meter.memory < 10 * SIZE
    assert meter.seconds > 0
