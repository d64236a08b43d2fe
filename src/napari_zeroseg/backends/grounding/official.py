"""Reads the checkpoints that Grounding DINO's authors published, such as ``groundingdino_swint_ogc.pth``.

Their keys are translated to those of the hub, which transformers translates to its own version's.
The sizes of the model are those of the tensors.
"""

from __future__ import annotations

import re
from math import isqrt
from typing import TYPE_CHECKING, Any

from napari_zeroseg.backends.grounding.groundingdino import GroundingDino
from napari_zeroseg.backends.weights.exact import filled
from napari_zeroseg.backends.weights.reading import read_state
from napari_zeroseg.core.errors import BadFileError

if TYPE_CHECKING:
    from pathlib import Path

    from torch import Tensor

    State = dict[str, Tensor]

HEADS = 8
"""Attention heads of encoder and decoder; no tensor tells their number."""
BERT_HEAD = 64
"""Width of a head in every BERT."""

_UNUSED = re.compile(
    r"relative_position_index$|attn_mask$"  # follow from the sizes
    r"|^bert\.embeddings\.position_ids$|^bert\.pooler\."  # of BERT, which the model does not ask
    r"|^label_enc\."  # for training alone
)
_SWIN = "model.backbone.conv_encoder.model."
_RENAMED = (
    (r"^backbone\.0\.patch_embed\.proj\.", f"{_SWIN}embeddings.patch_embeddings.projection."),
    (r"^backbone\.0\.patch_embed\.norm\.", f"{_SWIN}embeddings.norm."),
    (r"^backbone\.0\.layers\.", f"{_SWIN}encoder.layers."),
    (r"(blocks\.\d+)\.norm1\.", r"\1.layernorm_before."),
    (r"(blocks\.\d+)\.norm2\.", r"\1.layernorm_after."),
    (r"(blocks\.\d+)\.attn\.proj\.", r"\1.attention.output.dense."),
    (r"(blocks\.\d+)\.attn\.", r"\1.attention.self."),
    (r"(blocks\.\d+)\.mlp\.fc1\.", r"\1.intermediate.dense."),
    (r"(blocks\.\d+)\.mlp\.fc2\.", r"\1.output.dense."),
    (r"^bert\.", "model.text_backbone."),
    (r"^feat_map\.", "model.text_projection."),
    (r"^input_proj\.", "model.input_proj_vision."),
    (r"^transformer\.tgt_embed\.", "model.query_position_embeddings."),
    (r"^transformer\.enc_out_bbox_embed\.", "model.encoder_output_bbox_embed."),
    (r"^transformer\.decoder\.norm\.", "model.decoder.layer_norm."),
    (r"^transformer\.decoder\.ref_point_head\.", "model.decoder.reference_points_head."),
    (r"^transformer\.", "model."),
    (r"^(model\.encoder\.layers\.\d+)\.", r"\1.deformable_layer."),
    (r"^model\.encoder\.text_layers\.(\d+)\.", r"model.encoder.layers.\1.text_enhancer_layer."),
    (r"^model\.encoder\.fusion_layers\.(\d+)\.", r"model.encoder.layers.\1.fusion_layer."),
    (r"(deformable_layer)\.norm1\.", r"\1.self_attn_layer_norm."),
    (r"(deformable_layer)\.norm2\.", r"\1.final_layer_norm."),
    (r"(text_enhancer_layer)\.norm1\.", r"\1.layer_norm_before."),
    (r"(text_enhancer_layer)\.norm2\.", r"\1.layer_norm_after."),
    (r"(fusion_layer)\.gamma_v$", r"\1.vision_param"),
    (r"(fusion_layer)\.gamma_l$", r"\1.text_param"),
    (r"(fusion_layer)\.layer_norm_v\.", r"\1.layer_norm_vision."),
    (r"(fusion_layer)\.layer_norm_l\.", r"\1.layer_norm_text."),
    (r"(fusion_layer\.attn)\.(values_|out_)?v_proj\.", r"\1.\2vision_proj."),
    (r"(fusion_layer\.attn)\.(values_|out_)?l_proj\.", r"\1.\2text_proj."),
    (r"(decoder\.layers\.\d+)\.cross_attn\.", r"\1.encoder_attn."),
    (r"(decoder\.layers\.\d+)\.norm1\.", r"\1.encoder_attn_layer_norm."),
    (r"(decoder\.layers\.\d+)\.ca_text\.", r"\1.encoder_attn_text."),
    (r"(decoder\.layers\.\d+)\.catext_norm\.", r"\1.encoder_attn_text_layer_norm."),
    (r"(decoder\.layers\.\d+)\.norm2\.", r"\1.self_attn_layer_norm."),
    (r"(decoder\.layers\.\d+)\.norm3\.", r"\1.final_layer_norm."),
    (r"\.linear([12])\.", r".fc\1."),
)  # fmt: skip
_STACKED = re.compile(r"\.(?:qkv\.|in_proj_)(weight|bias)$")
"""Query, key and value in one tensor."""


