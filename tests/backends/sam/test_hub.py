"""Folders in the layout of the hub: complete, wrong, cut off."""

from __future__ import annotations

import json

import pytest

from napari_zeroseg.core.errors import BadFileError

torch = pytest.importorskip("torch")
pytest.importorskip("transformers")

from safetensors.torch import load_file, save_file  # noqa: E402

from napari_zeroseg.backends.sam.hub import from_hub_folder  # noqa: E402
from tests.backends.sam import tiny  # noqa: E402

CLASSES = {
    "Sam": ("SamModel", "sam"),
    "SamHq": ("SamHQModel", "sam_hq"),
    "Sam2": ("Sam2Model", "sam2_video"),
    "Sam3Tracker": ("Sam3TrackerModel", "sam3_video"),
}


@pytest.fixture(scope="module", params=CLASSES)
def network(request):
    return request.param, tiny.lively(tiny.HUB[request.param]())


@pytest.fixture
def folder(network, tmp_path):
    tiny.written(network[1], tmp_path / "model")
    return tmp_path / "model"


def _read(network, folder):
    name, kind = CLASSES[network[0]]
    return from_hub_folder(folder, name, (kind,))


def _changed(folder, change):
    path = folder / "model.safetensors"
    state = load_file(path)
    change(state)
    save_file(state, path, metadata={"format": "pt"})


def test_the_weights_are_those_of_the_file(network, folder):
    model = _read(network, folder)
    values = {tuple(tensor.flatten()[:4].tolist()) for tensor in network[1].state_dict().values()}
    for name, tensor in model.named_parameters():
        assert tuple(tensor.detach().flatten()[:4].tolist()) in values, name
        assert tensor.dtype == torch.float32


def test_a_missing_weight_is_named(network, folder):
    lost = next(n for n in load_file(folder / "model.safetensors") if n.endswith("iou_token.weight"))
    _changed(folder, lambda state: state.pop(lost))
    with pytest.raises(BadFileError, match=r"1 parameters are missing \(mask_decoder\.iou_token\.weight"):
        _read(network, folder)


def test_a_weight_too_many_is_named(network, folder):
    _changed(folder, lambda state: state.update({"adapter.weight": torch.zeros(3)}))
    with pytest.raises(BadFileError, match=r"have no place in it \(adapter\.weight"):
        _read(network, folder)


def test_a_weight_of_another_shape_is_refused(network, folder):
    name = next(n for n in load_file(folder / "model.safetensors") if n.endswith("iou_token.weight"))
    _changed(folder, lambda state: state.update({name: torch.zeros(1, 5)}))
    with pytest.raises(BadFileError, match="could not be read"):
        _read(network, folder)


@pytest.mark.parametrize("part", [0.0, 0.5, 0.99])
def test_a_file_that_is_cut_off_is_refused(network, folder, part):
    path = folder / "model.safetensors"
    content = path.read_bytes()
    path.write_bytes(content[: int(part * len(content))])
    with pytest.raises(BadFileError, match="could not be read"):
        _read(network, folder)


@pytest.mark.parametrize("text", ["", "{", "[]", "{}"])
def test_a_configuration_that_is_none_is_refused(network, folder, text):
    (folder / "config.json").write_text(text)
    with pytest.raises(BadFileError, match="no configuration of a model"):
        _read(network, folder)


def test_another_kind_of_model_is_named(network, folder):
    path = folder / "config.json"
    path.write_text(json.dumps(json.loads(path.read_text()) | {"model_type": "bert"}))
    with pytest.raises(BadFileError, match=r"tells of a model of the kind 'bert', not 'sam"):
        _read(network, folder)
