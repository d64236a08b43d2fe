"""Runs of equal labels."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from pydantic import ValidationError

from napari_zeroseg.core.runs import Runs

WINDOWS = arrays(
    np.int32, st.tuples(st.integers(0, 6), st.integers(0, 6)), elements=st.sampled_from([0, 1, 7, 70_000])
)


@given(WINDOWS)
def test_a_window_comes_back_from_json(window):
    again = Runs.model_validate_json(Runs.of(window).model_dump_json()).window()
    assert again.shape == window.shape
    assert np.array_equal(again, window)


def test_what_is_alike_is_one_run():
    assert Runs.of(np.zeros((300, 300), bool)).lengths == (90_000,)


@pytest.mark.parametrize(
    "wrong",
    [
        {"shape": (2, 2), "values": (1,), "lengths": (3,)},
        {"shape": (2, 2), "values": (1, 0), "lengths": (4,)},
        {"shape": (1 << 30, 1 << 30), "values": (1,), "lengths": (1,)},
        {"shape": (1, 1), "values": (2**40,), "lengths": (1,)},
    ],
)
def test_runs_that_do_not_fill_the_window_are_refused(wrong):
    with pytest.raises(ValidationError):
        Runs.model_validate(wrong)
