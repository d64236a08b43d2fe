"""The sizes in the catalog are those of the real architectures."""

from __future__ import annotations

import pytest

from napari_zeroseg.backends.catalog import find
from napari_zeroseg.backends.entry import Role

torch = pytest.importorskip("torch")
transformers = pytest.importorskip("transformers")

SWIN = {
    "tiny": {"embed_dim": 96, "depths": [2, 2, 6, 2], "num_heads": [3, 6, 12, 24], "window_size": 7},
    "base": {"embed_dim": 128, "depths": [2, 2, 18, 2], "num_heads": [4, 8, 16, 32], "window_size": 12},
    "large": {"embed_dim": 192, "depths": [2, 2, 18, 2], "num_heads": [6, 12, 24, 48], "window_size": 12},
}


def grounding_dino(prefix, size, levels=4):
    config = getattr(transformers, f"{prefix}Config")(
        backbone_config=transformers.SwinConfig(**SWIN[size], out_indices=list(range(6 - levels, 5))),
        text_config=transformers.BertConfig(),
        num_feature_levels=levels,
    )
    return getattr(transformers, f"{prefix}ForObjectDetection")(config)


def owlv2_large():
    text = {"hidden_size": 768, "intermediate_size": 3072, "num_attention_heads": 12}
    vision = {
        "hidden_size": 1024,
        "intermediate_size": 4096,
        "num_hidden_layers": 24,
        "num_attention_heads": 16,
        "patch_size": 14,
        "image_size": 1008,
    }
    config = transformers.Owlv2Config(projection_dim=768, text_config=text, vision_config=vision)
    return transformers.Owlv2ForObjectDetection(config)


FULL = {
    "grounding-dino:tiny": lambda: grounding_dino("GroundingDino", "tiny"),
    "grounding-dino:base": lambda: grounding_dino("GroundingDino", "base"),
    "grounding-dino:swint-ogc": lambda: grounding_dino("GroundingDino", "tiny"),
    "grounding-dino:swinb-cogcoor": lambda: grounding_dino("GroundingDino", "base"),
    "mm-grounding-dino:tiny": lambda: grounding_dino("MMGroundingDino", "tiny"),
    "mm-grounding-dino:base": lambda: grounding_dino("MMGroundingDino", "base"),
    "mm-grounding-dino:large": lambda: grounding_dino("MMGroundingDino", "large", 5),
    "owlv2:base": lambda: transformers.Owlv2ForObjectDetection(
        transformers.Owlv2Config(vision_config={"image_size": 960})
    ),
    "owlv2:large": owlv2_large,
    "sam3:concept": lambda: transformers.Sam3Model(transformers.Sam3Config()),
}


@pytest.mark.parametrize("name", FULL)
def test_the_memory_of_an_entry_is_that_of_its_parameters(name):
    with torch.device("meta"):
        parameters = sum(p.numel() for p in FULL[name]().parameters())
    assert find(Role.DETECTOR, name).memory == pytest.approx(4 * parameters, rel=0.01)
