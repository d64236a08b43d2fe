"""Checkpoints as SAM's and SAM-HQ's authors publish them: complete, wrong, cut off, hostile."""

from __future__ import annotations

import os

import pytest

from napari_zeroseg.core.errors import BadFileError

torch = pytest.importorskip("torch")
pytest.importorskip("transformers")

from napari_zeroseg.backends.sam.official import read_official  # noqa: E402
from tests.backends.sam import published, tiny  # noqa: E402

KINDS = {"Sam": False, "SamHQ": True}


@pytest.fixture(params=KINDS)
def kind(request):
    return request.param


@pytest.fixture
def state(kind):
    return published.state(hq=KINDS[kind])


def _saved(state, tmp_path):
    path = tmp_path / "weights.pth"
    torch.save(state, path)
    return path


def test_every_weight_is_used_once_and_none_is_left(kind, state, tmp_path):
    model = read_official(_saved(state, tmp_path), kind)
    there = sorted(p.detach().sum().item() for p in state.values())
    tied = "prompt_encoder.shared_embedding.positional_embedding"
    here = sorted(p.sum().item() for name, p in model.state_dict().items() if name != tied)
    assert here == there
    assert not any(p.is_meta for p in model.state_dict().values())


def test_sizes_are_read_off_the_weights(kind, state, tmp_path):
    vision = read_official(_saved(state, tmp_path), kind).config.vision_config
    assert (vision.image_size, vision.patch_size, vision.hidden_size) == (64, 8, 16)
    assert (vision.num_hidden_layers, vision.num_attention_heads) == (3, 2)
    assert (vision.window_size, list(vision.global_attn_indexes)) == (3, [1])


def test_half_precision_becomes_single(kind, state, tmp_path):
    halves = {name: tensor.half() for name, tensor in state.items()}
    model = read_official(_saved(halves, tmp_path), kind)
    assert {p.dtype for p in model.parameters()} == {torch.float32}


@pytest.mark.parametrize(
    "name", ["image_encoder.pos_embed", "mask_decoder.iou_token.weight", "image_encoder.neck.3.bias"]
)
def test_a_missing_weight_is_named(kind, state, tmp_path, name):
    del state[name]
    with pytest.raises(BadFileError, match="lacks"):
        read_official(_saved(state, tmp_path), kind)


def test_a_weight_too_many_is_named(kind, state, tmp_path):
    state["adapter.weight"] = torch.zeros(3)
    with pytest.raises(BadFileError, match=r"holds 'adapter\.weight', which the model has no place for"):
        read_official(_saved(state, tmp_path), kind)


def test_a_weight_of_another_shape_is_named(kind, state, tmp_path):
    state["image_encoder.blocks.1.mlp.lin2.bias"] = torch.zeros(5)
    with pytest.raises(BadFileError, match=r"lin2\.bias of shape"):
        read_official(_saved(state, tmp_path), kind)


@pytest.mark.parametrize(
    ("kind", "hq", "guess"),
    [("Sam", True, "a checkpoint of SAM-HQ"), ("SamHQ", False, "a checkpoint of SAM")],
)
def test_one_is_not_taken_for_the_other(tmp_path, kind, hq, guess):
    with pytest.raises(BadFileError, match=f"it looks like {guess}"):
        read_official(_saved(published.state(hq=hq), tmp_path), kind)


@pytest.mark.parametrize(
    ("name", "guess"),
    [
        ("sam_prompt_encoder.no_mask_embed.weight", "SAM 2 as Meta published it"),
        ("vision_encoder.pos_embed", "in the layout of transformers"),
        ("module.transformer.level_embed", "Grounding DINO"),
        ("visual_encoder.patch_embed.proj.weight", "RAM or BLIP"),
        ("image_encoder.layers.0.blocks.0.conv1.c.weight", "MobileSAM"),
    ],
)
def test_a_foreign_checkpoint_is_told_by_its_looks(tmp_path, kind, name, guess):
    with pytest.raises(BadFileError, match=guess):
        read_official(_saved({name: torch.zeros(2, 2)}, tmp_path), kind)


@pytest.mark.parametrize("part", [0.0, 0.3, 0.9, 0.999])
def test_a_file_that_is_cut_off_is_refused(kind, state, tmp_path, part):
    path = _saved(state, tmp_path)
    content = path.read_bytes()
    path.write_bytes(content[: int(part * len(content))])
    with pytest.raises(BadFileError, match="cut off"):
        read_official(path, kind)


class _Hostile:
    def __init__(self, mark):
        self.mark = mark

    def __reduce__(self):
        return os.mkdir, (str(self.mark),)


def test_a_pickle_that_would_run_code_is_refused(kind, state, tmp_path):
    mark = tmp_path / "it ran"
    with pytest.raises(BadFileError, match="could run any program"):
        read_official(_saved(state | {"extra": _Hostile(mark)}, tmp_path), kind)
    assert not mark.exists()


def test_both_layouts_of_the_same_weights_draw_the_same(tmp_path):
    model = read_official(_saved(published.state(), tmp_path), "Sam").eval()
    hub = tmp_path / "hub"
    tiny.written(model, hub)
    from napari_zeroseg.backends.sam.hub import from_hub_folder

    again = from_hub_folder(hub, "SamModel", ("sam",)).eval()
    pixels = torch.randn(1, 3, published.SIDE, published.SIDE)
    with torch.inference_mode():
        box = torch.tensor([[[3.0, 4.0, 40.0, 50.0]]])
        one, other = (m(pixels, input_boxes=box).pred_masks for m in (model, again))
    assert torch.equal(one, other)