class OfficialGroundingDino(GroundingDino):
    """Grounding DINO with the weights as its authors published them.

    Parameters
    ----------
    checkpoint : Checkpoint
        Its first file is the authors', beside BERT's vocabulary.
    """

    def _load(self) -> Any:
        return read_official(self._checkpoint.folder() / self._checkpoint.weights.files[0].name)


def read_official(path: Path) -> Any:
    """Return the model with the checkpoint's parameters, float32 on the CPU.

    Raises
    ------
    BadFileError
        When the file is damaged or unsafe, or does not hold exactly the parameters of the model.
    """
    state = _used(read_state(path))
    from transformers import GroundingDinoForObjectDetection

    try:
        return filled(GroundingDinoForObjectDetection, config_of(state), in_hub_layout(state))
    except (KeyError, IndexError, ValueError) as error:
        raise BadFileError(
            f"The file '{path}' is no checkpoint of Grounding DINO: {_short(error)}.",
            kept="Nothing was loaded.",
            remedy="Download it again from where its authors published it.",
        ) from error


def _short(error: Exception) -> str:
    missing = "there is no " if isinstance(error, KeyError) else ""
    return missing + " ".join(str(error).split())[:300]


def _used(state: State) -> State:
    short = {key.removeprefix("module."): value for key, value in state.items()}
    return {key: value.float() for key, value in short.items() if not _UNUSED.search(key)}


def in_hub_layout(state: State) -> State:
    """Return the parameters under the keys of the hub."""
    return {key: part for name, value in state.items() for key, part in _translated(name, value)}


def _translated(name: str, value: Tensor) -> list[tuple[str, Tensor]]:
    if norm := re.match(r"backbone\.0\.norm(\d)\.(\w+)$", name):  # stages count from 1 on the hub
        return [(f"{_SWIN}hidden_states_norms.stage{int(norm[1]) + 1}.{norm[2]}", value)]
    for pattern, replacement in _RENAMED:
        name = re.sub(pattern, replacement, name)
    if stacked := _STACKED.search(name):
        stem = name[: stacked.start()]
        parts = zip(("query", "key", "value"), value.chunk(3), strict=True)
        return [(f"{stem}.{part}.{stacked[1]}", third) for part, third in parts]
    return [(name, value)]


def config_of(state: State) -> Any:
    """Return the configuration of the model that a checkpoint holds.

    Raises
    ------
    KeyError, IndexError
        When a part of it is missing.
    """
    from transformers import GroundingDinoConfig

    levels, width = state["transformer.level_embed"].shape
    encoder, decoder = "transformer.encoder.layers", "transformer.decoder.layers"
    return GroundingDinoConfig(
        backbone_config=_swin_config(state),
        text_config=_bert_config(state),
        d_model=width,
        num_feature_levels=levels,
        num_queries=len(state["transformer.tgt_embed.weight"]),
        encoder_layers=_count(state, encoder),
        encoder_ffn_dim=len(state[f"{encoder}.0.linear1.weight"]),
        encoder_attention_heads=HEADS,
        encoder_n_points=len(state[f"{encoder}.0.self_attn.attention_weights.bias"]) // (HEADS * levels),
        decoder_layers=_count(state, decoder),
        decoder_ffn_dim=len(state[f"{decoder}.0.linear1.weight"]),
        decoder_attention_heads=HEADS,
        decoder_n_points=len(state[f"{decoder}.0.cross_attn.attention_weights.bias"]) // (HEADS * levels),
    )


def _swin_config(state: State) -> Any:
    from transformers import SwinConfig

    stem = "backbone.0.layers"
    stages = range(_count(state, stem))
    tables = [state[f"{stem}.{i}.blocks.0.attn.relative_position_bias_table"] for i in stages]
    width, _, patch, _ = state["backbone.0.patch_embed.proj.weight"].shape
    sizes: dict[str, Any] = {
        "embed_dim": width,
        "patch_size": patch,
        "depths": [_count(state, f"{stem}.{i}.blocks") for i in stages],
        "num_heads": [table.shape[1] for table in tables],
        "window_size": (isqrt(len(tables[0])) + 1) // 2,
        "out_indices": [i + 1 for i in stages if f"backbone.0.norm{i}.weight" in state],
    }
    return SwinConfig(**sizes)


def _bert_config(state: State) -> Any:
    from transformers import BertConfig

    words, width = state["bert.embeddings.word_embeddings.weight"].shape
    return BertConfig(
        vocab_size=words,
        hidden_size=width,
        num_hidden_layers=_count(state, "bert.encoder.layer"),
        num_attention_heads=max(1, width // BERT_HEAD),
        intermediate_size=len(state["bert.encoder.layer.0.intermediate.dense.bias"]),
        max_position_embeddings=len(state["bert.embeddings.position_embeddings.weight"]),
    )


def _count(state: State, stem: str) -> int:
    """Return how many numbered parts there are under a key."""
    numbers = {key[len(stem) + 1 :].partition(".")[0] for key in state if key.startswith(f"{stem}.")}
    return len(numbers)
