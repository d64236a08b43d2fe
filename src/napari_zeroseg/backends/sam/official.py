"""Checkpoints of SAM, SAM-HQ and MobileSAM as their authors published them, for transformers' models.

The sizes of the network are read off the weights, so one function serves every variant.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from napari_zeroseg.backends.sam.tiny_vit import tiny_vit
from napari_zeroseg.backends.weights.reading import read_state
from napari_zeroseg.core.errors import BadFileError

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Mapping
    from pathlib import Path

    from torch import Tensor

HEADS = 8
"""Attention heads of the mask decoder, which no weight tells."""
MOBILE_SIDE, MOBILE_PATCH = 1024, 16
"""Pixels of MobileSAM's square, and of the side of a cell; neither does any weight tell these."""

_PLACES = "prompt_encoder.pe_layer.positional_encoding_gaussian_matrix"
_MLP = (("layers.0.", "proj_in."), ("layers.1.", "layers.0."), ("layers.2.", "proj_out."))
_RENAMED = (
    (r"^image_encoder\.", "vision_encoder."),
    (r"\.patch_embed\.proj\.", ".patch_embed.projection."),
    (r"\.blocks\.(\d+)\.norm", r".layers.\1.layer_norm"),
    (r"\.blocks\.", ".layers."),
    (r"\.neck\.0\.", ".neck.conv1."),
    (r"\.neck\.1\.", ".neck.layer_norm1."),
    (r"\.neck\.2\.", ".neck.conv2."),
    (r"\.neck\.3\.", ".neck.layer_norm2."),
    (re.escape(_PLACES), "shared_image_embedding.positional_embedding"),
    (r"\.point_embeddings\.", ".point_embed."),
    (r"\.mask_downscaling\.0\.", ".mask_embed.conv1."),
    (r"\.mask_downscaling\.1\.", ".mask_embed.layer_norm1."),
    (r"\.mask_downscaling\.3\.", ".mask_embed.conv2."),
    (r"\.mask_downscaling\.4\.", ".mask_embed.layer_norm2."),
    (r"\.mask_downscaling\.6\.", ".mask_embed.conv3."),
    (r"\.transformer\.layers\.(\d+)\.norm", r".transformer.layers.\1.layer_norm"),
    (r"\.norm_final_attn\.", ".layer_norm_final_attn."),
    (r"\.output_upscaling\.0\.", ".upscale_conv1."),
    (r"\.output_upscaling\.1\.", ".upscale_layer_norm."),
    (r"\.output_upscaling\.3\.", ".upscale_conv2."),
    (r"\.hf_token\.", ".hq_token."),
    (r"\.hf_mlp\.", ".hq_mask_mlp."),
    (r"\.compress_vit_feat\.0\.", ".compress_vit_conv1."),
    (r"\.compress_vit_feat\.1\.", ".compress_vit_norm."),
    (r"\.compress_vit_feat\.3\.", ".compress_vit_conv2."),
    (r"\.embedding_encoder\.0\.", ".encoder_conv1."),
    (r"\.embedding_encoder\.1\.", ".encoder_norm."),
    (r"\.embedding_encoder\.3\.", ".encoder_conv2."),
    (r"\.embedding_maskfeature\.0\.", ".mask_conv1."),
    (r"\.embedding_maskfeature\.1\.", ".mask_norm."),
    (r"\.embedding_maskfeature\.3\.", ".mask_conv2."),
)
_MLPS = re.compile(r"\.(output_hypernetworks_mlps\.\d+|iou_prediction_head|hq_mask_mlp)\.")
_CLUES = (
    ("mask_decoder.hf_token.", "a checkpoint of SAM-HQ"),
    ("image_encoder.layers.", "a checkpoint of MobileSAM"),
    ("image_encoder.blocks.", "a checkpoint of SAM"),
    ("sam_prompt_encoder.", "a checkpoint of SAM 2 as Meta published it"),
    ("image_encoder.trunk.", "a checkpoint of SAM 2 as Meta published it"),
    ("vision_encoder.", "weights in the layout of transformers"),
    ("visual_encoder.", "a checkpoint of RAM or BLIP"),
    ("transformer.level_embed", "a checkpoint of Grounding DINO"),
    ("module.transformer.level_embed", "a checkpoint of Grounding DINO"),
)


