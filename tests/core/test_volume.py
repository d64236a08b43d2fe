"""Arrays with axes in any order."""

from __future__ import annotations

from itertools import permutations

import numpy as np
import pytest

from napari_zeroseg.core.errors import BadImageError
from napari_zeroseg.core.volume import Volume

DATA = np.arange(2 * 3 * 4 * 5).reshape(2, 3, 4, 5)


@pytest.mark.parametrize("order", list(permutations("ZCYX")))
def test_planes_come_as_rows_and_columns_whatever_the_order(order: tuple[str, ...]) -> None:
    data = DATA.transpose([*("ZCYX".index(a) for a in order)])
    volume = Volume(data, "".join(order))
    assert (volume.depth, volume.shape, volume.channel_count) == ((2,), (4, 5), 3)
    assert volume.stack_axes == "Z"
    assert np.array_equal(volume.channel(2).read((1,)), DATA[1, 2])
    window = (slice(1, 3), slice(0, 2))
    assert np.array_equal(volume.channel(0).read((0,), window), DATA[0, 0, 1:3, :2])


def test_colours_come_last() -> None:
    data = np.arange(3 * 4 * 5).reshape(3, 4, 5)
    volume = Volume(data, "SYX")
    assert volume.rgb
    assert volume.channel(0).shape == (4, 5, 3)
    assert np.array_equal(volume.channel(0).read(()), np.moveaxis(data, 0, -1))


def test_data_that_cannot_be_read_is_told() -> None:
    class Broken:
        shape, dtype = (4, 5), np.dtype(np.uint8)

        def __getitem__(self, _index: object) -> np.ndarray:
            raise OSError("the disk is gone")

    with pytest.raises(BadImageError, match="the disk is gone"):
        Volume(Broken(), "YX").channel(0).read(())


def test_a_grid_keeps_the_axes_that_are_not_chosen() -> None:
    volume = Volume(DATA, "TZYX", {"T": 2.0, "Z": 1.5, "X": 0.2}, {"Z": "micrometer"})
    every = volume.grid()
    assert (every.axes, every.depth, len(every.planes)) == ("TZYX", (2, 3), 6)
    assert every.planes[:4] == ((0, 0), (0, 1), (0, 2), (1, 0))
    moment = volume.grid({"T": 1})
    assert (moment.axes, moment.depth, moment.planes) == ("ZYX", (3,), ((1, 0), (1, 1), (1, 2)))
    assert (moment.scale, moment.units) == ({"Z": 1.5, "X": 0.2}, {"Z": "micrometer"})
    assert volume.grid({"T": 1, "Z": 2}).planes == ((1, 2),)
    assert Volume(DATA[0, 0], "YX").grid().planes == ((),)


@pytest.mark.parametrize(("chosen", "says"), [({"C": 0}, "no planes along C"), ({"Z": 3}, "Z=3 is outside")])
def test_planes_that_are_not_there_are_refused(chosen: dict[str, int], says: str) -> None:
    with pytest.raises(BadImageError, match=says):
        Volume(DATA, "TZYX").grid(chosen)
