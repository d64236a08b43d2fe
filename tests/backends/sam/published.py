"""Checkpoints of SAM, SAM-HQ and MobileSAM as their authors publish them: names and shapes, written out.

The names are those of ``segment_anything.modeling``, ``segment_anything.modeling.mask_decoder_hq`` and
``mobile_sam.modeling.tiny_vit_sam``.
"""

from __future__ import annotations

import torch

SIDE, PATCH, WIDTH, HEADS, BLOCKS, MLP = 64, 8, 16, 2, 3, 24
WINDOW, GLOBAL = 3, (1,)
CHANNELS, DECODER_MLP, MASK_CHANNELS = 32, 40, 8


def _linear(name, inputs, outputs):
    return {f"{name}.weight": (outputs, inputs), f"{name}.bias": (outputs,)}


def _norm(name, channels):
    return {f"{name}.weight": (channels,), f"{name}.bias": (channels,)}


def _conv(name, inputs, outputs, size):
    return {f"{name}.weight": (outputs, inputs, size, size), f"{name}.bias": (outputs,)}


def _up(name, inputs, outputs):
    return {f"{name}.weight": (inputs, outputs, 2, 2), f"{name}.bias": (outputs,)}


def _perceptron(name, inputs, hidden, outputs):
    return {
        **_linear(f"{name}.layers.0", inputs, hidden),
        **_linear(f"{name}.layers.1", hidden, hidden),
        **_linear(f"{name}.layers.2", hidden, outputs),
    }


def _attention(name, inner):
    projections = {}
    for part in ("q_proj", "k_proj", "v_proj"):
        projections |= _linear(f"{name}.{part}", CHANNELS, inner)
    return projections | _linear(f"{name}.out_proj", inner, CHANNELS)


