"""Detectors of the real architectures with a few thousand random weights, as their folders are on the hub."""

from __future__ import annotations

import json
from pathlib import Path

from napari_zeroseg.backends.catalog import find
from napari_zeroseg.backends.entry import Role
from tests.backends.grounding.published import write_official

QUERIES = 12
SHORT, LONG = 64, 128
"""Sides to which the tiny Grounding DINOs resize, in place of 800 and 1333."""

WORDS = (
    "cat dog glass oil wine car person traffic light street lamp whale red blood cell bacterium leaf stem "
    "' - & ( )"
).split()
PIECES = ["##hy", "fis", "##cat", "##s", "wor", "##king"]
LETTERS = list("abcdefghijklmnopqrstuvwxyz0123456789")
CLS, SEP, UNK, DOT, QUESTION, FIRST_WORD = 101, 102, 100, 1012, 1029, 1100


def write_vocabulary(folder: Path) -> None:
    """Write a WordPiece vocabulary whose marks have the numbers that BERT's have."""
    tokens = [f"[unused{i}]" for i in range(FIRST_WORD)]
    marks = {0: "[PAD]", UNK: "[UNK]", CLS: "[CLS]", SEP: "[SEP]", 103: "[MASK]", DOT: ".", QUESTION: "?"}
    for number, mark in marks.items():
        tokens[number] = mark
    tokens += [*WORDS, *PIECES, *LETTERS, *(f"##{c}" for c in LETTERS)]
    (folder / "vocab.txt").write_text("\n".join(tokens) + "\n", encoding="utf-8")
    (folder / "tokenizer_config.json").write_text(
        json.dumps({"do_lower_case": True, "tokenizer_class": "BertTokenizer"}), encoding="utf-8"
    )


def grounding_dino(name: str = "grounding-dino:tiny"):
    """Return a tiny model; its box heads are not zero, as they are when training starts."""
    import torch
    import transformers

    torch.manual_seed(0)
    prefix = "MMGroundingDino" if name.startswith("mm-") else "GroundingDino"
    levels = 5 if name == "mm-grounding-dino:large" else 4
    config = getattr(transformers, f"{prefix}Config")(
        backbone_config=transformers.SwinConfig(
            embed_dim=8,
            depths=[1, 1, 1, 1],
            num_heads=[1, 1, 2, 2],
            window_size=4,
            image_size=SHORT,
            out_indices=list(range(6 - levels, 5)),
        ),
        text_config=transformers.BertConfig(
            vocab_size=1300,
            hidden_size=64,
            num_hidden_layers=1,
            num_attention_heads=1,
            intermediate_size=32,
            max_position_embeddings=256,
        ),
        d_model=32,
        encoder_layers=2,
        decoder_layers=2,
        encoder_ffn_dim=32,
        decoder_ffn_dim=32,
        encoder_attention_heads=8,
        decoder_attention_heads=8,
        num_queries=QUERIES,
        num_feature_levels=levels,
    )
    model = getattr(transformers, f"{prefix}ForObjectDetection")(config).eval()
    with torch.no_grad():
        for head in (*model.bbox_embed, model.model.encoder_output_bbox_embed):
            head.layers[-1].weight.normal_(std=0.5)
        model.model.decoder.layer_norm.weight.fill_(0.3)  # scores away from 0 and 1
        for name, parameter in model.named_parameters():
            if "class_embed" in name:
                parameter.zero_()
    return model


def write_grounding_dino(folder: Path, name: str = "grounding-dino:tiny") -> None:
    """Write a tiny model with its vocabulary and the settings of its images."""
    folder.mkdir(parents=True, exist_ok=True)
    grounding_dino(name).save_pretrained(folder)
    write_vocabulary(folder)
    write_settings(folder)


def write_settings(folder: Path) -> None:
    """Write to which size images are resized."""
    settings = {
        "size": {"shortest_edge": SHORT, "longest_edge": LONG},
        "image_mean": [0.485, 0.456, 0.406],
        "image_std": [0.229, 0.224, 0.225],
    }
    (folder / "preprocessor_config.json").write_text(json.dumps(settings), encoding="utf-8")


def write_official_folder(folder: Path, name: str) -> None:
    """Write a checkpoint as Grounding DINO's authors published it, and BERT's vocabulary alone."""
    write_official(folder / find(Role.DETECTOR, name).weights.files[0].name)
    write_vocabulary(folder)
    (folder / "tokenizer_config.json").unlink()
    write_settings(folder)


