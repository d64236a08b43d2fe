"""RAM++ as a tree of modules that bears the official key names, and what it computes.

The image encoder is Swin; the mean of its tokens goes in front of them. Each tag has several
descriptions, vectors of CLIP's text encoder, which the image weighs against each other; the result asks
the image's tokens in a decoder without self-attention, and its answer is one logit per tag.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from napari_zeroseg.backends.ram.sizes import HEADS, PATCH

if TYPE_CHECKING:
    from collections.abc import Sequence

    from torch import Tensor
    from torch.nn import ModuleDict

    from napari_zeroseg.backends.ram.sizes import Sizes

LAYER_NORM_EPS = 1e-12


def swin_config(sizes: Sizes) -> Any:
    """Return the configuration of the image encoder."""
    from transformers import SwinConfig

    return SwinConfig(
        image_size=sizes.image_side,
        patch_size=PATCH,
        embed_dim=sizes.embed_dim,
        depths=list(sizes.depths),
        num_heads=list(sizes.heads),
        window_size=sizes.window,
    )


def head(sizes: Sizes) -> ModuleDict:
    """Return all but the image encoder, with parameters in no memory yet (device "meta")."""
    import torch
    from torch.nn import Linear, ModuleDict, ModuleList, Parameter

    with torch.device("meta"):
        layers = ModuleList(_layer(sizes) for _ in range(sizes.layers))
        tree = ModuleDict(
            {
                "image_proj": Linear(sizes.image_width, sizes.text_width),
                "wordvec_proj": Linear(sizes.text_width, sizes.hidden),
                "tagging_head": ModuleDict({"encoder": ModuleDict({"layer": layers})}),
                "fc": Linear(sizes.hidden, 1),
            }
        )
        tree.register_parameter("label_embed", Parameter(torch.empty(sizes.descriptions, sizes.text_width)))
        tree.register_parameter("reweight_scale", Parameter(torch.empty(())))
    return tree


def _layer(sizes: Sizes) -> ModuleDict:
    from torch.nn import Linear, ModuleDict

    hidden, text = sizes.hidden, sizes.text_width
    attention = ModuleDict(
        {"query": Linear(hidden, hidden), "key": Linear(text, hidden), "value": Linear(text, hidden)}
    )
    return ModuleDict(
        {
            "crossattention": ModuleDict({"self": attention, "output": _projection(hidden, hidden)}),
            "intermediate": ModuleDict({"dense": Linear(hidden, sizes.intermediate)}),
            "output": _projection(sizes.intermediate, hidden),
        }
    )


def _projection(width: int, hidden: int) -> ModuleDict:
    from torch.nn import LayerNorm, Linear, ModuleDict

    return ModuleDict({"dense": Linear(width, hidden), "LayerNorm": LayerNorm(hidden, eps=LAYER_NORM_EPS)})


def image_states(network: Any, pixels: Tensor) -> Tensor:
    """Return what the image shows, the whole of it first: shape (B, 1 + tokens, text width).

    Parameters
    ----------
    network : ModuleDict
        :func:`head` with the image encoder under ``"visual_encoder"``.
    pixels : Tensor
        Shape (B, 3, side, side), normalised.
    """
    import torch

    tokens = network["visual_encoder"](pixels).last_hidden_state
    states: Tensor = network["image_proj"](torch.cat([tokens.mean(1, keepdim=True), tokens], 1))
    return states


def tag_logits(network: Any, states: Tensor, described: Sequence[Tensor]) -> Tensor:
    """Return one logit per image and tag, float32 of shape (B, tags).

    Parameters
    ----------
    network : ModuleDict
        The model.
    states : Tensor
        From :func:`image_states`.
    described : sequence of Tensor
        Groups of tags that have the same number of descriptions: shape (tags, descriptions, text width).
    """
    import torch
    from torch.nn.functional import normalize, relu

    with torch.autocast(states.device.type, enabled=False):  # the weighing is steep: float32
        whole = normalize(states[:, 0].float(), dim=-1) * network.reweight_scale.exp()
        words = torch.cat([weighed(whole, group) for group in described], 1)
    queries = relu(network["wordvec_proj"](words))
    for layer in network["tagging_head"]["encoder"]["layer"]:
        queries = _decoded(layer, queries, states)
    logits: Tensor = network["fc"](queries).squeeze(-1).float()
    return logits


def weighed(whole: Tensor, described: Tensor) -> Tensor:
    """Return each tag's descriptions, summed by how well each fits the image.

    Parameters
    ----------
    whole : Tensor
        The image, shape (B, width), scaled.
    described : Tensor
        Shape (tags, descriptions, width); it is not copied (RAM++'s own takes 479 MB).

    Returns
    -------
    Tensor
        Shape (B, tags, width).
    """
    tags, each, width = described.shape
    fits = (whole @ described.reshape(-1, width).T).reshape(-1, tags, each).softmax(-1)
    return (fits.transpose(0, 1) @ described).transpose(0, 1)


def _decoded(layer: Any, queries: Tensor, states: Tensor) -> Tensor:
    """Let the queries look at the image, then think on their own (BERT's layer without self-attention)."""
    from torch.nn.functional import gelu

    looked = _added(layer["crossattention"]["output"], _attended(layer, queries, states), queries)
    return _added(layer["output"], gelu(layer["intermediate"]["dense"](looked)), looked)


def _attended(layer: Any, queries: Tensor, states: Tensor) -> Tensor:
    from torch.nn.functional import scaled_dot_product_attention

    parts = layer["crossattention"]["self"]
    heads = (
        part.unflatten(-1, (HEADS, -1)).transpose(1, 2)
        for part in (parts["query"](queries), parts["key"](states), parts["value"](states))
    )
    return scaled_dot_product_attention(*heads).transpose(1, 2).flatten(2)


def _added(projection: Any, values: Tensor, residual: Tensor) -> Tensor:
    added: Tensor = projection["LayerNorm"](projection["dense"](values) + residual)
    return added
