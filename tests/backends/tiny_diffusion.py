"""A Stable Diffusion of a few thousand random weights, written as diffusers holds the published one."""

from __future__ import annotations

import json
from pathlib import Path

import torch

from tests.backends.grounding.tiny_models import clip_text, write_clip_vocabulary

WIDTHS = (8, 8, 16, 24)
TEXT = 16


def write_stable_diffusion(folder: Path) -> None:
    """Write U-Net, autoencoder, text encoder and tokenizer, each into a folder of its own."""
    from diffusers import AutoencoderKL, UNet2DConditionModel
    from transformers import CLIPTextConfig, CLIPTextModel

    torch.manual_seed(0)
    unet = UNet2DConditionModel(
        sample_size=64,
        block_out_channels=WIDTHS,
        cross_attention_dim=TEXT,
        attention_head_dim=4,
        norm_num_groups=4,
    )
    vae = AutoencoderKL(
        block_out_channels=(4, 4, 4, 4),
        down_block_types=("DownEncoderBlock2D",) * 4,
        up_block_types=("UpDecoderBlock2D",) * 4,
        latent_channels=4,
        norm_num_groups=2,
    )
    words = folder / "tokenizer"
    words.mkdir(parents=True)
    write_clip_vocabulary(words, pad="<|endoftext|>")
    end = max(json.loads((words / "vocab.json").read_text()).values())
    config = CLIPTextConfig(**clip_text(end), pad_token_id=end)
    for name, model in (("unet", unet), ("vae", vae), ("text_encoder", CLIPTextModel(config))):
        for parameter in model.parameters():
            if parameter.dim() > 1:
                torch.nn.init.normal_(parameter, std=parameter[0].numel() ** -0.5)
        model.save_pretrained(folder / name)