def read_official(path: Path, kind: str) -> Any:
    """Return a model with the weights of a published ``.pth`` file, in float32 on the CPU.

    Parameters
    ----------
    path : Path
        As in the repositories segment-anything and sam-hq.
    kind : str
        ``"Sam"`` or ``"SamHQ"``, the models' names in transformers.

    Raises
    ------
    BadFileError
        When the file is damaged, or does not hold exactly the weights of such a model.
    """
    state = read_state(path)
    return _loaded(path, state, lambda: (_empty_model(kind, state, _vision_sizes(state)), _converted(state)))


def read_mobile(path: Path) -> Any:
    """Return a model with the weights of MobileSAM's ``.pt`` file, in float32 on the CPU.

    It is a ``SamModel`` whose encoder is that of :func:`~napari_zeroseg.backends.sam.tiny_vit.tiny_vit`.

    Raises
    ------
    BadFileError
        When the file is damaged, or does not hold exactly the weights of MobileSAM.
    """
    state = read_state(path)
    return _loaded(path, state, lambda: _mobile(state))


def _mobile(state: Mapping[str, Tensor]) -> tuple[Any, dict[str, Tensor]]:
    """Return MobileSAM without weights, and the weights under its names."""
    import torch

    start, classifier = "image_encoder.", ("norm_head.", "head.")  # the encoder once named pictures
    encoder = {name.removeprefix(start): tensor for name, tensor in state.items() if name.startswith(start)}
    encoder = {name: tensor for name, tensor in encoder.items() if not name.startswith(classifier)}
    others = {name: tensor for name, tensor in state.items() if not name.startswith(start)}
    vision = {"image_size": MOBILE_SIDE, "patch_size": MOBILE_PATCH, "num_hidden_layers": 1}
    places = {"num_pos_feats": state[_PLACES].shape[1], "output_channels": len(encoder["neck.0.weight"])}
    model = _empty_model("Sam", state, vision | places)
    with torch.device("meta"):
        model.vision_encoder = tiny_vit(encoder)
    return model, _converted(others) | {f"vision_encoder.{name}": t for name, t in encoder.items()}


def _loaded(
    path: Path, found: Mapping[str, Tensor], build: Callable[[], tuple[Any, Mapping[str, Tensor]]]
) -> Any:
    """Return a model with all of a state and nothing else, or raise BadFileError.

    Parameters
    ----------
    path : Path
        Of the file.
    found : mapping of str to Tensor
        What is in it.
    build : callable
        Returns the model without weights, and the weights under its names; raises KeyError with
        the name of one that it needs.
    """
    guess = looks_like(found)
    try:
        model, state = build()
    except KeyError as error:
        _check_keys(path, {str(error.args[0])}, (), guess)
        raise
    wanted = model.state_dict()
    _check_keys(path, wanted.keys() - state.keys(), state.keys() - wanted.keys(), guess)
    misfits = {name for name, tensor in wanted.items() if tensor.shape != state[name].shape}
    _check_keys(path, {f"{name} of shape {tuple(wanted[name].shape)}" for name in misfits}, (), guess)
    floats = {name: t.float() if t.is_floating_point() else t for name, t in state.items()}
    model.load_state_dict(floats, assign=True)
    return model


def looks_like(names: Collection[str]) -> str:
    """Return what a checkpoint seems to be, from the names in it; empty where nothing is known."""
    return next((words for start, words in _CLUES if any(n.startswith(start) for n in names)), "")


