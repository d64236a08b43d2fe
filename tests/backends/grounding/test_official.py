"""Grounding DINO's checkpoints as its authors publish them: whole, wrong, hostile; and its pieces."""

from __future__ import annotations

import os

import pytest

from napari_zeroseg.backends.checkpoint import Checkpoint
from napari_zeroseg.backends.entry import WeightFile, Weights
from napari_zeroseg.backends.grounding.groundingdino import GroundingDino
from napari_zeroseg.backends.grounding.official import OfficialGroundingDino, read_official
from napari_zeroseg.backends.weights.places import VARIABLE
from napari_zeroseg.core.errors import BadFileError
from napari_zeroseg.core.vocabulary import TargetClass
from tests.backends.grounding.published import HEADS, STAGE_HEADS, WIDTH, WINDOW, official_state
from tests.backends.grounding.tiny_models import write_official_folder, write_vocabulary

torch = pytest.importorskip("torch")
pytest.importorskip("transformers")

NAME = "grounding-dino:swint-ogc"
FILE = "groundingdino_swint_ogc.pth"
DERIVED = ("relative_position_index", "position_ids", "label_enc.weight")


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    folder = tmp_path_factory.mktemp("official") / "tests--official"
    write_official_folder(folder, NAME)
    return folder


@pytest.fixture(scope="module")
def state():
    return official_state()


@pytest.fixture(scope="module")
def model(folder):
    return read_official(folder / FILE).eval()


def parts(name, tensor):
    """Return what a published tensor becomes: query, key and value part from it."""
    return tensor.chunk(3) if ".qkv." in name or ".in_proj_" in name else (tensor,)


def test_every_tensor_is_used_and_no_parameter_is_left(model, state):
    left = {name: p.detach() for name, p in model.named_parameters()}
    for name, tensor in state.items():
        if name.endswith(DERIVED) or name.startswith("bert.pooler."):
            continue
        for part in parts(name, tensor):
            same = {n for n, p in left.items() if p.shape == part.shape and torch.equal(p, part)}
            shared = ".bbox_embed." in f".{name}"  # one head for all layers
            assert same or shared, name
            for used in same:
                del left[used]
    assert all("swin.layernorm" in name for name in left), left.keys()  # not run by the model


def test_it_answers_as_the_same_weights_in_the_layout_of_the_hub(model, folder, tmp_path, monkeypatch, image):
    hub = tmp_path / "tests--hub"
    model.save_pretrained(hub)
    write_vocabulary(hub)
    (hub / "preprocessor_config.json").write_bytes((folder / "preprocessor_config.json").read_bytes())
    (tmp_path / "tests--official").symlink_to(folder)
    monkeypatch.setenv(VARIABLE, str(tmp_path))
    classes = [TargetClass("cat"), TargetClass("traffic light")]
    official = Checkpoint("tests:official", Weights("tests/official", (WeightFile(FILE),)))
    ours = OfficialGroundingDino(official).detect(image, classes)
    theirs = GroundingDino(Checkpoint("tests:hub", Weights("tests/hub", ()))).detect(image, classes)
    assert ours
    assert ours == theirs


def written(path, state):
    torch.save({"model": {f"module.{k}": v for k, v in state.items()}}, path)
    return path


@pytest.mark.parametrize(
    "name",
    [
        "feat_map.weight",
        "transformer.level_embed",
        "backbone.0.layers.1.blocks.0.attn.qkv.bias",
        "bert.embeddings.word_embeddings.weight",
        "transformer.decoder.layers.1.ca_text.in_proj_weight",
    ],
)
def test_a_checkpoint_without_a_tensor_is_refused(tmp_path, state, name):
    path = written(tmp_path / "a.pth", {k: v for k, v in state.items() if k != name})
    with pytest.raises(BadFileError, match="is no checkpoint of Grounding DINO"):
        read_official(path)


def test_a_checkpoint_with_a_strange_tensor_is_refused(tmp_path, state):
    path = written(tmp_path / "a.pth", {**state, "transformer.extra.weight": torch.zeros(3)})
    with pytest.raises(BadFileError, match=r"model\.extra\.weight"):
        read_official(path)


def test_a_tensor_of_another_shape_is_refused(tmp_path, state):
    path = written(tmp_path / "a.pth", {**state, "feat_map.weight": torch.zeros(WIDTH, 7)})
    with pytest.raises(BadFileError, match="is no checkpoint of Grounding DINO"):
        read_official(path)


def test_the_checkpoint_of_another_model_is_refused(tmp_path):
    path = written(tmp_path / "sam.pth", {"image_encoder.pos_embed": torch.zeros(1, 4, 4, 8)})
    with pytest.raises(BadFileError, match=r"there is no 'transformer\.level_embed'"):
        read_official(path)


class Evil:
    def __init__(self, path):
        self.path = path

    def __reduce__(self):
        return os.mkdir, (self.path,)


def test_a_file_that_would_run_a_program_is_refused_and_does_not(tmp_path, state):
    trace = tmp_path / "it-ran"
    path = tmp_path / "a.pth"
    torch.save({"model": state, "args": Evil(str(trace))}, path)
    with pytest.raises(BadFileError, match="could run any program"):
        read_official(path)
    assert not trace.exists()