def write_clip_vocabulary(folder: Path, pad: str) -> None:
    """Write CLIP's byte pairs with letters alone, so that every word can be read."""
    ends = ["<|startoftext|>", "<|endoftext|>"]  # the end has the highest number, as CLIP's has
    signs = ["!", *LETTERS, *"'&+,/()-"]
    tokens = [*signs, *(f"{sign}</w>" for sign in signs), "an</w>", *ends]
    (folder / "vocab.json").write_text(json.dumps({t: i for i, t in enumerate(tokens)}), encoding="utf-8")
    (folder / "merges.txt").write_text("#version: 0.2\na n</w>\n", encoding="utf-8")
    settings = {"tokenizer_class": "CLIPTokenizer", "pad_token": pad}
    (folder / "tokenizer_config.json").write_text(json.dumps(settings), encoding="utf-8")


def clip_text(end: int) -> dict[str, int]:
    """Return the sizes of a tiny text encoder that reads :func:`write_clip_vocabulary`."""
    return {
        "vocab_size": end + 1,
        "hidden_size": 16,
        "intermediate_size": 16,
        "num_hidden_layers": 1,
        "num_attention_heads": 2,
        "eos_token_id": end,
        "bos_token_id": end - 1,
    }


def write_owlv2(folder: Path, name: str = "owlv2:base") -> None:
    """Write a tiny OWLv2 of 4 × 4 patches."""
    import torch
    import transformers

    folder.mkdir(parents=True, exist_ok=True)
    write_clip_vocabulary(folder, pad="!")
    torch.manual_seed(0)
    vision = {
        "hidden_size": 16,
        "intermediate_size": 16,
        "num_hidden_layers": 1,
        "num_attention_heads": 2,
        "image_size": 64,
        "patch_size": 16,
    }
    text = {**clip_text(_end(folder)), "max_position_embeddings": 16}
    config = transformers.Owlv2Config(text_config=text, vision_config=vision, projection_dim=16)
    model = transformers.Owlv2ForObjectDetection(config)
    _spread(model)
    model.save_pretrained(folder)


def write_sam3(folder: Path, name: str = "sam3:concept") -> None:
    """Write a tiny SAM 3 as it is published: as the detector of a model for videos."""
    import torch
    import transformers
    from safetensors.torch import load_file, save_file

    folder.mkdir(parents=True, exist_ok=True)
    write_clip_vocabulary(folder, pad="<|endoftext|>")
    torch.manual_seed(0)
    layers = {"hidden_size": 16, "num_layers": 2, "num_attention_heads": 2, "intermediate_size": 16}
    config = transformers.Sam3Config(
        vision_config={
            "backbone_config": {
                "model_type": "sam3_vit_model",
                "hidden_size": 16,
                "intermediate_size": 16,
                "num_hidden_layers": 2,
                "num_attention_heads": 2,
                "image_size": 64,
                "patch_size": 8,
                "window_size": 4,
                "global_attn_indexes": [1],
                "pretrain_image_size": 32,
            },
            "fpn_hidden_size": 16,
            "backbone_feature_sizes": [[32, 32], [16, 16], [8, 8]],
        },
        text_config={
            "model_type": "clip_text_model",
            **clip_text(_end(folder)),
            "max_position_embeddings": 32,
            "projection_dim": 16,
        },
        geometry_encoder_config=layers,
        detr_encoder_config=layers,
        detr_decoder_config={**layers, "num_queries": QUERIES},
        mask_decoder_config={"hidden_size": 16, "num_attention_heads": 2},
    )
    model = transformers.Sam3Model(config)
    _spread(model)
    with torch.no_grad():
        model.detr_decoder.presence_head.layer3.bias.fill_(3.0)  # whatever is asked for is there
    model.save_pretrained(folder)
    weights = folder / "model.safetensors"
    state = {f"detector_model.{key}": value for key, value in load_file(weights).items()}
    tracker = {"tracker_model.no_memory_embedding": torch.zeros(4), "tracker_neck.fpn.weight": torch.ones(4)}
    save_file(state | tracker, weights, {"format": "pt"})
    transformers.Sam3VideoConfig(detector_config=config.to_dict()).save_pretrained(folder)


def _end(folder: Path) -> int:
    return len(json.loads((folder / "vocab.json").read_text(encoding="utf-8"))) - 1


def _spread(model) -> None:
    """Make weights large enough for answers to differ, as they do in a trained model."""
    import torch

    with torch.no_grad():
        for parameter in model.parameters():
            if parameter.dim() > 1:
                parameter.normal_(std=parameter[0].numel() ** -0.5)


_PACKAGE = "napari_zeroseg.backends.grounding"
WRITERS = {
    f"{_PACKAGE}.groundingdino:GroundingDino": write_grounding_dino,
    f"{_PACKAGE}.official:OfficialGroundingDino": write_official_folder,
    f"{_PACKAGE}.owlv2:Owlv2": write_owlv2,
    f"{_PACKAGE}.sam3_concept:Sam3Concept": write_sam3,
}
"""What writes the folder of a backend, by the target of its entry; called with folder and name."""
