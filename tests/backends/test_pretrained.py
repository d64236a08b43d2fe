"""Weights from folders: whole, of another model, damaged."""

from __future__ import annotations

import pytest

from napari_zeroseg.backends.pretrained import pretrained
from napari_zeroseg.core.errors import BadFileError

torch = pytest.importorskip("torch")
transformers = pytest.importorskip("transformers")


def bert(hidden):
    return transformers.BertModel(
        transformers.BertConfig(
            vocab_size=20,
            hidden_size=hidden,
            num_hidden_layers=1,
            num_attention_heads=2,
            intermediate_size=8,
            max_position_embeddings=8,
        )
    )


@pytest.fixture
def folder(tmp_path):
    bert(8).save_pretrained(tmp_path)
    return tmp_path


def test_every_parameter_is_the_written_one(folder):
    torch.manual_seed(1)
    model = bert(8)
    model.save_pretrained(folder)
    for name, parameter in pretrained(transformers.BertModel, folder).state_dict().items():
        assert torch.equal(parameter, model.state_dict()[name])


def test_half_precision_is_read_as_float32(folder):
    bert(8).half().save_pretrained(folder)
    assert {p.dtype for p in pretrained(transformers.BertModel, folder).parameters()} == {torch.float32}


def test_weights_without_a_parameter_are_refused(folder):
    from safetensors.torch import load_file, save_file

    weights = folder / "model.safetensors"
    state = load_file(weights)
    state.pop("embeddings.word_embeddings.weight")
    save_file(state, weights, {"format": "pt"})
    with pytest.raises(BadFileError, match=r"another model.*1 parameters.*word_embeddings"):
        pretrained(transformers.BertModel, folder)


def test_weights_of_other_shapes_are_refused(folder):
    (folder / "config.json").unlink()
    bert(4).config.save_pretrained(folder)
    with pytest.raises(BadFileError, match="Nothing was loaded"):
        pretrained(transformers.BertModel, folder)


@pytest.mark.parametrize("length", [0, 7, 100, -1])
def test_a_file_that_is_cut_off_is_refused(folder, length):
    weights = folder / "model.safetensors"
    weights.write_bytes(weights.read_bytes()[:length])
    with pytest.raises(BadFileError, match="could not be read"):
        pretrained(transformers.BertModel, folder)


def test_a_folder_without_weights_is_refused(folder):
    (folder / "model.safetensors").unlink()
    with pytest.raises(BadFileError, match="could not be read"):
        pretrained(transformers.BertModel, folder)