def _converted(state: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """Return the weights under the names that transformers gives them."""
    renamed = {_renamed(name): tensor for name, tensor in state.items()}
    renamed["prompt_encoder.shared_embedding.positional_embedding"] = state[_PLACES]
    return renamed


def _renamed(name: str) -> str:
    for pattern, replacement in _RENAMED:
        name = re.sub(pattern, replacement, name)
    found = _MLPS.search(name)
    if found is None:
        return name
    head, tail = name[: found.end()], name[found.end() :]
    return head + next((new + tail[len(old) :] for old, new in _MLP if tail.startswith(old)), tail)


def _empty_model(kind: str, state: Mapping[str, Tensor], vision: Mapping[str, Any]) -> Any:
    """Return the model that the shapes of the weights tell of, without memory for its weights."""
    import torch
    import transformers

    decoder = _decoder_sizes(state)
    if kind == "SamHQ":
        decoder["vit_dim"] = vision["hidden_size"]
    config = getattr(transformers, f"{kind}Config")(
        vision_config=dict(vision),
        prompt_encoder_config=_prompt_sizes(state, vision),
        mask_decoder_config=decoder,
    )
    with torch.device("meta"):
        return getattr(transformers, f"{kind}Model")(config)


def _vision_sizes(state: Mapping[str, Tensor]) -> dict[str, Any]:
    _, side, _, width = state["image_encoder.pos_embed"].shape
    patch = state["image_encoder.patch_embed.proj.weight"].shape[-1]
    heights = _numbered(state, "image_encoder.blocks.{}.attn.rel_pos_h")
    # a block that sees the whole image has relative places for all of it; others for their window
    spans = [(len(tensor) + 1) // 2 for tensor in heights]
    return {
        "hidden_size": width,
        "num_hidden_layers": len(spans),
        "num_attention_heads": width // heights[0].shape[1],
        "output_channels": state["image_encoder.neck.0.weight"].shape[0],
        "image_size": side * patch,
        "patch_size": patch,
        "mlp_dim": state["image_encoder.blocks.0.mlp.lin1.weight"].shape[0],
        "window_size": min(spans),
        "global_attn_indexes": [block for block, span in enumerate(spans) if span == side],
        "num_pos_feats": state[_PLACES].shape[1],
    }


def _prompt_sizes(state: Mapping[str, Tensor], vision: Mapping[str, Any]) -> dict[str, Any]:
    return {
        "hidden_size": state["prompt_encoder.no_mask_embed.weight"].shape[1],
        "image_size": vision["image_size"],
        "patch_size": vision["patch_size"],
        "mask_input_channels": state["prompt_encoder.mask_downscaling.3.weight"].shape[0],
    }


def _decoder_sizes(state: Mapping[str, Tensor]) -> dict[str, Any]:
    return {
        "hidden_size": state["mask_decoder.iou_token.weight"].shape[1],
        "mlp_dim": state["mask_decoder.transformer.layers.0.mlp.lin1.weight"].shape[0],
        "num_attention_heads": HEADS,
        "iou_head_hidden_dim": state["mask_decoder.iou_prediction_head.layers.0.weight"].shape[0],
    }


def _numbered(state: Mapping[str, Tensor], name: str) -> list[Tensor]:
    """Return the weights of that name in all blocks, of which there is at least one."""
    found = [state[name.format(0)]]
    while name.format(len(found)) in state:
        found.append(state[name.format(len(found))])
    return found


def _check_keys(path: Path, missing: Collection[str], left: Collection[str], guess: str) -> None:
    """Raise BadFileError when a checkpoint lacks weights or holds others."""
    if not missing and not left:
        return
    lacks = f"lacks '{min(missing)}'{_more(missing)}" if missing else ""
    holds = f"holds '{min(left)}'{_more(left)}, which the model has no place for" if left else ""
    raise _refused(path, " and ".join(part for part in (lacks, holds) if part), guess)


def _more(names: Collection[str]) -> str:
    return f" and {len(names) - 1} more" if len(names) > 1 else ""


def _refused(path: Path, what: str, guess: str) -> BadFileError:
    looks = f"; it looks like {guess}" if guess else ""
    return BadFileError(
        f"The checkpoint '{path}' {what}{looks}.",
        kept="Nothing was loaded.",
        remedy="Download it again, or choose the backend that it belongs to.",
    )
