"""The two-way transformer of SAM's decoders, on the modules of transformers.

Prompts on one image share its embedding. The first layer's projections of the embedding are
computed once for all of them, and no copy is made per prompt before the prompts change it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from torch import Tensor


def two_way(transformer: Any, tokens: Tensor, image: Tensor, places: Tensor) -> tuple[Tensor, Tensor]:
    """Let tokens and image attend to each other.

    Parameters
    ----------
    transformer : torch.nn.Module
        ``mask_decoder.transformer`` of a model of transformers.
    tokens : Tensor, shape (P, T, C)
        Output tokens and embedded prompts.
    image : Tensor, shape (P, N, C) or (1, N, C)
        The embedding, with a prior mask per prompt or the same for all.
    places : Tensor, shape (1, N, C)
        Positional encoding of the image.

    Returns
    -------
    tuple of Tensor
        Tokens of shape (P, T, C) and image of shape (P, N, C).
    """
    asked = tokens
    for layer in transformer.layers:
        asked, image = _layer(layer, asked, tokens, image, places)
    found = _ask_image(transformer.final_attn_token_to_image, asked + tokens, image + places, image)
    return transformer.layer_norm_final_attn(asked + found), image


def _layer(layer: Any, asked: Tensor, tokens: Tensor, image: Tensor, places: Tensor) -> tuple[Tensor, Tensor]:
    if layer.skip_first_layer_pe:
        asked = _attend(layer.self_attn, asked, asked, asked)
    else:
        placed = asked + tokens
        asked = asked + _attend(layer.self_attn, placed, placed, asked)
    asked = layer.layer_norm1(asked)
    seen = image + places
    found = _ask_image(layer.cross_attn_token_to_image, asked + tokens, seen, image)
    asked = layer.layer_norm2(asked + found)
    asked = layer.layer_norm3(asked + layer.mlp(asked))
    told = _tell_image(layer.cross_attn_image_to_token, image, seen, asked + tokens, asked)
    return asked, layer.layer_norm4(told)


def _attend(attention: Any, query: Tensor, key: Tensor, value: Tensor) -> Tensor:
    """Attention of several heads, in which one of the sides may be shared by all prompts."""
    import torch

    heads = attention.num_attention_heads
    query = _separated(attention.q_proj(query), heads)
    key, value = _separated(attention.k_proj(key), heads), _separated(attention.v_proj(value), heads)
    prompts = max(len(query), len(key))
    query, key, value = (part.expand(prompts, -1, -1, -1) for part in (query, key, value))
    mixed = torch.nn.functional.scaled_dot_product_attention(query, key, value)
    joined: Tensor = _last(attention)(mixed.transpose(1, 2).flatten(2))
    return joined


def _ask_image(attention: Any, tokens: Tensor, seen: Tensor, image: Tensor) -> Tensor:
    """Let tokens attend to the image.

    The projections of the image are moved to the other side of the product: for a few tokens that is
    less than half of the work. What the keys' bias adds is the same for all places, and drops out.
    """
    heads = attention.num_attention_heads
    if _many(attention, tokens):
        return _attend(attention, tokens, seen, image)
    asking = _separated(attention.q_proj(tokens), heads) * attention.scaling
    prompts, _, count, width = asking.shape
    asked = (asking @ attention.k_proj.weight.view(heads, width, -1)).flatten(1, 2)
    shares = (asked @ _shared(seen).transpose(-1, -2)).softmax(-1)
    found = (shares @ _shared(image)).view(prompts, heads, count, -1)
    values = found @ attention.v_proj.weight.view(heads, width, -1).transpose(1, 2)
    mixed = values + attention.v_proj.bias.view(heads, 1, width)
    joined: Tensor = _last(attention)(mixed.transpose(1, 2).flatten(2))
    return joined


def _tell_image(attention: Any, image: Tensor, seen: Tensor, tokens: Tensor, values: Tensor) -> Tensor:
    """Return the image with what its places learn of the tokens; projections as in asking it."""
    import torch

    heads = attention.num_attention_heads
    if _many(attention, tokens):
        return image + _attend(attention, seen, tokens, values)
    key = _separated(attention.k_proj(tokens), heads) * attention.scaling
    prompts, _, count, width = key.shape
    sought = (key @ attention.q_proj.weight.view(heads, width, -1)).flatten(1, 2)
    offsets = (key @ attention.q_proj.bias.view(heads, width, 1)).reshape(prompts, -1, 1)
    scores = sought @ _shared(seen).transpose(-1, -2) + offsets
    # places last, where the processor takes many at once
    shares = scores.view(prompts, heads, count, -1).softmax(2).flatten(1, 2).transpose(1, 2)
    last = _last(attention)
    told = _separated(attention.v_proj(values), heads) @ last.weight.view(-1, heads, width).permute(1, 2, 0)
    return torch.baddbmm((image + last.bias).expand(prompts, -1, -1), shares, told.flatten(1, 2))


def _shared(image: Tensor) -> Tensor:
    """Return what all prompts share as one matrix, which is multiplied without being copied for each."""
    return image[0] if len(image) == 1 else image


def _many(attention: Any, tokens: Tensor) -> bool:
    """Whether the tokens of all heads are more than the channels to which the image is projected."""
    return bool(tokens.shape[1] * attention.num_attention_heads > attention.q_proj.out_features)


def _last(attention: Any) -> Any:
    """Return the last projection: SAM calls it out_proj, SAM 2 and later o_proj."""
    return attention.out_proj if hasattr(attention, "out_proj") else attention.o_proj


def _separated(projected: Tensor, heads: int) -> Tensor:
    prompts, tokens, _ = projected.shape
    return projected.view(prompts, tokens, heads, -1).transpose(1, 2)
