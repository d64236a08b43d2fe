"""Arrays, masks and planes over the wire and back."""

from __future__ import annotations

import base64
import json

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import array_shapes, arrays
from pydantic import ValidationError

from napari_zeroseg.backends.remote.problems import BadWireError
from napari_zeroseg.backends.remote.wire import Array, MaskSpec, packed, unpacked
from napari_zeroseg.core.mask import Mask

SHAPES = array_shapes(min_dims=2, max_dims=3, min_side=0, max_side=6)


def over_the_wire(array: Array) -> Array:
    return Array.model_validate_json(array.model_dump_json(), strict=True)


@settings(max_examples=40)
@given(SHAPES.flatmap(lambda shape: arrays(np.float32, shape, elements=st.floats(width=32))))
def test_floats_come_back_bit_by_bit(values):
    found = over_the_wire(Array.of(values)).floats(values.ndim)
    assert found.dtype == np.float32
    assert found.tobytes() == values.tobytes()
    assert found.shape == values.shape


@settings(max_examples=40)
@given(arrays(bool, array_shapes(min_dims=2, max_dims=2, min_side=0, max_side=19)))
def test_masks_come_back(pixels):
    mask = Mask((3, 4), pixels)
    found = MaskSpec.model_validate_json(MaskSpec.of(mask).model_dump_json(), strict=True).mask((30, 30))
    assert found.origin == mask.origin
    assert np.array_equal(found.pixels, mask.pixels)


@pytest.mark.parametrize(
    ("change", "why"),
    [
        ({"shape": [2, 3]}, "not as many"),
        ({"shape": [65536, 65536, 65536]}, "too large"),
        ({"shape": [-1, 4]}, "greater than"),
        ({"shape": []}, "at least 1"),
        ({"shape": [1, 1, 2, 2]}, "at most 3"),
        ({"dtype": "object"}, "float32"),
        ({"data": "A" * 20}, "not as many"),
    ],
)
def test_arrays_that_contradict_themselves_are_refused_before_they_are_unpacked(change, why):
    document = json.loads(Array.of(np.zeros((2, 2), np.float32)).model_dump_json()) | change
    with pytest.raises(ValidationError, match=why):
        Array.model_validate_json(json.dumps(document), strict=True)


def test_bytes_that_are_no_base64_are_refused():
    whole = Array.of(np.zeros((2, 2), np.float32))
    with pytest.raises(BadWireError, match="base64"):
        whole.model_copy(update={"data": "?" * len(whole.data)}).floats(2)
    with pytest.raises(BadWireError, match="not as many"):
        whole.model_copy(update={"data": base64.b64encode(b"1" * 18).decode()}).floats(2)


def test_a_mask_that_leaves_its_image_is_refused():
    spec = MaskSpec.of(Mask((5, 5), np.ones((4, 4), bool)))
    assert spec.mask((9, 9)).area == 16
    with pytest.raises(BadWireError, match="out of its image"):
        spec.mask((9, 8))


@pytest.mark.parametrize("channels", [1, 3])
def test_planes_come_back_bit_by_bit_and_grey_ones_take_a_third(channels):
    plane = np.random.default_rng(1).random((9, 11, 3)).astype(np.float32)
    if channels == 1:
        plane[:] = plane[..., :1]
    sent, raw = packed(plane)
    assert sent == channels
    assert len(raw) == 4 * 9 * 11 * channels
    found = unpacked(raw, 9, 11, channels)
    assert found.tobytes() == plane.tobytes()
    assert not found.flags.writeable


def test_two_zeros_are_not_the_same_grey():
    plane = np.zeros((8, 8, 3), np.float32)
    plane[..., 1] = -0.0
    assert packed(plane)[0] == 3


@pytest.mark.parametrize("value", [np.nan, np.inf, -0.5, 1.01])
def test_planes_of_other_values_are_refused(value):
    plane = np.full((8, 8), value, "<f4")
    with pytest.raises(BadWireError, match="not in 0"):
        unpacked(plane.tobytes(), 8, 8, 1)
