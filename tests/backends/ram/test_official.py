"""The published checkpoint, read and computed: each step against the formulas on plain tensors."""

from __future__ import annotations

import pickle
from pathlib import Path

import pytest
import torch

from napari_zeroseg.backends.catalog import find
from napari_zeroseg.backends.entry import Role
from napari_zeroseg.backends.ram import network as ours
from napari_zeroseg.backends.ram.official import read_network
from napari_zeroseg.backends.ram.sizes import Sizes
from napari_zeroseg.backends.ram.tagger import CLIP_SIZE
from napari_zeroseg.core.errors import BadFileError
from tests.backends.ram import published


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("ram")
    published.write_published(folder)
    return folder


@pytest.fixture(scope="module")
def network(folder: Path):
    return read_network(folder / "ram_plus_swin_large_14m.pth").eval()


STATE = published.state_of()


@pytest.fixture(scope="module")
def pixels() -> torch.Tensor:
    return torch.randn(3, 3, published.SIDE, published.SIDE, generator=torch.Generator().manual_seed(5))


def test_the_image_encoder_computes_the_published_tokens(network, pixels) -> None:
    with torch.inference_mode():
        states = ours.image_states(network, pixels)
    expected = published.image_states(STATE, pixels)
    assert expected.std() > 0.1
    assert torch.allclose(states, expected, atol=1e-4)


def test_descriptions_are_weighed_by_the_image(network, pixels) -> None:
    states = published.image_states(STATE, pixels)
    whole = torch.nn.functional.normalize(states[:, 0], dim=-1) * STATE["reweight_scale"].exp()
    described = STATE["label_embed"].view(published.TAGS, published.DESCRIPTIONS, -1)
    with torch.inference_mode():
        queries = network["wordvec_proj"](ours.weighed(whole, described)).relu()
    expected = published.weighed(STATE, states, STATE["label_embed"], published.DESCRIPTIONS)
    assert torch.allclose(queries, expected, atol=1e-4)


@pytest.mark.parametrize("layer", range(published.LAYERS))
def test_each_layer_of_the_decoder_computes_the_formula(network, layer: int) -> None:
    generator = torch.Generator().manual_seed(layer)
    queries = torch.randn(2, 4, published.HIDDEN, generator=generator)
    states = torch.randn(2, 7, published.TEXT, generator=generator)
    with torch.inference_mode():
        answer = ours._decoded(network["tagging_head"]["encoder"]["layer"][layer], queries, states)
    assert torch.allclose(answer, published.decoded(STATE, layer, queries, states), atol=1e-5)


def test_logits_are_the_published_ones_in_a_batch_and_alone(network, pixels) -> None:
    expected = published.logits(
        STATE, published.image_states(STATE, pixels), STATE["label_embed"], published.DESCRIPTIONS
    )
    described = [network.label_embed.view(published.TAGS, published.DESCRIPTIONS, -1)]
    with torch.inference_mode():
        together = ours.tag_logits(network, ours.image_states(network, pixels), described)
        alone = [ours.tag_logits(network, ours.image_states(network, p[None]), described)[0] for p in pixels]
    assert expected.std() > 0.1
    assert torch.allclose(together, expected, atol=1e-4)
    assert torch.allclose(together, torch.stack(alone), atol=1e-4)


def test_every_parameter_of_the_file_is_in_the_network(network) -> None:
    parameters = sum(p.numel() for p in network.parameters())
    kept = (v.numel() for k, v in STATE.items() if not k.endswith(("relative_position_index", "attn_mask")))
    assert parameters == sum(kept)


def test_the_catalog_says_how_much_memory_the_published_sizes_take() -> None:
    from transformers import CLIPTextConfig, CLIPTextModelWithProjection, SwinModel

    *sizes, tags, descriptions = published.SWIN_L
    large = Sizes(*sizes, tags * descriptions)
    texts = CLIPTextConfig(hidden_size=512, intermediate_size=2048, num_hidden_layers=12)
    with torch.device("meta"):
        swin = SwinModel(ours.swin_config(large), add_pooling_layer=False)
        encoder = CLIPTextModelWithProjection(texts)
    assert large.image_side == 384
    size = _bytes(swin) + _bytes(ours.head(large))
    assert find(Role.TAGGER, "ram:plus-swin-l").memory == pytest.approx(size, rel=0.01)
    assert pytest.approx(_bytes(encoder), rel=0.01) == CLIP_SIZE


def _bytes(model: torch.nn.Module) -> int:
    return 4 * sum(p.numel() for p in model.parameters())


def test_the_former_name_of_the_decoder_is_understood(tmp_path: Path, pixels) -> None:
    renamed = {k.replace("tagging_head.", "vision_multi."): v for k, v in STATE.items()}
    torch.save({"model": renamed}, tmp_path / "old.pth")
    layers = read_network(tmp_path / "old.pth")["tagging_head"]["encoder"]["layer"]
    weight = STATE["tagging_head.encoder.layer.1.output.dense.weight"]
    assert torch.equal(layers[1]["output"]["dense"].weight, weight)


def _without(key: str) -> published.State:
    return {k: v for k, v in STATE.items() if k != key}


WRONG = {
    "another model": {"conv1.weight": torch.zeros(4, 3, 7, 7)},
    "an encoder without a block's norm": _without("visual_encoder.layers.1.blocks.0.norm2.weight"),
    "no decoder's bias": _without("tagging_head.encoder.layer.0.crossattention.self.key.bias"),
    "no table of positions": _without("visual_encoder.layers.0.blocks.0.attn.relative_position_bias_table"),
    "a part too many": STATE | {"text_decoder.weight": torch.zeros(3)},
    "an encoder's part too many": STATE | {"visual_encoder.head.weight": torch.zeros(3)},
    "a part of another shape": STATE | {"image_proj.weight": torch.zeros(published.TEXT, 3)},
    "an encoder's part of another shape": STATE | {"visual_encoder.norm.weight": torch.zeros(3)},
    "heads that do not fit": STATE | {"fc.weight": torch.zeros(1, published.HIDDEN + 1)},
    "no matrix where one should be": STATE | {"label_embed": torch.tensor(1.0)},
}


@pytest.mark.parametrize("what", WRONG)
def test_a_wrong_checkpoint_is_refused(tmp_path: Path, what: str) -> None:
    torch.save({"model": WRONG[what]}, tmp_path / "wrong.pth")
    with pytest.raises(BadFileError, match=r"no checkpoint of RAM\+\+.*models download ram:plus-swin-l"):
        read_network(tmp_path / "wrong.pth")


class _Evil:
    def __init__(self, trace: Path) -> None:
        self.trace = trace

    def __reduce__(self):
        return Path.touch, (self.trace,)


def test_a_pickle_that_would_run_code_is_refused(tmp_path: Path) -> None:
    evil = {"model": STATE | {"fc.bias": _Evil(tmp_path / "trace")}}
    torch.save(evil, tmp_path / "zipped.pth")
    (tmp_path / "plain.pth").write_bytes(pickle.dumps(evil))
    for name in ("zipped.pth", "plain.pth"):
        with pytest.raises(BadFileError):
            read_network(tmp_path / name)
    assert not (tmp_path / "trace").exists()


@pytest.mark.parametrize("part", [0.0, 0.3, 0.99])
def test_a_checkpoint_that_is_cut_off_is_refused(tmp_path: Path, folder: Path, part: float) -> None:
    whole = (folder / "ram_plus_swin_large_14m.pth").read_bytes()
    (tmp_path / "cut.pth").write_bytes(whole[: int(part * len(whole))])
    with pytest.raises(BadFileError):
        read_network(tmp_path / "cut.pth")
