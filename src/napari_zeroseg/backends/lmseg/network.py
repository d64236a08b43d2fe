"""The head as a tree of modules, and what it computes.

After Tang et al., LMSeg (arXiv 2412.00364): F = w·F_c + (1 − w)·F_s with a learnable w, where both are
projected into one space; the cost map E(i, j, n) = cos(F(i, j), T_n); Swin blocks over each class's
map, attention across classes, and up-sampling to the grid. No weight is of one class alone: classes are
told apart by their vectors. Small, because it learns from a handful of images.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from torch import Tensor
    from torch.nn import ModuleDict

    from napari_zeroseg.backends.lmseg.sizes import Sizes

HEADS = 2
SHARPNESS = 10.0
"""First factor from cosines to logits."""
OFFSET = -2.0
"""First logit of a cosine of 0: most places are not of most classes."""


def build(sizes: Sizes) -> Any:
    """Return the modules; their parameters are drawn from torch's present random numbers."""
    import torch
    from torch import nn

    nets: Any = nn.ModuleDict(
        {
            "align": nn.Linear(sizes.dense, sizes.joint, bias=False),
            "project": nn.Sequential(
                nn.Linear(sizes.detail, sizes.hidden),
                nn.GELU(),
                nn.Linear(sizes.hidden, sizes.joint),
            ),
            "embed": nn.Conv2d(1, sizes.token, sizes.patch, stride=sizes.patch),
            "guide": nn.Linear(sizes.joint, sizes.guide),
            "plain": _window_block(sizes),
            "shifted": _window_block(sizes),
            "across": _class_block(sizes.token),
            "up": nn.Linear(sizes.token, sizes.fine),
            "near": nn.Conv2d(1, sizes.fine, 5, padding=2),
            "seen": nn.Linear(sizes.joint, sizes.fine),
            "join": nn.Conv2d(sizes.fine, sizes.fine, 3, padding=1),
            "out": nn.Conv2d(sizes.fine, 1, 1),
            "numbers": nn.ParameterDict(
                {
                    "weight": torch.zeros(()),  # w is its logistic function
                    "sharpness": torch.tensor(SHARPNESS).log(),
                    "offset": torch.tensor(OFFSET),
                }
            ),
        }
    )
    nets.register_buffer("mean", torch.zeros(sizes.detail))
    nets.register_buffer("deviation", torch.ones(sizes.detail))
    nn.init.orthogonal_(nets["align"].weight)  # at first, directions mean what they meant
    nn.init.zeros_(nets["out"].weight)  # and neighbours add nothing
    nn.init.zeros_(nets["out"].bias)
    return nets


def _window_block(sizes: Sizes) -> ModuleDict:
    import torch
    from torch import nn

    width = sizes.token
    places = torch.zeros(HEADS, (2 * sizes.window - 1) ** 2)
    return nn.ModuleDict(
        {
            "norm": nn.LayerNorm(width),
            "ask": nn.Linear(width + sizes.guide, 2 * width),
            "value": nn.Linear(width, width),
            "out": nn.Linear(width, width),
            "bias": nn.ParameterDict({"places": places}),
            "mlp": _mlp(width),
        }
    )


def _class_block(width: int) -> ModuleDict:
    from torch import nn

    modules = {
        "norm": nn.LayerNorm(width),
        "ask": nn.Linear(width, 3 * width),
        "out": nn.Linear(width, width),
    }
    return nn.ModuleDict({**modules, "mlp": _mlp(width)})


def _mlp(width: int) -> Any:
    from torch import nn

    return nn.Sequential(
        nn.LayerNorm(width), nn.Linear(width, 2 * width), nn.GELU(), nn.Linear(2 * width, width)
    )


def weight(nets: Any) -> Tensor:
    """Return w in F = w·F_c + (1 − w)·F_s."""
    found: Tensor = nets["numbers"]["weight"].sigmoid()
    return found


def fuse(nets: Any, dense: Tensor, detail: Tensor) -> Tensor:
    """Return F, shape (B, h, w, joint), of F_c and F_s, shapes (B, h, w, ·)."""
    w = weight(nets)
    seen = ((detail - nets.mean) / nets.deviation).clamp(-4, 4)
    fused: Tensor = w * nets["align"](dense) + (1 - w) * nets["project"](seen)
    return fused


def cost(fused: Tensor, classes: Tensor) -> Tensor:
    """Return cosines of features, shape (B, h, w, d), and class vectors, (K, d): shape (B, K, h, w)."""
    import torch
    from torch.nn.functional import normalize

    return torch.einsum("bhwd,kd->bkhw", normalize(fused, dim=-1), normalize(classes, dim=-1))


def logits(nets: Any, sizes: Sizes, dense: Tensor, detail: Tensor, classes: Tensor) -> Tensor:
    """Return the logit of each class at each place.

    Parameters
    ----------
    nets : ModuleDict
        From :func:`build`.
    sizes : Sizes
        With which it was built.
    dense, detail : Tensor, shapes (B, h, w, sizes.dense) and (B, h, w, sizes.detail)
        F_c and F_s.
    classes : Tensor, shape (K, sizes.dense)
        Vectors of the classes, of which no class is one.

    Returns
    -------
    Tensor, shape (B, K, h, w)
    """
    from torch.nn.functional import normalize

    fused = fuse(nets, dense, detail)
    agreement = cost(fused, nets["align"](classes))
    return scaled(nets, agreement) + aggregate(nets, sizes, agreement, normalize(fused, dim=-1))


