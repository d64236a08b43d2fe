"""Large images in patches."""

import numpy as np
import pytest

from napari_zeroseg.core.patches import patches


@pytest.mark.parametrize(
    ("shape", "count"),
    [((640, 640), 1), ((30, 40), 1), ((641, 100), 4), ((1280, 1280), 4), ((1281, 640), 16), ((5000, 1), 8)],
)
def test_sides_are_halved_until_they_are_small_enough(shape, count) -> None:
    assert len(patches(shape)) == count


@pytest.mark.parametrize("shape", [(641, 1283), (1999, 3), (1, 2000), (4097, 777)])
def test_every_pixel_is_in_one_patch_and_no_patch_is_too_large(shape) -> None:
    seen = np.zeros(shape, int)
    for cut in patches(shape):
        seen[cut] += 1
        assert 0 < max(seen[cut].shape) <= 640
        assert seen[cut].size > 0
    assert (seen == 1).all()


def test_the_largest_side_is_a_parameter() -> None:
    assert patches((4, 4), max_side=2) == [
        (slice(0, 2), slice(0, 2)),
        (slice(0, 2), slice(2, 4)),
        (slice(2, 4), slice(0, 2)),
        (slice(2, 4), slice(2, 4)),
    ]
