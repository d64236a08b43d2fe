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
    found = _attend(transformer.final_attn_token_to_image, asked + tokens, image + places, image)
    return transformer.layer_norm_final_attn(asked + found), image


def _layer(layer: Any, asked: Tensor, tokens: Tensor, image: Tensor, places: Tensor) -> tuple[Tensor, Tensor]:
    if layer.skip_first_layer_pe:
        asked = _attend(layer.self_attn, asked, asked, asked)
    else:
        placed = asked + tokens
        asked = asked + _attend(layer.self_attn, placed, placed, asked)
    asked = layer.layer_norm1(asked)
    seen = image + places
    asked = layer.layer_norm2(asked + _attend(layer.cross_attn_token_to_image, asked + tokens, seen, image))
    asked = layer.layer_norm3(asked + layer.mlp(asked))
    told = _attend(layer.cross_attn_image_to_token, seen, asked + tokens, asked)
    return asked, layer.layer_norm4(image + told)


def _attend(attention: Any, query: Tensor, key: Tensor, value: Tensor) -> Tensor:
    """Attention of several heads, in which one of the sides may be shared by all prompts."""
    import torch

    heads = attention.num_attention_heads
    query = _separated(attention.q_proj(query), heads)
    key, value = _separated(attention.k_proj(key), heads), _separated(attention.v_proj(value), heads)
    prompts = max(len(query), len(key))
    query, key, value = (part.expand(prompts, -1, -1, -1) for part in (query, key, value))
    mixed = torch.nn.functional.scaled_dot_product_attention(query, key, value)
    # SAM calls the last projection out_proj, SAM 2 and later o_proj
    last = attention.out_proj if hasattr(attention, "out_proj") else attention.o_proj
    joined: Tensor = last(mixed.transpose(1, 2).flatten(2))
    return joined


def _separated(projected: Tensor, heads: int) -> Tensor:
    prompts, tokens, _ = projected.shape
    return projected.view(prompts, tokens, heads, -1).transpose(1, 2)