def _block(index):
    name, span = f"image_encoder.blocks.{index}", SIDE // PATCH if index in GLOBAL else WINDOW
    return {
        **_norm(f"{name}.norm1", WIDTH),
        **_norm(f"{name}.norm2", WIDTH),
        **_linear(f"{name}.attn.qkv", WIDTH, 3 * WIDTH),
        **_linear(f"{name}.attn.proj", WIDTH, WIDTH),
        f"{name}.attn.rel_pos_h": (2 * span - 1, WIDTH // HEADS),
        f"{name}.attn.rel_pos_w": (2 * span - 1, WIDTH // HEADS),
        **_linear(f"{name}.mlp.lin1", WIDTH, MLP),
        **_linear(f"{name}.mlp.lin2", MLP, WIDTH),
    }


def _image_encoder():
    shapes = {"image_encoder.pos_embed": (1, SIDE // PATCH, SIDE // PATCH, WIDTH)}
    shapes |= _conv("image_encoder.patch_embed.proj", 3, WIDTH, PATCH)
    for index in range(BLOCKS):
        shapes |= _block(index)
    return shapes | {
        "image_encoder.neck.0.weight": (CHANNELS, WIDTH, 1, 1),
        **_norm("image_encoder.neck.1", CHANNELS),
        "image_encoder.neck.2.weight": (CHANNELS, CHANNELS, 3, 3),
        **_norm("image_encoder.neck.3", CHANNELS),
    }


def _prompt_encoder():
    points = {f"prompt_encoder.point_embeddings.{i}.weight": (1, CHANNELS) for i in range(4)}
    return points | {
        "prompt_encoder.pe_layer.positional_encoding_gaussian_matrix": (2, CHANNELS // 2),
        "prompt_encoder.not_a_point_embed.weight": (1, CHANNELS),
        "prompt_encoder.no_mask_embed.weight": (1, CHANNELS),
        **_conv("prompt_encoder.mask_downscaling.0", 1, MASK_CHANNELS // 4, 2),
        **_norm("prompt_encoder.mask_downscaling.1", MASK_CHANNELS // 4),
        **_conv("prompt_encoder.mask_downscaling.3", MASK_CHANNELS // 4, MASK_CHANNELS, 2),
        **_norm("prompt_encoder.mask_downscaling.4", MASK_CHANNELS),
        **_conv("prompt_encoder.mask_downscaling.6", MASK_CHANNELS, CHANNELS, 1),
    }


def _decoder_layer(name):
    shapes = {}
    for index in range(1, 5):
        shapes |= _norm(f"{name}.norm{index}", CHANNELS)
    return shapes | {
        **_attention(f"{name}.self_attn", CHANNELS),
        **_attention(f"{name}.cross_attn_token_to_image", CHANNELS // 2),
        **_attention(f"{name}.cross_attn_image_to_token", CHANNELS // 2),
        **_linear(f"{name}.mlp.lin1", CHANNELS, DECODER_MLP),
        **_linear(f"{name}.mlp.lin2", DECODER_MLP, CHANNELS),
    }


def _mask_decoder():
    shapes = {
        "mask_decoder.iou_token.weight": (1, CHANNELS),
        "mask_decoder.mask_tokens.weight": (4, CHANNELS),
    }
    for index in range(2):
        shapes |= _decoder_layer(f"mask_decoder.transformer.layers.{index}")
    for index in range(4):
        name = f"mask_decoder.output_hypernetworks_mlps.{index}"
        shapes |= _perceptron(name, CHANNELS, CHANNELS, CHANNELS // 8)
    return shapes | {
        **_attention("mask_decoder.transformer.final_attn_token_to_image", CHANNELS // 2),
        **_norm("mask_decoder.transformer.norm_final_attn", CHANNELS),
        **_up("mask_decoder.output_upscaling.0", CHANNELS, CHANNELS // 4),
        **_norm("mask_decoder.output_upscaling.1", CHANNELS // 4),
        **_up("mask_decoder.output_upscaling.3", CHANNELS // 4, CHANNELS // 8),
        **_perceptron("mask_decoder.iou_prediction_head", CHANNELS, CHANNELS, 4),
    }


def _hq():
    name = "mask_decoder"
    return {
        f"{name}.hf_token.weight": (1, CHANNELS),
        **_perceptron(f"{name}.hf_mlp", CHANNELS, CHANNELS, CHANNELS // 8),
        **_up(f"{name}.compress_vit_feat.0", WIDTH, CHANNELS),
        **_norm(f"{name}.compress_vit_feat.1", CHANNELS),
        **_up(f"{name}.compress_vit_feat.3", CHANNELS, CHANNELS // 8),
        **_up(f"{name}.embedding_encoder.0", CHANNELS, CHANNELS // 4),
        **_norm(f"{name}.embedding_encoder.1", CHANNELS // 4),
        **_up(f"{name}.embedding_encoder.3", CHANNELS // 4, CHANNELS // 8),
        **_conv(f"{name}.embedding_maskfeature.0", CHANNELS // 8, CHANNELS // 4, 3),
        **_norm(f"{name}.embedding_maskfeature.1", CHANNELS // 4),
        **_conv(f"{name}.embedding_maskfeature.3", CHANNELS // 4, CHANNELS // 8, 3),
    }


def _conv_norm(name, inputs, outputs, size):
    running = {f"{name}.bn.running_mean": (outputs,), f"{name}.bn.running_var": (outputs,)}
    return {
        f"{name}.c.weight": (outputs, inputs, size, size),
        **_norm(f"{name}.bn", outputs),
        **running,
        f"{name}.bn.num_batches_tracked": (),
    }


def _three(name, inputs, hidden, outputs):
    return {
        **_conv_norm(f"{name}.conv1", inputs, hidden, 1),
        **_conv_norm(f"{name}.conv2", 1, hidden, 3),
        **_conv_norm(f"{name}.conv3", hidden, outputs, 1),
    }


def _window_block(name, width, heads, window):
    return {
        f"{name}.attn.attention_biases": (heads, window * window),
        **_norm(f"{name}.attn.norm", width),
        **_linear(f"{name}.attn.qkv", width, 3 * width),
        **_linear(f"{name}.attn.proj", width, width),
        **_norm(f"{name}.mlp.norm", width),
        **_linear(f"{name}.mlp.fc1", width, 4 * width),
        **_linear(f"{name}.mlp.fc2", 4 * width, width),
        **_conv_norm(f"{name}.local_conv", 1, width, 3),
    }


def tiny_vit(widths=(4, 6, 8, 10), depths=(1, 1, 2, 1), heads=(1, 2, 2, 5), windows=(7, 7, 14, 7)):
    """Return names and shapes of MobileSAM's encoder."""
    name = "image_encoder"
    shapes = _conv_norm(f"{name}.patch_embed.seq.0", 3, widths[0] // 2, 3)
    shapes |= _conv_norm(f"{name}.patch_embed.seq.2", widths[0] // 2, widths[0], 3)
    for stage, (width, depth) in enumerate(zip(widths, depths, strict=True)):
        for block in range(depth):
            path = f"{name}.layers.{stage}.blocks.{block}"
            window = _window_block(path, width, heads[stage], windows[stage])
            shapes |= window if stage else _three(path, width, 4 * width, width)
        if stage < 3:
            after = widths[stage + 1]
            shapes |= _three(f"{name}.layers.{stage}.downsample", width, after, after)
    return shapes | {
        **_norm(f"{name}.norm_head", widths[-1]),
        **_linear(f"{name}.head", widths[-1], 10),
        f"{name}.neck.0.weight": (CHANNELS, widths[-1], 1, 1),
        **_norm(f"{name}.neck.1", CHANNELS),
        f"{name}.neck.2.weight": (CHANNELS, CHANNELS, 3, 3),
        **_norm(f"{name}.neck.3", CHANNELS),
    }


def mobile_state(seed=0):
    """Return a checkpoint of MobileSAM with random weights."""
    return _drawn(tiny_vit() | _prompt_encoder() | _mask_decoder(), seed)


def _scale(name, shape):
    if "gaussian_matrix" in name:
        return 1.0
    return 0.1 if len(shape) < 2 else min(0.5, 1.5 / torch.Size(shape[1:]).numel() ** 0.5)


def state(*, hq=False, seed=0):
    """Return a checkpoint with random weights, large enough that answers differ from place to place."""
    return _drawn(_image_encoder() | _prompt_encoder() | _mask_decoder() | (_hq() if hq else {}), seed)


def _drawn(shapes, seed):
    generator = torch.Generator().manual_seed(seed)
    weights = {}
    for name, shape in shapes.items():
        weights[name] = torch.randn(shape, generator=generator) * _scale(name, shape)
        if len(shape) == 1 and name.endswith("weight"):  # of a norm
            weights[name] += 1
        if name.endswith("running_var"):
            weights[name] = 1 + weights[name].abs()
        if not shape:
            weights[name] = torch.tensor(7)
    return weights
