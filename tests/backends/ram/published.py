"""A RAM++ checkpoint in the published layout, of random numbers, and what the paper computes from it.

Written from the published key names and formulas on plain tensors: it knows nothing of the package, of
transformers or of torch's modules.
"""

from __future__ import annotations

import math
from pathlib import Path
from typing import NamedTuple

import torch
from torch import Tensor
from torch.nn.functional import layer_norm, softmax

State = dict[str, Tensor]


class Shape(NamedTuple):
    """The sizes of the image encoder, and of the decoder."""

    embed: int
    depths: tuple[int, ...]
    heads: tuple[int, ...]
    window: int
    text: int
    hidden: int
    inner: int
    layers: int
    tags: int
    descriptions: int


SMALL = Shape(8, (2, 2), (2, 4), 4, text=12, hidden=16, inner=24, layers=2, tags=5, descriptions=51)
SWIN_L = Shape(192, (2, 2, 18, 2), (6, 12, 24, 48), 12, 512, 768, 3072, 2, tags=4585, descriptions=51)
SIDE, TEXT, HIDDEN, LAYERS, TAGS, DESCRIPTIONS = 32, *SMALL[4:6], *SMALL[7:]
DECODER_HEADS = 4
WORDS = ("tree", "traffic light", "cat", "sky", "road")
THRESHOLDS = (0.65, 0.3, 0.5, 0.2, 0.45)


def state_of(shape: Shape = SMALL, seed: int = 0) -> State:
    """Return parameters and buffers under the published names."""
    torch.manual_seed(seed)
    state: State = {}
    width = shape.embed
    grid = shape.window * 2 ** (len(shape.depths) - 1)
    _linear(state, "visual_encoder.patch_embed.proj", width, 3, 4, 4)
    _norm(state, "visual_encoder.patch_embed.norm", width)
    for stage, (depth, heads) in enumerate(zip(shape.depths, shape.heads, strict=True)):
        layer = f"visual_encoder.layers.{stage}"
        for block in range(depth):
            _block(state, f"{layer}.blocks.{block}", width, heads, shape.window)
            if block % 2 and grid > shape.window:
                state[f"{layer}.blocks.{block}.attn_mask"] = _mask(grid, shape.window)
        if stage + 1 < len(shape.depths):
            _norm(state, f"{layer}.downsample.norm", 4 * width)
            _linear(state, f"{layer}.downsample.reduction", 2 * width, 4 * width)
            del state[f"{layer}.downsample.reduction.bias"]
            width, grid = 2 * width, grid // 2
    _norm(state, "visual_encoder.norm", width)
    _linear(state, "image_proj", shape.text, width)
    _linear(state, "wordvec_proj", shape.hidden, shape.text)
    for i in range(shape.layers):
        _decoder_layer(state, f"tagging_head.encoder.layer.{i}", shape)
    _linear(state, "fc", 1, shape.hidden)
    state["label_embed"] = torch.randn(shape.tags * shape.descriptions, shape.text)
    state["reweight_scale"] = torch.tensor(math.log(1 / 0.07))
    return state


def _linear(state: State, name: str, out: int, *into: int) -> None:
    state[f"{name}.weight"] = torch.randn(out, *into) / math.sqrt(math.prod(into))
    state[f"{name}.bias"] = 0.3 * torch.randn(out)


def _norm(state: State, name: str, width: int) -> None:
    state[f"{name}.weight"] = 1 + 0.3 * torch.randn(width)
    state[f"{name}.bias"] = 0.3 * torch.randn(width)


def _block(state: State, name: str, width: int, heads: int, window: int) -> None:
    _norm(state, f"{name}.norm1", width)
    state[f"{name}.attn.relative_position_bias_table"] = torch.randn((2 * window - 1) ** 2, heads)
    state[f"{name}.attn.relative_position_index"] = _index(window)
    _linear(state, f"{name}.attn.qkv", 3 * width, width)
    _linear(state, f"{name}.attn.proj", width, width)
    _norm(state, f"{name}.norm2", width)
    _linear(state, f"{name}.mlp.fc1", 4 * width, width)
    _linear(state, f"{name}.mlp.fc2", width, 4 * width)


def _decoder_layer(state: State, name: str, shape: Shape) -> None:
    attention = f"{name}.crossattention"
    _linear(state, f"{attention}.self.query", shape.hidden, shape.hidden)
    _linear(state, f"{attention}.self.key", shape.hidden, shape.text)
    _linear(state, f"{attention}.self.value", shape.hidden, shape.text)
    _linear(state, f"{attention}.output.dense", shape.hidden, shape.hidden)
    _norm(state, f"{attention}.output.LayerNorm", shape.hidden)
    _linear(state, f"{name}.intermediate.dense", shape.inner, shape.hidden)
    _linear(state, f"{name}.output.dense", shape.hidden, shape.inner)
    _norm(state, f"{name}.output.LayerNorm", shape.hidden)