def scaled(nets: Any, agreement: Tensor) -> Tensor:
    """Return what cosines alone say of each class, as logits."""
    found: Tensor = nets["numbers"]["sharpness"].exp() * agreement + nets["numbers"]["offset"]
    return found


def aggregate(nets: Any, sizes: Sizes, agreement: Tensor, fused: Tensor) -> Tensor:
    """Return what the neighbourhood and the other classes add to each class's map.

    Parameters
    ----------
    agreement : Tensor, shape (B, K, h, w)
        The cost map.
    fused : Tensor, shape (B, h, w, joint)
        Unit vectors: what the image shows at each place.
    """
    from torch.nn.functional import avg_pool2d, gelu, interpolate, pad

    count, classes, height, width = agreement.shape
    patch = sizes.patch
    border = (0, -width % patch, 0, -height % patch)
    maps = agreement.reshape(count * classes, 1, height, width)
    tokens = nets["embed"](pad(maps, border, mode="replicate")).permute(0, 2, 3, 1)
    seen = avg_pool2d(pad(fused.permute(0, 3, 1, 2), border, mode="replicate"), patch).permute(0, 2, 3, 1)
    guide = nets["guide"](seen).repeat_interleave(classes, 0)
    for name, shift in (("plain", 0), ("shifted", sizes.window // 2)):
        tokens = within_windows(nets[name], tokens, guide, sizes.window, shift)
    tokens = across_classes(nets["across"], tokens, classes)
    coarse = nets["up"](tokens).permute(0, 3, 1, 2)
    fine = interpolate(coarse, scale_factor=patch, mode="bilinear")[..., :height, :width]
    image = nets["seen"](fused).permute(0, 3, 1, 2).repeat_interleave(classes, 0)
    joined = nets["join"](gelu(fine + nets["near"](maps) + image))
    found: Tensor = nets["out"](gelu(joined)).reshape(agreement.shape)
    return found


def within_windows(block: Any, tokens: Tensor, guide: Tensor, side: int, shift: int) -> Tensor:
    """Return tokens after attention within windows of a grid that begins ``shift`` before them (Swin).

    Parameters
    ----------
    tokens : Tensor, shape (M, h, w, token)
    guide : Tensor, shape (M, h, w, guide)
        Takes part in where a token looks, not in what it sees there.
    """
    import torch
    from torch.nn.functional import pad, scaled_dot_product_attention

    count, height, width, _ = tokens.shape
    border = (0, 0, shift, -(width + shift) % side, shift, -(height + shift) % side)

    def cut(values: Tensor) -> Tensor:
        padded = pad(values, border)
        rows, cols = padded.shape[1] // side, padded.shape[2] // side
        parts = padded.reshape(len(padded), rows, side, cols, side, -1).transpose(2, 3)
        return parts.reshape(-1, side * side, padded.shape[-1])

    normed = block["norm"](tokens)
    query, key = block["ask"](cut(torch.cat((normed, guide), -1))).chunk(2, -1)
    value = block["value"](cut(normed))
    there = cut(torch.ones(1, height, width, 1))[:, :, 0]  # what is beyond the border is not looked at
    mask = block["bias"]["places"][:, _offsets(side)] + (there - 1)[:, None, None, :] * 1e4
    query, key, value = (_in_heads(t) for t in (query, key, value))
    looked = scaled_dot_product_attention(query, key, value, attn_mask=mask.repeat(count, 1, 1, 1))
    rows, cols = (-(-(n + shift) // side) for n in (height, width))
    found = block["out"](looked.transpose(1, 2).flatten(2)).reshape(count, rows, cols, side, side, -1)
    whole = found.transpose(2, 3).reshape(count, rows * side, cols * side, -1)
    tokens = tokens + whole[:, shift : shift + height, shift : shift + width]
    after: Tensor = tokens + block["mlp"](tokens)
    return after


def _in_heads(tokens: Tensor) -> Tensor:
    return tokens.reshape(*tokens.shape[:2], HEADS, -1).transpose(1, 2)


def _offsets(side: int) -> Tensor:
    """Return which of the (2·side − 1)² offsets lies between each two tokens of a window."""
    import torch

    rows, cols = torch.meshgrid(torch.arange(side), torch.arange(side), indexing="ij")
    places = torch.stack((rows.flatten(), cols.flatten()))
    apart = places[:, :, None] - places[:, None, :] + side - 1
    return apart[0] * (2 * side - 1) + apart[1]


def across_classes(block: Any, tokens: Tensor, classes: int) -> Tensor:
    """Return tokens after each has looked at those of the other classes at its place.

    With linear attention: Katharopoulos et al., Transformers are RNNs (ICML 2020), eq. (6).
    """
    import torch
    from torch.nn.functional import elu

    _, height, width, size = tokens.shape
    rows = tokens.reshape(-1, classes, height * width, size).transpose(1, 2).reshape(-1, classes, size)
    query, key, value = (_in_heads(t) for t in block["ask"](block["norm"](rows)).chunk(3, -1))
    query, key = elu(query) + 1, elu(key) + 1
    memory = torch.einsum("nhkd,nhke->nhde", key, value)
    scale = torch.einsum("nhkd,nhd->nhk", query, key.sum(2)).clamp_min(1e-6)
    looked = torch.einsum("nhkd,nhde->nhke", query, memory) / scale[..., None]
    rows = rows + block["out"](looked.transpose(1, 2).flatten(2))
    rows = rows + block["mlp"](rows)
    found: Tensor = rows.reshape(-1, height * width, classes, size).transpose(1, 2).reshape(tokens.shape)
    return found
