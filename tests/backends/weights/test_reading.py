"""Checkpoints of both kinds, whole, cut, altered and hostile."""

from __future__ import annotations

import os
import pickle

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from napari_zeroseg.backends.weights.reading import read_state
from napari_zeroseg.core.errors import BadFileError

torch = pytest.importorskip("torch")
safetensors_torch = pytest.importorskip("safetensors.torch")

STATE = {"a.weight": torch.arange(6.0).reshape(2, 3), "a.bias": torch.ones(2, dtype=torch.float16)}


def written(path, content=STATE, *, zipped=True):
    if path.suffix == ".safetensors":
        safetensors_torch.save_file(content, path)
    else:
        torch.save(content, path, _use_new_zipfile_serialization=zipped)
    return path


@pytest.fixture(params=["new.pth", "old.pth", "a.safetensors"])
def checkpoint(request, tmp_path):
    return written(tmp_path / request.param, zipped=request.param != "old.pth")


def test_parameters_come_as_they_were_written(checkpoint):
    state = read_state(checkpoint)
    assert state.keys() == STATE.keys()
    for name, tensor in STATE.items():
        assert state[name].dtype == tensor.dtype
        assert torch.equal(state[name], tensor)


@pytest.mark.parametrize("key", ["model", "state_dict"])
def test_a_state_is_taken_out_of_what_a_trainer_wrote(tmp_path, key):
    path = written(tmp_path / "a.pth", {key: STATE, "epoch": 3, "best": [1.0, 2.0]})
    assert read_state(path).keys() == STATE.keys()


class Hostile:
    def __init__(self, mark):
        self.mark = mark

    def __reduce__(self):
        return os.mkdir, (str(self.mark),)


@pytest.mark.parametrize("nested", [True, False])
@pytest.mark.parametrize("kind", ["new", "old", "plain"])
@pytest.mark.parametrize("name", ["a.pth", "a.bin", "a.safetensors"])
def test_a_pickle_that_would_run_code_is_refused(tmp_path, kind, nested, name):
    mark, path = tmp_path / "it ran", tmp_path / name
    content = {"model": {"a": Hostile(mark)}} if nested else Hostile(mark)
    if kind == "plain":
        path.write_bytes(pickle.dumps(content))
    else:
        torch.save(content, path, _use_new_zipfile_serialization=kind == "new")
    with pytest.raises(BadFileError, match=r"mkdir|damaged") as caught:
        read_state(path)
    assert not mark.exists()
    assert "Nothing was loaded" in str(caught.value)
    if name != "a.safetensors" and kind != "plain":
        assert "could run any program" in str(caught.value)
    other = path.rename(tmp_path / "a.other")
    torch.load(other, weights_only=False) if kind != "plain" else pickle.loads(other.read_bytes())
    assert mark.exists()  # it would have


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(part=st.floats(0, 1, exclude_max=True))
def test_a_file_that_is_cut_off_anywhere_is_refused(checkpoint, part):
    whole = checkpoint.read_bytes()
    cut = checkpoint.with_name(f"cut{checkpoint.suffix}")
    cut.write_bytes(whole[: int(part * len(whole))])
    with pytest.raises(BadFileError, match=r"damaged|holds no table"):
        read_state(cut)


@pytest.mark.parametrize("content", [{}, [torch.ones(1)], {"a": 1}, {1: torch.ones(1)}, torch.ones(2)])
def test_what_is_no_table_of_parameters_is_refused(tmp_path, content):
    with pytest.raises(BadFileError, match="no table of parameters"):
        read_state(written(tmp_path / "a.pth", content))


def test_a_file_that_is_not_there_is_named(tmp_path):
    with pytest.raises(BadFileError, match=r"none\.pth' is not there"):
        read_state(tmp_path / "none.pth")
