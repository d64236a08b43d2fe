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
    assert (volume.stack_axes, volume.grid_axes) == ("Z", "ZYX")
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
