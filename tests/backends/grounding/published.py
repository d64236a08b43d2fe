"""A tiny checkpoint of Grounding DINO in the key names and shapes of its authors."""

from __future__ import annotations

from pathlib import Path

QUERIES, WIDTH, HIDDEN, LEVELS, HEADS, POINTS = 12, 32, 64, 4, 8, 4
EMBED, WINDOW, STAGE_HEADS, DEPTHS = 8, 4, (1, 1, 2, 2), (1, 1, 2, 1)
BERT, BERT_HIDDEN, BERT_LAYERS, VOCABULARY, POSITIONS = 64, 32, 1, 1300, 256
LAYERS = 2


def shapes() -> dict[str, tuple[int, ...]]:
    """Return the shape of each tensor."""
    table = {
        **_swin(),
        **_bert(),
        **_linear("feat_map", WIDTH, BERT),
        "label_enc.weight": (20, WIDTH),
        "transformer.level_embed": (LEVELS, WIDTH),
        "transformer.tgt_embed.weight": (QUERIES, WIDTH),
        **_linear("transformer.enc_output", WIDTH, WIDTH),
        **_norm("transformer.enc_output_norm", WIDTH),
        **_head("transformer.enc_out_bbox_embed"),
        **_norm("transformer.decoder.norm", WIDTH),
        **_linear("transformer.decoder.ref_point_head.layers.0", WIDTH, 2 * WIDTH),
        **_linear("transformer.decoder.ref_point_head.layers.1", WIDTH, WIDTH),
    }
    for level in range(LEVELS):
        last = level == LEVELS - 1
        channels = EMBED * 2 ** (3 if last else level + 1)
        table[f"input_proj.{level}.0.weight"] = (WIDTH, channels, *((3, 3) if last else (1, 1)))
        table[f"input_proj.{level}.0.bias"] = (WIDTH,)
        table |= _norm(f"input_proj.{level}.1", WIDTH)
    for i in range(LAYERS):
        table |= _encoder_layer(i) | _decoder_layer(f"transformer.decoder.layers.{i}")
        table |= _head(f"transformer.decoder.bbox_embed.{i}") | _head(f"bbox_embed.{i}")
    return table


def _linear(name, out, into):
    return {f"{name}.weight": (out, into), f"{name}.bias": (out,)}


def _norm(name, width):
    return {f"{name}.weight": (width,), f"{name}.bias": (width,)}


def _attention(name):
    return {
        f"{name}.in_proj_weight": (3 * WIDTH, WIDTH),
        f"{name}.in_proj_bias": (3 * WIDTH,),
        **_linear(f"{name}.out_proj", WIDTH, WIDTH),
    }


def _deformable(name):
    sampled = HEADS * LEVELS * POINTS
    return {
        **_linear(f"{name}.sampling_offsets", 2 * sampled, WIDTH),
        **_linear(f"{name}.attention_weights", sampled, WIDTH),
        **_linear(f"{name}.value_proj", WIDTH, WIDTH),
        **_linear(f"{name}.output_proj", WIDTH, WIDTH),
    }


def _head(name):
    return {
        **_linear(f"{name}.layers.0", WIDTH, WIDTH),
        **_linear(f"{name}.layers.1", WIDTH, WIDTH),
        **_linear(f"{name}.layers.2", 4, WIDTH),
    }


def _encoder_layer(i):
    image = f"transformer.encoder.layers.{i}"
    text = f"transformer.encoder.text_layers.{i}"
    fusion = f"transformer.encoder.fusion_layers.{i}"
    half = HIDDEN // 2
    return {
        **_deformable(f"{image}.self_attn"),
        **_linear(f"{image}.linear1", HIDDEN, WIDTH),
        **_linear(f"{image}.linear2", WIDTH, HIDDEN),
        **_norm(f"{image}.norm1", WIDTH),
        **_norm(f"{image}.norm2", WIDTH),
        **_attention(f"{text}.self_attn"),
        **_linear(f"{text}.linear1", half, WIDTH),
        **_linear(f"{text}.linear2", WIDTH, half),
        **_norm(f"{text}.norm1", WIDTH),
        **_norm(f"{text}.norm2", WIDTH),
        f"{fusion}.gamma_v": (WIDTH,),
        f"{fusion}.gamma_l": (WIDTH,),
        **_norm(f"{fusion}.layer_norm_v", WIDTH),
        **_norm(f"{fusion}.layer_norm_l", WIDTH),
        **_linear(f"{fusion}.attn.v_proj", half, WIDTH),
        **_linear(f"{fusion}.attn.l_proj", half, WIDTH),
        **_linear(f"{fusion}.attn.values_v_proj", half, WIDTH),
        **_linear(f"{fusion}.attn.values_l_proj", half, WIDTH),
        **_linear(f"{fusion}.attn.out_v_proj", WIDTH, half),
        **_linear(f"{fusion}.attn.out_l_proj", WIDTH, half),
    }


