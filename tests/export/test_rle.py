import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import array_shapes, arrays

from napari_zeroseg.core.errors import BadFileError
from napari_zeroseg.core.mask import Mask
from napari_zeroseg.export import rle

MASKS = arrays(bool, array_shapes(min_dims=2, max_dims=2, max_side=40))


def diamond() -> np.ndarray:
    rows, columns = np.ogrid[:5, :7]
    return (rows - 2) ** 2 + (columns - 3) ** 2 <= 4


def test_runs_go_down_the_columns_and_begin_with_background():
    assert rle.encode(np.array([[0, 1], [1, 1]], bool)) == [1, 3]
    assert rle.encode(np.array([[1, 0], [1, 0]], bool)) == [0, 2, 2]


def test_the_compressed_form_is_that_of_the_reference_implementation():
    # from pycocotools.mask.encode, version 2.0.11
    assert rle.to_text(rle.encode(diamond())) == "7132N20N2N4"
    large = np.zeros((300, 400), bool)
    large[10:200, 30:300] = True
    assert rle.to_text(rle.encode(large)).startswith("bi8n5^3000000")


@given(MASKS)
def test_a_mask_comes_back_from_both_forms(mask):
    counts = rle.encode(mask)
    assert rle.from_text(rle.to_text(counts)) == counts
    assert np.array_equal(rle.decode(counts, mask.shape).to_plane(mask.shape), mask)
    assert rle.encode_mask(Mask.from_plane(mask), mask.shape) == counts


@given(st.lists(st.integers(0, 4), min_size=1, max_size=12))
def test_empty_runs_count_as_none(counts):
    values = np.repeat(np.arange(len(counts)) % 2 == 1, counts)
    assert np.array_equal(rle.decode(counts, (1, len(values))).to_plane((1, len(values)))[0], values)


@given(st.text(max_size=40))
def test_any_text_is_read_or_refused(text):
    try:
        counts = rle.from_text(text)
    except BadFileError:
        return
    assert all(isinstance(count, int) for count in counts)


@pytest.mark.parametrize("counts", [[], [3], [5], [-1, 5], [1, 2, 2]])
def test_runs_that_do_not_fill_the_image_are_refused(counts):
    with pytest.raises(BadFileError, match="does not fill"):
        rle.decode(counts, (2, 2))