def test_a_file_that_is_cut_off_is_refused(tmp_path, folder):
    path = tmp_path / "a.pth"
    path.write_bytes((folder / FILE).read_bytes()[:-1000])
    with pytest.raises(BadFileError, match="Nothing was loaded"):
        read_official(path)


# Pieces, computed directly from the published tensors.


def under(state, stem):
    return {k.removeprefix(f"{stem}."): v for k, v in state.items() if k.startswith(f"{stem}.")}


def random(*shape):
    return torch.randn(shape, generator=torch.Generator().manual_seed(7))


def assert_close(ours, theirs):
    assert torch.allclose(ours, theirs, atol=1e-5), (ours - theirs).abs().max()


@torch.no_grad()
def test_the_text_layer_is_a_plain_transformer_layer(model, state):
    heads = HEADS // 2
    plain = torch.nn.TransformerEncoderLayer(WIDTH, heads, 32, dropout=0, batch_first=True).eval()
    plain.load_state_dict(under(state, "transformer.encoder.text_layers.1"))
    text = random(1, 5, WIDTH)
    everything = torch.ones(1, 5, 5, dtype=torch.bool)
    ours, _ = model.model.encoder.layers[1].text_enhancer_layer(text, attention_masks=everything)
    assert_close(ours, plain(text))


@torch.no_grad()
@pytest.mark.parametrize(("theirs", "ours"), [("self_attn", "self_attn"), ("ca_text", "encoder_attn_text")])
def test_the_attentions_of_the_decoder_are_plain_ones(model, state, theirs, ours):
    plain = torch.nn.MultiheadAttention(WIDTH, HEADS, batch_first=True).eval()
    plain.load_state_dict(under(state, f"transformer.decoder.layers.1.{theirs}"))
    queries, keys = random(1, 6, WIDTH), random(1, 4, WIDTH)
    found = getattr(model.model.decoder.layers[1], ours)(queries, keys, keys)[0]
    assert_close(found, plain(queries, keys, keys)[0])


@torch.no_grad()
def test_the_fusion_lets_image_and_text_look_at_each_other(model, state):
    p = under(state, "transformer.encoder.fusion_layers.0")
    heads = HEADS // 2
    image, text = random(1, 9, WIDTH), random(1, 4, WIDTH)

    def linear(name, x):
        return torch.nn.functional.linear(x, p[f"attn.{name}.weight"], p[f"attn.{name}.bias"])

    def split(x):
        return x.view(1, -1, heads, x.shape[-1] // heads).transpose(1, 2)

    def joined(x):
        return x.transpose(1, 2).flatten(2)

    v = torch.nn.functional.layer_norm(image, (WIDTH,), p["layer_norm_v.weight"], p["layer_norm_v.bias"])
    t = torch.nn.functional.layer_norm(text, (WIDTH,), p["layer_norm_l.weight"], p["layer_norm_l.bias"])
    queries, keys = split(linear("v_proj", v)), split(linear("l_proj", t))
    alike = queries @ keys.transpose(2, 3) / queries.shape[-1] ** 0.5
    to_image = joined(alike.softmax(-1) @ split(linear("values_l_proj", t)))
    to_text = joined(alike.transpose(2, 3).softmax(-1) @ split(linear("values_v_proj", v)))
    (ours_image, _), (ours_text, _) = model.model.encoder.layers[0].fusion_layer(image, text)
    assert_close(ours_image, v + p["gamma_v"] * linear("out_v_proj", to_image))
    assert_close(ours_text, t + p["gamma_l"] * linear("out_l_proj", to_text))


@torch.no_grad()
def test_the_windows_of_the_image_encoder_attend_with_their_position_bias(model, state):
    stage, block, heads = 2, 1, STAGE_HEADS[2]
    p = under(state, f"backbone.0.layers.{stage}.blocks.{block}.attn")
    window = random(1, WINDOW**2, p["proj.bias"].shape[0])
    stacked = torch.nn.functional.linear(window, p["qkv.weight"], p["qkv.bias"])
    queries, keys, values = stacked.view(1, WINDOW**2, 3, heads, -1).permute(2, 0, 3, 1, 4)
    places = torch.cartesian_prod(torch.arange(WINDOW), torch.arange(WINDOW))
    apart = places[:, None] - places[None] + WINDOW - 1
    bias = p["relative_position_bias_table"][apart[..., 0] * (2 * WINDOW - 1) + apart[..., 1]].permute(
        2, 0, 1
    )
    weights = (queries @ keys.transpose(2, 3) / queries.shape[-1] ** 0.5 + bias).softmax(-1)
    mixed = (weights @ values).transpose(1, 2).flatten(2)
    expected = torch.nn.functional.linear(mixed, p["proj.weight"], p["proj.bias"])
    swin = model.model.backbone.conv_encoder.model
    blocks = dict(swin.named_modules())[f"swin.encoder.layers.{stage}"].blocks
    assert_close(blocks[block].attention(window)[0], expected)
