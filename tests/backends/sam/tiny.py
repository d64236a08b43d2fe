"""Small networks of the real architectures with random weights, as files in the published layouts."""

from __future__ import annotations

from pathlib import Path

import torch
import transformers as hf
from safetensors.torch import save_file

SIDE = 64
"""Of the model's square in pixels."""
_VISION = {
    "hidden_size": 16,
    "num_hidden_layers": 3,
    "num_attention_heads": 2,
    "output_channels": 32,
    "num_pos_feats": 16,
    "image_size": SIDE,
    "patch_size": 8,
    "window_size": 3,
    "global_attn_indexes": [1],
    "mlp_dim": 24,
}
_PROMPT = {"hidden_size": 32, "image_size": SIDE, "patch_size": 8, "mask_input_channels": 8}
_DECODER = {"hidden_size": 32, "mlp_dim": 40, "num_attention_heads": 8, "iou_head_hidden_dim": 24}
_FPN = {"fpn_hidden_size": 32, "backbone_feature_sizes": [[16, 16], [8, 8], [4, 4]]}
_MEMORY = {
    "memory_attention_hidden_size": 32,
    "memory_attention_num_layers": 1,
    "memory_attention_feed_forward_hidden_size": 16,
    "memory_encoder_hidden_size": 32,
    "memory_encoder_output_channels": 8,
    "mask_downsampler_embed_dim": 32,
    "memory_fuser_embed_dim": 32,
    "memory_fuser_intermediate_dim": 16,
    "memory_fuser_num_layers": 1,
}
_PROMPT_16 = _PROMPT | {"patch_size": 16}


def _hiera():
    backbone = hf.Sam2HieraDetConfig(
        hidden_size=8,
        image_size=[SIDE, SIDE],
        blocks_per_stage=[1, 1, 2, 1],
        embed_dim_per_stage=[8, 16, 24, 32],
        num_attention_heads_per_stage=[1, 1, 2, 2],
        window_size_per_stage=[4, 2, 4, 2],
        global_attention_blocks=[3],
        window_positional_embedding_background_size=[4, 4],
    )
    return hf.Sam2VisionConfig(backbone_config=backbone, backbone_channel_list=[32, 24, 16, 8], **_FPN)


def sam(kind="Sam"):
    decoder = _DECODER | ({"vit_dim": 16} if kind == "SamHQ" else {})
    config = getattr(hf, f"{kind}Config")(
        vision_config=_VISION, prompt_encoder_config=_PROMPT, mask_decoder_config=decoder
    )
    return getattr(hf, f"{kind}Model")(config)


def _sam3_vision():
    backbone = {
        "hidden_size": 32,
        "intermediate_size": 40,
        "num_hidden_layers": 2,
        "num_attention_heads": 2,
        "image_size": SIDE,
        "pretrain_image_size": 32,
        "patch_size": 8,
        "window_size": 4,
        "global_attn_indexes": [1],
    }
    return hf.Sam3VisionConfig(
        backbone_config=backbone | {"model_type": "sam3_vit_model"},
        fpn_hidden_size=32,
        backbone_feature_sizes=[[32, 32], [16, 16], [8, 8]],
    )


def lively(model, seed=0):
    """Draw weights large enough that answers differ from place to place."""
    generator = torch.Generator().manual_seed(seed)
    with torch.no_grad():
        for name, tensor in sorted(model.state_dict().items()):
            if "positional_embedding" in name:  # frequencies of places, the same wherever they are kept
                tensor.copy_(torch.randn(tensor.shape, generator=torch.Generator().manual_seed(1)))
                continue
            if name.endswith("running_var"):  # of inputs this large, or features grow until no mask counts
                tensor.fill_(10)
                continue
            scale = 0.1 if tensor.ndim < 2 else min(0.5, 1.5 / tensor[0].numel() ** 0.5)
            tensor.copy_(torch.randn(tensor.shape, generator=generator) * scale)
            if tensor.ndim == 1 and ("norm" in name or "bn" in name) and name.endswith("weight"):
                tensor.add_(1)
    return model.eval()


def sam2_video():
    """What the files of SAM 2.1 hold: the image model and what follows objects through a video."""
    config = hf.Sam2VideoConfig(
        vision_config=_hiera().to_dict(),
        prompt_encoder_config=_PROMPT_16,
        mask_decoder_config=_DECODER,
        image_size=SIDE,
        **_MEMORY,
        memory_attention_rope_feat_sizes=[4, 4],
    )
    return hf.Sam2VideoModel(config)