def _index(window: int) -> Tensor:
    """Return for each pair of places in a window the row of the table of relative positions."""
    ys, xs = (p.flatten() for p in torch.meshgrid(torch.arange(window), torch.arange(window), indexing="ij"))
    rows = ys[:, None] - ys[None] + window - 1
    columns = xs[:, None] - xs[None] + window - 1
    return rows * (2 * window - 1) + columns


def _mask(grid: int, window: int) -> Tensor:
    """Return -100 where two places of a window were no neighbours before the shift."""
    shift = window // 2
    region = torch.tensor([0 if i < grid - window else 1 if i < grid - shift else 2 for i in range(grid)])
    regions = _windows((3 * region[:, None] + region[None])[None, :, :, None].float(), window)[:, :, 0]
    return -100.0 * (regions[:, None] != regions[:, :, None]).float()


def _windows(grid: Tensor, window: int) -> Tensor:
    """Cut (B, H, W, C) into (B × windows, places, C)."""
    b, h, w, c = grid.shape
    cut = grid.view(b, h // window, window, w // window, window, c).permute(0, 1, 3, 2, 4, 5)
    return cut.reshape(-1, window * window, c)


def _whole(windows: Tensor, b: int, side: int, window: int) -> Tensor:
    n = side // window
    cut = windows.view(b, n, n, window, window, -1).permute(0, 1, 3, 2, 4, 5)
    return cut.reshape(b, side, side, -1)


def _through(state: State, name: str, values: Tensor) -> Tensor:
    return values @ state[f"{name}.weight"].T + state[f"{name}.bias"]


def _normed(state: State, name: str, values: Tensor, eps: float = 1e-5) -> Tensor:
    return layer_norm(values, values.shape[-1:], state[f"{name}.weight"], state[f"{name}.bias"], eps)


def _erf_gelu(values: Tensor) -> Tensor:
    return 0.5 * values * (1 + torch.erf(values / math.sqrt(2)))


def swin(state: State, pixels: Tensor) -> Tensor:
    """Return the image encoder's tokens, the mean of all in front: shape (B, 1 + tokens, width)."""
    proj = state["visual_encoder.patch_embed.proj.weight"]
    b, side = len(pixels), pixels.shape[-1] // 4
    cells = pixels.view(b, 3, side, 4, side, 4).permute(0, 2, 4, 1, 3, 5).reshape(b, side, side, -1)
    grid = cells @ proj.flatten(1).T + state["visual_encoder.patch_embed.proj.bias"]
    grid = _normed(state, "visual_encoder.patch_embed.norm", grid)
    for stage in range(sum(key.endswith("blocks.0.norm1.bias") for key in state)):
        layer = f"visual_encoder.layers.{stage}"
        depth = sum(key.startswith(layer) and key.endswith("norm1.bias") for key in state)
        for block in range(depth):
            grid = _swin_block(state, f"{layer}.blocks.{block}", grid)
        if f"{layer}.downsample.norm.bias" in state:
            quarters = (grid[:, y::2, x::2] for y, x in ((0, 0), (1, 0), (0, 1), (1, 1)))
            merged = _normed(state, f"{layer}.downsample.norm", torch.cat(list(quarters), -1))
            grid = merged @ state[f"{layer}.downsample.reduction.weight"].T
    tokens = _normed(state, "visual_encoder.norm", grid.flatten(1, 2))
    return torch.cat([tokens.mean(1, keepdim=True), tokens], 1)


def _swin_block(state: State, name: str, grid: Tensor) -> Tensor:
    b, side, _, width = grid.shape
    table = state[f"{name}.attn.relative_position_bias_table"]
    window, heads = (math.isqrt(len(table)) + 1) // 2, table.shape[1]
    shift = window // 2 if f"{name}.attn_mask" in state else 0
    shifted = torch.roll(_normed(state, f"{name}.norm1", grid), (-shift, -shift), (1, 2))
    windows = _windows(shifted, window)
    query, key, value = (
        part.view(*windows.shape[:2], heads, -1).transpose(1, 2)
        for part in _through(state, f"{name}.attn.qkv", windows).split(width, -1)
    )
    scores = query @ key.transpose(-1, -2) / math.sqrt(width // heads)
    scores = scores + table[_index(window)].permute(2, 0, 1)
    if shift:
        scores = scores + state[f"{name}.attn_mask"].repeat(b, 1, 1)[:, None]
    looked = (softmax(scores, -1) @ value).transpose(1, 2).flatten(2)
    looked = _whole(_through(state, f"{name}.attn.proj", looked), b, side, window)
    grid = grid + torch.roll(looked, (shift, shift), (1, 2))
    inner = _erf_gelu(_through(state, f"{name}.mlp.fc1", _normed(state, f"{name}.norm2", grid)))
    return grid + _through(state, f"{name}.mlp.fc2", inner)


def weighed(state: State, states: Tensor, label_embed: Tensor, each: int) -> Tensor:
    """Return each tag's query: its descriptions by how well each fits the image, through a ReLU."""
    queries = []
    for image in states:
        whole = image[0] / image[0].norm()
        rows = []
        for descriptions in label_embed.split(each):
            weights = softmax(state["reweight_scale"].exp() * (descriptions @ whole), 0)
            rows.append(sum(w * d for w, d in zip(weights, descriptions, strict=True)))
        queries.append(torch.stack(rows))
    return _through(state, "wordvec_proj", torch.stack(queries)).clamp(min=0)


def decoded(state: State, layer: int, queries: Tensor, states: Tensor) -> Tensor:
    """Return what one layer of the decoder makes of the queries."""
    name = f"tagging_head.encoder.layer.{layer}"
    attention = f"{name}.crossattention"
    query = _through(state, f"{attention}.self.query", queries)
    key = _through(state, f"{attention}.self.key", states)
    value = _through(state, f"{attention}.self.value", states)
    size = queries.shape[-1] // DECODER_HEADS
    heads = []
    for h in range(DECODER_HEADS):
        own = slice(h * size, (h + 1) * size)
        scores = query[..., own] @ key[..., own].transpose(-1, -2) / math.sqrt(size)
        heads.append(softmax(scores, -1) @ value[..., own])
    dense = _through(state, f"{attention}.output.dense", torch.cat(heads, -1))
    looked = _normed(state, f"{attention}.output.LayerNorm", dense + queries, 1e-12)
    inner = _erf_gelu(_through(state, f"{name}.intermediate.dense", looked))
    dense = _through(state, f"{name}.output.dense", inner)
    return _normed(state, f"{name}.output.LayerNorm", dense + looked, 1e-12)


def image_states(state: State, pixels: Tensor) -> Tensor:
    return _through(state, "image_proj", swin(state, pixels))


def logits(state: State, states: Tensor, label_embed: Tensor, each: int) -> Tensor:
    """Return one logit per image and tag."""
    queries = weighed(state, states, label_embed, each)
    for layer in range(sum(key.endswith("crossattention.self.query.bias") for key in state)):
        queries = decoded(state, layer, queries, states)
    return _through(state, "fc", queries)[..., 0]


def write_published(folder: Path, seed: int = 0) -> State:
    """Write all files that the tagger needs; return the parameters of RAM++."""
    state = state_of(seed=seed)
    folder.mkdir(parents=True, exist_ok=True)
    torch.save({"model": state, "epoch": 4}, folder / "ram_plus_swin_large_14m.pth")
    (folder / "ram_tag_list.txt").write_text("\n".join(WORDS) + "\n", encoding="utf-8")
    (folder / "ram_tag_list_threshold.txt").write_text("\n".join(map(str, THRESHOLDS)), encoding="utf-8")
    write_clip(folder / "clip")
    return state


def write_clip(folder: Path) -> None:
    """Write a CLIP of few random weights as the hub holds it, its image half with it."""
    from transformers import CLIPModel

    tokenizer = byte_tokenizer()
    tokenizer.save_pretrained(folder)
    config = clip_config(tokenizer)
    config.save_pretrained(folder)
    torch.manual_seed(1)
    model = CLIPModel(config)
    for parameter in model.parameters():
        torch.nn.init.normal_(parameter, std=0.5)
    state = {key: value.clone() for key, value in model.state_dict().items()}
    state["text_model.embeddings.position_ids"] = torch.arange(77)[None]  # old checkpoints hold them
    torch.save(state, folder / "pytorch_model.bin")


def clip_config(tokenizer):
    """Return the sizes of a tiny CLIP whose texts and RAM++'s descriptions have the same width."""
    from transformers import CLIPConfig

    small = {"hidden_size": 16, "intermediate_size": 24, "num_hidden_layers": 1, "num_attention_heads": 2}
    text = small | {
        "vocab_size": len(tokenizer),
        "projection_dim": TEXT,
        "eos_token_id": tokenizer.eos_token_id,
        "bos_token_id": tokenizer.bos_token_id,
        "pad_token_id": tokenizer.pad_token_id,
    }
    image = small | {"image_size": 32, "patch_size": 16, "projection_dim": TEXT}
    return CLIPConfig(text_config=text, vision_config=image, projection_dim=TEXT)


def byte_tokenizer():
    """Return a tokenizer of single bytes that puts marks around a text, as CLIP's does."""
    from tokenizers import Tokenizer, decoders, models, pre_tokenizers, processors
    from transformers import PreTrainedTokenizerFast

    alphabet = {c: i for i, c in enumerate(sorted(pre_tokenizers.ByteLevel.alphabet()))}
    start, end = len(alphabet), len(alphabet) + 1
    bytewise = Tokenizer(models.BPE(vocab=alphabet, merges=[]))
    bytewise.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    bytewise.decoder = decoders.ByteLevel()
    bytewise.add_special_tokens(["<|startoftext|>", "<|endoftext|>"])
    bytewise.post_processor = processors.TemplateProcessing(
        single="<|startoftext|> $A <|endoftext|>",
        special_tokens=[("<|startoftext|>", start), ("<|endoftext|>", end)],
    )
    return PreTrainedTokenizerFast(
        tokenizer_object=bytewise,
        bos_token="<|startoftext|>",
        eos_token="<|endoftext|>",
        pad_token="<|endoftext|>",
    )
