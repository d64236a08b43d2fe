"""Captioners of a few thousand random weights, written as the hub holds the published ones."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import torch

IMAGE_SIDE = 28


def byte_tokenizer(*added: str) -> Any:
    """Return a tokenizer of single bytes with the marks of BART and OPT; added ones are marks too."""
    from tokenizers import Tokenizer, decoders, models, pre_tokenizers
    from transformers import PreTrainedTokenizerFast

    alphabet = {c: i for i, c in enumerate(sorted(pre_tokenizers.ByteLevel.alphabet()))}
    bytewise = Tokenizer(models.BPE(vocab=alphabet, merges=[]))
    bytewise.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    bytewise.decoder = decoders.ByteLevel()
    tokenizer = PreTrainedTokenizerFast(
        tokenizer_object=bytewise, bos_token="<s>", eos_token="</s>", pad_token="<pad>"
    )
    tokenizer.add_special_tokens({"additional_special_tokens": ["<image>", *added]})
    return tokenizer


def write_blip2(folder: Path) -> None:
    """Write a BLIP-2 in shards."""
    from transformers import Blip2Config, Blip2ForConditionalGeneration

    tokenizer = byte_tokenizer()
    tokenizer.save_pretrained(folder)
    small = {"hidden_size": 16, "intermediate_size": 24, "num_hidden_layers": 1, "num_attention_heads": 2}
    config = Blip2Config(
        vision_config=small | {"image_size": IMAGE_SIDE, "patch_size": 14},
        qformer_config=small | {"vocab_size": 8, "cross_attention_frequency": 1},
        text_config={
            "model_type": "opt",
            "vocab_size": len(tokenizer),
            "hidden_size": 16,
            "word_embed_proj_dim": 16,
            "ffn_dim": 24,
            "num_hidden_layers": 1,
            "num_attention_heads": 2,
            "max_position_embeddings": 128,
            "bos_token_id": tokenizer.bos_token_id,
            "eos_token_id": tokenizer.eos_token_id,
            "pad_token_id": tokenizer.pad_token_id,
        },
        num_query_tokens=4,
        image_token_index=tokenizer.convert_tokens_to_ids("<image>"),
    )
    model = _random(Blip2ForConditionalGeneration(config))
    parts = sum(p.numel() * 4 for p in model.parameters())
    model.save_pretrained(folder, max_shard_size=parts * 2 // 3)


def write_florence2(folder: Path) -> None:
    """Write a Florence-2 with its tokens for places."""
    from transformers import Florence2Config, Florence2ForConditionalGeneration

    tokenizer = byte_tokenizer(*(f"<loc_{i}>" for i in range(20)))
    tokenizer.save_pretrained(folder)
    marks = {
        "bos_token_id": tokenizer.bos_token_id,
        "eos_token_id": tokenizer.eos_token_id,
        "pad_token_id": tokenizer.pad_token_id,
        "decoder_start_token_id": tokenizer.eos_token_id,
    }
    config = Florence2Config(
        vision_config={
            "depths": [1, 1, 1, 1],
            "embed_dim": [8, 8, 8, 16],
            "num_heads": [1, 1, 1, 2],
            "num_groups": [1, 1, 1, 2],
            "projection_dim": 16,
        },
        text_config=marks
        | {
            "model_type": "bart",
            "vocab_size": len(tokenizer),
            "d_model": 16,
            "encoder_layers": 1,
            "decoder_layers": 1,
            "encoder_attention_heads": 2,
            "decoder_attention_heads": 2,
            "encoder_ffn_dim": 24,
            "decoder_ffn_dim": 24,
            "max_position_embeddings": 1024,
        },
        image_token_id=tokenizer.convert_tokens_to_ids("<image>"),
        **marks,
    )
    model = _random(Florence2ForConditionalGeneration(config))
    # as published: beams and no run of three tokens twice
    model.generation_config.update(**marks, num_beams=3, early_stopping=True, no_repeat_ngram_size=3)
    model.save_pretrained(folder)


def _random(model: Any) -> Any:
    """Draw all matrices anew, wide enough that images make a difference."""
    torch.manual_seed(0)
    for parameter in model.parameters():
        if parameter.dim() > 1:
            torch.nn.init.normal_(parameter, std=2 * parameter[0].numel() ** -0.5)
    return model
