"""The sizes that the catalog tells are those of the real networks."""

from __future__ import annotations

import pytest

from napari_zeroseg.backends.entries.segmenters import ENTRIES
from tests.backends.sam.with_timm import needs_timm

torch = pytest.importorskip("torch")
hf = pytest.importorskip("transformers")

VIT = {
    "vit-b": (768, 12, 12, [2, 5, 8, 11]),
    "vit-l": (1024, 24, 16, [5, 11, 17, 23]),
    "vit-h": (1280, 32, 16, [7, 15, 23, 31]),
}
HIERA = {
    "tiny": {},
    "small": {"blocks_per_stage": [1, 2, 11, 2], "global_attention_blocks": [7, 10, 13]},
    "base-plus": {
        "hidden_size": 112,
        "embed_dim_per_stage": [112, 224, 448, 896],
        "num_attention_heads_per_stage": [2, 4, 8, 16],
        "blocks_per_stage": [2, 3, 16, 3],
        "global_attention_blocks": [12, 16, 20],
    },
    "large": {
        "hidden_size": 144,
        "embed_dim_per_stage": [144, 288, 576, 1152],
        "num_attention_heads_per_stage": [2, 4, 8, 16],
        "blocks_per_stage": [2, 6, 36, 4],
        "global_attention_blocks": [23, 33, 43],
    },
}


def _vit(kind, variant):
    width, layers, heads, everywhere = VIT[variant.removesuffix("-pth")]
    vision = {"hidden_size": width, "num_hidden_layers": layers, "num_attention_heads": heads}
    decoder = {"vit_dim": width} if kind == "SamHQ" else {}
    config = getattr(hf, f"{kind}Config")(
        vision_config=vision | {"global_attn_indexes": everywhere}, mask_decoder_config=decoder
    )
    return (getattr(hf, f"{kind}Model")(config),) * 2


def _hiera(variant):
    sizes = HIERA[variant.removeprefix("hiera-")]
    channels = sizes.get("embed_dim_per_stage", [96, 192, 384, 768])[::-1]
    vision = hf.Sam2VisionConfig(
        backbone_config=hf.Sam2HieraDetConfig(**sizes), backbone_channel_list=channels
    )
    return (
        hf.Sam2Model(hf.Sam2Config(vision_config=vision)),
        hf.Sam2VideoModel(hf.Sam2VideoConfig(vision_config=vision)),
    )


def _mobile():
    """SAM's decoder on TinyViT with 5 million parameters, whose classifier is in the file too."""
    from napari_zeroseg.backends.sam.tiny_vit import tiny_vit
    from tests.backends.sam import published

    shapes = published.tiny_vit((64, 128, 160, 320), (2, 2, 6, 2), (2, 4, 5, 10))
    shapes |= {
        "image_encoder.head.weight": (1000, 320),
        "image_encoder.neck.0.weight": (256, 320, 1, 1),
        "image_encoder.neck.2.weight": (256, 256, 3, 3),
    }
    prefix = "image_encoder."
    model = _vit("Sam", "vit-b")[0]
    model.vision_encoder = tiny_vit({n.removeprefix(prefix): torch.empty(s) for n, s in shapes.items()})
    return model


def _edgetam():
    backbone = {"in_chans": 3, "features_only": True, "out_indices": [0, 1, 2, 3]}
    vision = hf.EdgeTamVisionConfig(
        backbone_config=hf.TimmWrapperConfig(architecture="repvit_m1", model_args=backbone)
    )
    return (
        hf.EdgeTamModel(hf.EdgeTamConfig(vision_config=vision)),
        hf.EdgeTamVideoModel(hf.EdgeTamVideoConfig(vision_config=vision)),
    )


def _networks(name):
    """What is loaded, and what the file holds."""
    family, _, variant = name.partition(":")
    if family == "sam3":
        return hf.Sam3TrackerModel(hf.Sam3TrackerConfig()), hf.Sam3VideoModel(hf.Sam3VideoConfig())
    if family == "edgetam":
        return _edgetam()
    if family == "mobile-sam":
        return (_mobile(),) * 2
    return _hiera(variant) if family == "sam2" else _vit({"sam": "Sam", "sam-hq": "SamHQ"}[family], variant)


@pytest.mark.parametrize(
    "entry",
    [pytest.param(e, marks=[needs_timm] if "timm" in e.packages else [], id=e.name) for e in ENTRIES],
)
def test_sizes_are_those_of_the_network(entry):
    with torch.device("meta"):
        networks = _networks(entry.name)
    # MobileSAM's classifier and the counters of its norms are not loaded: 1.3 MB of 41
    loaded, stored = (4 * sum(p.numel() for p in network.parameters()) for network in networks)
    assert entry.memory == pytest.approx(loaded, rel=0.04)
    assert entry.weights.size == pytest.approx(stored, rel=0.04)


def test_names_are_told_apart():
    names = [e.name for e in ENTRIES]
    assert len(names) == len(set(names))
    assert all(e.capabilities - {"video"} == {"points", "boxes", "masks"} for e in ENTRIES)


def test_restricted_weights_name_the_page_with_their_terms():
    restricted = [e for e in ENTRIES if e.licence != "Apache-2.0"]
    assert [e.name for e in restricted] == ["sam3:tracker"]
    assert all(e.weights.terms.startswith("https://") for e in restricted)
