"""TinyViT, the image encoder of MobileSAM, under the names of its published weights.

Wu et al., "TinyViT", ECCV 2022; Zhang et al., "Faster Segment Anything", 2023. The modules are plain
containers, built to fit the weights; the functions say in which order they are applied.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from torch import Tensor

    State = Mapping[str, Tensor]

STAGES = 4
"""The first of convolutions, the others of attention in windows."""
NECK_EPS = 1e-6


def tiny_vit(state: State) -> Any:
    """Return the encoder that fits some weights, itself without them.

    Parameters
    ----------
    state : mapping of str to Tensor
        Weights; names begin with ``patch_embed``, ``layers`` and ``neck``.

    Raises
    ------
    KeyError
        With the name of a weight that is not there.
    """
    from torch import nn

    stem = {"0": _conv_norm(state, "patch_embed.seq.0", 2), "2": _conv_norm(state, "patch_embed.seq.2", 2)}
    neck = {
        "0": _conv(state, "neck.0", 1),
        "1": nn.LayerNorm(len(state["neck.1.weight"]), eps=NECK_EPS),
        "2": _conv(state, "neck.2", 1),
        "3": nn.LayerNorm(len(state["neck.3.weight"]), eps=NECK_EPS),
    }
    stages = [_stage(state, f"layers.{index}", index) for index in range(STAGES)]
    parts = {"patch_embed": nn.ModuleDict({"seq": nn.ModuleDict(stem)}), "layers": nn.ModuleList(stages)}
    return nn.ModuleDict(parts | {"neck": nn.ModuleDict(neck)})


def encode(encoder: Any, pixels: Tensor) -> Tensor:
    """Return the embedding of a normalised square.

    Parameters
    ----------
    encoder : torch.nn.Module
        Of :func:`tiny_vit`.
    pixels : Tensor, shape (1, 3, side, side)

    Returns
    -------
    Tensor, shape (1, C, side / 16, side / 16)
    """
    from torch.nn.functional import gelu

    stem, neck = encoder["patch_embed"]["seq"], encoder["neck"]
    features = stem["2"](gelu(stem["0"](pixels)))
    for index, stage in enumerate(encoder["layers"]):
        for block in stage["blocks"]:
            features = _attended(block, features) if index else _convolved(block, features)
        if "downsample" in stage:
            features = _in_turn(stage["downsample"], features)
    features = _normed(neck["1"], neck["0"](features))
    return _normed(neck["3"], neck["2"](features))


def _stage(state: State, name: str, index: int) -> Any:
    from torch import nn

    make = _attention_block if index else _conv_block
    parts: dict[str, Any] = {"blocks": nn.ModuleList(_each(state, f"{name}.blocks", make))}
    if index < STAGES - 1:
        # MobileSAM keeps the size where TinyViT halves it for the last time
        stride = 1 if index == STAGES - 2 else 2
        parts["downsample"] = _three(state, f"{name}.downsample", stride)
    return nn.ModuleDict(parts)


def _each(state: State, name: str, make: Callable[[State, str], Any]) -> list[Any]:
    """Make the numbered parts of that name, of which there is at least one."""
    starts = {key[len(name) + 1 :].partition(".")[0] for key in state if key.startswith(f"{name}.")}
    return [make(state, f"{name}.{number}") for number in range(max(len(starts), 1))]


def _conv_block(state: State, name: str) -> Any:
    return _three(state, name, 1)


def _three(state: State, name: str, stride: int) -> Any:
    """Widen or keep, convolve each channel, narrow or keep."""
    from torch import nn

    strides = {"conv1": 1, "conv2": stride, "conv3": 1}
    return nn.ModuleDict({part: _conv_norm(state, f"{name}.{part}", by) for part, by in strides.items()})


def _attention_block(state: State, name: str) -> Any:
    from torch import nn

    attention = nn.ModuleDict(
        {part: _linear(state, f"{name}.attn.{part}") for part in ("qkv", "proj")}
        | {"norm": nn.LayerNorm(len(state[f"{name}.attn.norm.weight"]))}
    )
    biases = state[f"{name}.attn.attention_biases"]
    attention.register_parameter("attention_biases", nn.Parameter(biases.new_empty(biases.shape)))
    perceptron = nn.ModuleDict(
        {part: _linear(state, f"{name}.mlp.{part}") for part in ("fc1", "fc2")}
        | {"norm": nn.LayerNorm(len(state[f"{name}.mlp.norm.weight"]))}
    )
    local = _conv_norm(state, f"{name}.local_conv", 1)
    return nn.ModuleDict({"attn": attention, "mlp": perceptron, "local_conv": local})


def _linear(state: State, name: str) -> Any:
    from torch import nn

    outputs, inputs = state[f"{name}.weight"].shape
    return nn.Linear(inputs, outputs)


def _conv_norm(state: State, name: str, stride: int) -> Any:
    from torch import nn

    channels = len(state[f"{name}.bn.weight"])
    container = nn.Sequential()
    container.add_module("c", _conv(state, f"{name}.c", stride))
    container.add_module("bn", nn.BatchNorm2d(channels))
    return container


def _conv(state: State, name: str, stride: int) -> Any:
    """Return a convolution without bias; one input channel for each output means one for itself."""
    from torch import nn

    outputs, inputs, size, _ = state[f"{name}.weight"].shape
    groups = outputs if inputs == 1 else 1
    return nn.Conv2d(inputs * groups, outputs, size, stride, size // 2, groups=groups, bias=False)


def _in_turn(three: Any, features: Tensor) -> Tensor:
    from torch.nn.functional import gelu

    last: Tensor = three["conv3"](gelu(three["conv2"](gelu(three["conv1"](features)))))
    return last


def _convolved(block: Any, features: Tensor) -> Tensor:
    from torch.nn.functional import gelu

    convolved: Tensor = gelu(features + _in_turn(block, features))
    return convolved


def _attended(block: Any, features: Tensor) -> Tensor:
    from torch.nn.functional import gelu

    cells = features.permute(0, 2, 3, 1)
    features = block["local_conv"]((cells + _in_windows(block["attn"], cells)).permute(0, 3, 1, 2))
    cells = features.permute(0, 2, 3, 1)
    perceptron = block["mlp"]
    told: Tensor = perceptron["fc2"](gelu(perceptron["fc1"](perceptron["norm"](cells))))
    return (cells + told).permute(0, 3, 1, 2)


def _in_windows(attention: Any, cells: Tensor) -> Tensor:
    """Return the attention within square windows, (B, H, W, C); zeros fill up the last ones."""
    import torch

    batch, height, width, channels = cells.shape
    side = round(attention.attention_biases.shape[1] ** 0.5)
    down, across = -(-height // side), -(-width // side)
    padding = (0, 0, 0, across * side - width, 0, down * side - height)
    windows = torch.nn.functional.pad(cells, padding).view(batch, down, side, across, side, channels)
    windows = windows.transpose(2, 3).reshape(-1, side * side, channels)
    told = _attention(attention, windows, side).view(batch, down, across, side, side, channels)
    whole = told.transpose(2, 3).reshape(batch, down * side, across * side, channels)
    return whole[:, :height, :width]


def _attention(attention: Any, windows: Tensor, side: int) -> Tensor:
    import torch

    biases = attention.attention_biases
    heads = len(biases)
    projected = attention["qkv"](attention["norm"](windows))
    query, key, value = projected.view(*windows.shape[:2], heads, 3, -1).permute(3, 0, 2, 1, 4)
    places = torch.arange(side, device=biases.device)
    apart = (places[:, None] - places).abs()
    # one bias per head for each distance in rows and columns
    offsets = (apart[:, None, :, None] * side + apart[None, :, None, :]).reshape(side * side, side * side)
    mixed = torch.nn.functional.scaled_dot_product_attention(
        query, key, value, attn_mask=biases[:, offsets].to(query.dtype)
    )
    told: Tensor = attention["proj"](mixed.transpose(1, 2).flatten(2))
    return told


def _normed(norm: Any, features: Tensor) -> Tensor:
    normed: Tensor = norm(features.permute(0, 2, 3, 1)).permute(0, 3, 1, 2)
    return normed