def following(kind):
    """A video model whose memory works: attention to it is built for 64 channels, half the width or less."""
    config = (sam2_video if kind == "Sam2" else edgetam_video)().config.to_dict()
    wide = 128
    config["vision_config"]["fpn_hidden_size"] = wide
    for part in ("prompt_encoder_config", "mask_decoder_config"):
        config[part]["hidden_size"] = wide
    for name in ("memory_attention", "memory_encoder"):
        config[f"{name}_hidden_size"] = wide
    config |= {"memory_fuser_embed_dim": wide, "mask_downsampler_embed_dim": wide}
    config["memory_encoder_output_channels"] = 64
    return getattr(hf, f"{kind}VideoModel")(getattr(hf, f"{kind}VideoConfig")(**config))


def edgetam_video():
    """What EdgeTAM's files hold, with the smallest encoder of its kind."""
    backbone = hf.TimmWrapperConfig(
        architecture="repvit_m1",
        model_args={
            "in_chans": 3,
            "features_only": True,
            "out_indices": [0, 1, 2, 3],
            "embed_dim": [8, 16, 24, 32],
            "depth": [1, 1, 1, 1],
        },
    )
    config = hf.EdgeTamVideoConfig(
        vision_config=hf.EdgeTamVisionConfig(
            backbone_config=backbone, backbone_channel_list=[32, 24, 16, 8], **_FPN
        ),
        prompt_encoder_config=_PROMPT_16,
        mask_decoder_config=_DECODER,
        image_size=SIDE,
        memory_attention_mlp_hidden_size=16,
        **{name: size for name, size in _MEMORY.items() if "feed_forward" not in name},
        perceiver_resampler_hidden_size=8,
        perceiver_resampler_attention_head_dim=8,
        memory_attention_rope_feat_sizes=[4, 4],
    )
    return hf.EdgeTamVideoModel(config)


def sam3_video():
    """What SAM 3's files hold: a detector, and a tracker that shares its encoder."""
    vision = _sam3_vision().to_dict()
    small = {"hidden_size": 32, "intermediate_size": 16, "num_layers": 1, "num_attention_heads": 2}
    detector = hf.Sam3Config(
        vision_config=vision,
        text_config={
            "hidden_size": 16,
            "intermediate_size": 16,
            "num_hidden_layers": 1,
            "num_attention_heads": 2,
            "vocab_size": 100,
            "projection_dim": 16,
        },
        geometry_encoder_config=small,
        detr_encoder_config=small,
        detr_decoder_config=small | {"num_queries": 4},
        mask_decoder_config={"hidden_size": 32, "num_attention_heads": 2},
    )
    tracker = hf.Sam3TrackerVideoConfig(
        vision_config=vision,
        prompt_encoder_config=_PROMPT,
        mask_decoder_config=_DECODER,
        image_size=SIDE,
        **_MEMORY,
        memory_attention_rope_feat_sizes=[8, 8],
    )
    return hf.Sam3VideoModel(hf.Sam3VideoConfig(detector_config=detector, tracker_config=tracker))


def written(model, folder: Path) -> None:
    """Write a model as the hub has it: weights under the names of its own modules."""
    folder.mkdir(parents=True)
    model.config.save_pretrained(folder)
    state = {name: tensor.clone() for name, tensor in model.state_dict().items()}
    save_file(state, folder / "model.safetensors", metadata={"format": "pt"})


def _as_image_model(name, video):
    config = video.config
    parts = ("vision_config", "prompt_encoder_config", "mask_decoder_config")
    sizes = {part: getattr(getattr(config, "tracker_config", config), part).to_dict() for part in parts}
    return getattr(hf, f"{name}Model")(getattr(hf, f"{name}Config")(**sizes))


IMAGE_MODELS = {
    "Sam": sam,
    "Sam2": lambda: _as_image_model("Sam2", sam2_video()),
    "Sam3Tracker": lambda: _as_image_model("Sam3Tracker", sam3_video()),
}
"""Models of transformers that answer prompts on single images."""

HUB = {
    "Sam": sam,
    "SamHq": lambda: sam("SamHQ"),
    "Sam2": sam2_video,
    "Sam3Tracker": sam3_video,
    "EdgeTam": edgetam_video,
}
"""What each class of segmenter finds in its folder."""