def _decoder_layer(name):
    norms = ("norm1", "norm2", "norm3", "catext_norm")
    return {
        **_deformable(f"{name}.cross_attn"),
        **_attention(f"{name}.ca_text"),
        **_attention(f"{name}.self_attn"),
        **_linear(f"{name}.linear1", HIDDEN, WIDTH),
        **_linear(f"{name}.linear2", WIDTH, HIDDEN),
        **{key: shape for norm in norms for key, shape in _norm(f"{name}.{norm}", WIDTH).items()},
    }


def _swin():
    stem = "backbone.0"
    table = {f"{stem}.patch_embed.proj.weight": (EMBED, 3, 4, 4), f"{stem}.patch_embed.proj.bias": (EMBED,)}
    table |= _norm(f"{stem}.patch_embed.norm", EMBED)
    for stage, heads in enumerate(STAGE_HEADS):
        width = EMBED * 2**stage
        for block in range(DEPTHS[stage]):
            name = f"{stem}.layers.{stage}.blocks.{block}"
            table |= _norm(f"{name}.norm1", width) | _norm(f"{name}.norm2", width)
            table |= _linear(f"{name}.attn.qkv", 3 * width, width) | _linear(
                f"{name}.attn.proj", width, width
            )
            table |= _linear(f"{name}.mlp.fc1", 4 * width, width) | _linear(
                f"{name}.mlp.fc2", width, 4 * width
            )
            table[f"{name}.attn.relative_position_bias_table"] = ((2 * WINDOW - 1) ** 2, heads)
            table[f"{name}.attn.relative_position_index"] = (WINDOW**2, WINDOW**2)
        if stage < 3:
            table[f"{stem}.layers.{stage}.downsample.reduction.weight"] = (2 * width, 4 * width)
            table |= _norm(f"{stem}.layers.{stage}.downsample.norm", 4 * width)
        if stage > 0:
            table |= _norm(f"{stem}.norm{stage}", width)
    return table


def _bert():
    table = {
        "bert.embeddings.position_ids": (1, POSITIONS),
        "bert.embeddings.word_embeddings.weight": (VOCABULARY, BERT),
        "bert.embeddings.position_embeddings.weight": (POSITIONS, BERT),
        "bert.embeddings.token_type_embeddings.weight": (2, BERT),
        **_norm("bert.embeddings.LayerNorm", BERT),
    }
    for i in range(BERT_LAYERS):
        table |= _bert_layer(f"bert.encoder.layer.{i}")
    return table | _linear("bert.pooler.dense", BERT, BERT)


def _bert_layer(layer):
    return {
        **_linear(f"{layer}.attention.self.query", BERT, BERT),
        **_linear(f"{layer}.attention.self.key", BERT, BERT),
        **_linear(f"{layer}.attention.self.value", BERT, BERT),
        **_linear(f"{layer}.attention.output.dense", BERT, BERT),
        **_norm(f"{layer}.attention.output.LayerNorm", BERT),
        **_linear(f"{layer}.intermediate.dense", BERT_HIDDEN, BERT),
        **_linear(f"{layer}.output.dense", BERT, BERT_HIDDEN),
        **_norm(f"{layer}.output.LayerNorm", BERT),
    }


def official_state():
    """Return random tensors; the heads of all decoder layers are the same, as the authors share them."""
    import torch

    generator = torch.Generator().manual_seed(0)
    state = {}
    for name, shape in shapes().items():
        spread = 1.0 / shape[-1] ** 0.5 if len(shape) > 1 else 0.2
        base = 1.0 if len(shape) == 1 and name.endswith("weight") else 0.0
        state[name] = base + spread * torch.randn(shape, generator=generator)
    state["transformer.decoder.norm.weight"] *= 0.3  # scores away from 0 and 1
    for name in state:
        if ".bbox_embed." in f".{name}":
            part = name[name.index("layers.") :]
            state[name] = state[f"bbox_embed.0.{part}"] if f"bbox_embed.0.{part}" in state else state[name]
    return state


def write_official(path: Path) -> None:
    """Write the file as the authors' trainer does."""
    import torch

    path.parent.mkdir(parents=True, exist_ok=True)
    torch.save({"model": {f"module.{name}": tensor for name, tensor in official_state().items()}}, path)
