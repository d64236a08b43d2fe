"""MobileSAM's encoder, piece by piece against direct computation."""

from __future__ import annotations

import math

import pytest

torch = pytest.importorskip("torch")
pytest.importorskip("transformers")

from napari_zeroseg.backends.sam import tiny_vit  # noqa: E402
from napari_zeroseg.backends.sam.official import read_mobile  # noqa: E402
from napari_zeroseg.core.errors import BadFileError  # noqa: E402
from tests.backends.sam import published  # noqa: E402


@pytest.fixture(scope="module")
def state():
    return published.mobile_state()


@pytest.fixture
def path(state, tmp_path):
    torch.save(state, tmp_path / "mobile_sam.pt")
    return tmp_path / "mobile_sam.pt"


@pytest.fixture(autouse=True)
def _no_gradients():
    with torch.no_grad():
        yield


def test_every_weight_but_the_classifier_is_used(state, path):
    model = read_mobile(path)
    tied = "prompt_encoder.shared_embedding.positional_embedding"
    here = sorted(t.sum().item() for name, t in model.state_dict().items() if name != tied)
    classifier = ("image_encoder.norm_head", "image_encoder.head")
    there = sorted(t.sum().item() for name, t in state.items() if not name.startswith(classifier))
    assert here == there


@pytest.mark.parametrize(
    "name",
    [
        "image_encoder.neck.0.weight",
        "image_encoder.layers.2.blocks.1.attn.attention_biases",
        "image_encoder.layers.1.blocks.0.local_conv.bn.running_var",
        "mask_decoder.iou_token.weight",
    ],
)
def test_a_missing_weight_is_named(state, tmp_path, name):
    torch.save({n: t for n, t in state.items() if n != name}, tmp_path / "a.pt")
    with pytest.raises(BadFileError, match="lacks"):
        read_mobile(tmp_path / "a.pt")


def test_a_weight_too_many_is_named(state, tmp_path):
    torch.save(state | {"image_encoder.layers.0.extra": torch.zeros(3)}, tmp_path / "a.pt")
    with pytest.raises(BadFileError, match=r"holds 'vision_encoder\.layers\.0\.extra'"):
        read_mobile(tmp_path / "a.pt")


def test_a_checkpoint_of_sam_is_told_apart(tmp_path):
    torch.save(published.state(), tmp_path / "a.pt")
    with pytest.raises(BadFileError, match="it looks like a checkpoint of SAM"):
        read_mobile(tmp_path / "a.pt")


def test_the_embedding_is_a_sixteenth_of_the_square(path):
    encoder = read_mobile(path).eval().vision_encoder
    assert tiny_vit.encode(encoder, torch.randn(1, 3, 128, 128)).shape == (1, published.CHANNELS, 8, 8)


def test_windows_attend_within_themselves_with_a_bias_per_distance(path):
    """9 × 10 cells in windows of 7 × 7: the last windows are filled up with zeros."""
    attention = read_mobile(path).eval().vision_encoder["layers"][1]["blocks"][0]["attn"]
    cells = torch.randn(1, 9, 10, 6)
    ours = tiny_vit._in_windows(attention, cells)
    filled = torch.zeros(14, 14, 6)
    filled[:9, :10] = cells[0]
    normed = attention["norm"](filled)
    for row, col in [(0, 0), (6, 6), (3, 8), (8, 9)]:
        top, left = row // 7 * 7, col // 7 * 7
        expected = _attended(attention, normed[top : top + 7, left : left + 7], row - top, col - left)
        assert torch.allclose(ours[0, row, col], expected, atol=1e-5)


def _attended(attention, window, row, col):
    """What one cell of a window is told, head by head and cell by cell."""
    heads, width = 2, 3
    projected = attention["qkv"](window).reshape(7, 7, heads, 3, width)
    told = []
    for head in range(heads):
        query, scores, values = projected[row, col, head, 0], [], []
        for y in range(7):
            for x in range(7):
                bias = attention.attention_biases[head, abs(row - y) * 7 + abs(col - x)]
                scores.append(query @ projected[y, x, head, 1] / math.sqrt(width) + bias)
                values.append(projected[y, x, head, 2])
        told.append(torch.stack(scores).softmax(0) @ torch.stack(values))
    return attention["proj"](torch.cat(told))


def test_convolutions_add_to_what_they_got(path):
    block = read_mobile(path).eval().vision_encoder["layers"][0]["blocks"][0]
    features = torch.randn(1, 4, 6, 5)
    step = torch.nn.functional.gelu(_conv_norm(block["conv1"], features))
    step = torch.nn.functional.gelu(_conv_norm(block["conv2"], step, groups=16))
    expected = torch.nn.functional.gelu(_conv_norm(block["conv3"], step) + features)
    assert torch.allclose(tiny_vit._convolved(block, features), expected, atol=1e-5)


def _conv_norm(part, features, groups=1):
    weight, bn = part.c.weight, part.bn
    convolved = torch.nn.functional.conv2d(features, weight, padding=weight.shape[-1] // 2, groups=groups)
    scale = bn.weight / torch.sqrt(bn.running_var + 1e-5)
    return convolved * scale[:, None, None] + (bn.bias - bn.running_mean * scale)[:, None, None]


@pytest.mark.parametrize(("stage", "side"), [(0, 4), (1, 4), (2, 8)])
def test_sides_are_halved_twice_after_the_stem(path, stage, side):
    down = read_mobile(path).eval().vision_encoder["layers"][stage]["downsample"]
    channels = down["conv1"].c.in_channels
    assert tiny_vit._in_turn(down, torch.randn(1, channels, 8, 8)).shape[2:] == (side, side)
