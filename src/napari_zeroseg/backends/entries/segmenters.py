"""Promptable segmenters with weights to download."""

from __future__ import annotations

from napari_zeroseg.backends.entry import Entry, Role, WeightFile, Weights

_MODELS = "napari_zeroseg.backends.sam.models"
_META = "https://dl.fbaipublicfiles.com/segment_anything/"
_ALL_PROMPTS = frozenset({"points", "boxes", "masks"})
_AND_VIDEO = _ALL_PROMPTS | {"video"}
_APACHE = "Apache-2.0"
_LIBRARIES = ("torch", "transformers")
_MOBILE = WeightFile(
    "mobile_sam.pt",
    40_728_000,
    "6dbb90523a35330fedd7f1d3dfc66f995213d81b29a5ca8108dbcdd4e37d6c2f",
    "https://github.com/ChaoningZhang/MobileSAM/raw/master/weights/mobile_sam.pt",
)
_CONFIG = WeightFile("config.json")


def _hub(repository: str, size: int, terms: str = "") -> Weights:
    return Weights(repository, (_CONFIG, WeightFile("model.safetensors", size)), terms=terms)


def _entry(
    name: str,
    model: str,
    summary: str,
    weights: Weights,
    memory: int = 0,
    capabilities: frozenset[str] = _ALL_PROMPTS,
) -> Entry:
    return Entry(
        Role.SEGMENTER,
        name,
        f"{_MODELS}:{model}",
        summary,
        _APACHE,
        weights,
        memory or weights.size,
        _LIBRARIES,
        capabilities,
    )


def _sam(variant: str, hub: str, digits: str, size: int, summary: str) -> tuple[Entry, Entry]:
    """Return the two forms in which SAM's weights are published."""
    file = f"sam_{variant.replace('-', '_')}_{digits}.pth"
    published = WeightFile(file, size, digits, _META + file)
    return (
        _entry(f"sam:{variant}", "Sam", summary, _hub(f"facebook/{hub}", size)),
        _entry(
            f"sam:{variant}-pth",
            "Sam",
            f"{summary}; Meta's own file",
            Weights("facebook/segment-anything", (published,)),
        ),
    )


def _sam_hq(variant: str, hub: str, size: int, summary: str) -> tuple[Entry, Entry]:
    """Return the two forms in which SAM-HQ's weights are published."""
    published = WeightFile(f"sam_hq_{variant.replace('-', '_')}.pth", size)
    return (
        _entry(f"sam-hq:{variant}", "SamHq", summary, _hub(f"syscv-community/{hub}", size)),
        _entry(
            f"sam-hq:{variant}-pth",
            "SamHq",
            f"{summary}; its authors' own file",
            Weights("lkeab/hq-sam", (published,)),
        ),
    )


def _sam2(variant: str, size: int, memory: int, summary: str) -> tuple[Entry]:
    """Return SAM 2.1; its file holds what follows objects through videos too, loaded when it is asked."""
    weights = _hub(f"facebook/sam2.1-hiera-{variant}", size)
    return (_entry(f"sam2:hiera-{variant}", "Sam2", f"SAM 2.1, {summary}", weights, memory, _AND_VIDEO),)


ENTRIES = (
    *_sam("vit-b", "sam-vit-base", "01ec64", 375_000_000, "SAM, small"),
    *_sam("vit-l", "sam-vit-large", "0b3195", 1_249_000_000, "SAM, large"),
    *_sam("vit-h", "sam-vit-huge", "4b8939", 2_564_000_000, "SAM, largest"),
    *_sam_hq("vit-b", "sam-hq-vit-base", 379_000_000, "SAM with finer outlines, small"),
    *_sam_hq("vit-l", "sam-hq-vit-large", 1_254_000_000, "SAM with finer outlines, large"),
    *_sam_hq("vit-h", "sam-hq-vit-huge", 2_570_000_000, "SAM with finer outlines, largest"),
    *_sam2("tiny", 156_000_000, 126_000_000, "smallest"),
    *_sam2("small", 184_000_000, 154_000_000, "small"),
    *_sam2("base-plus", 323_000_000, 293_000_000, "medium"),
    *_sam2("large", 898_000_000, 868_000_000, "largest"),
    Entry(
        Role.SEGMENTER,
        "sam3:tracker",
        f"{_MODELS}:Sam3Tracker",
        "SAM 3 asked with points, boxes and masks; you must accept Meta's terms first",
        "SAM License",
        _hub("facebook/sam3", 3_440_000_000, terms="https://huggingface.co/facebook/sam3"),
        1_833_000_000,
        _LIBRARIES,
        _ALL_PROMPTS,
    ),
    _entry(
        "mobile-sam",
        "MobileSam",
        "SAM with a small encoder, for a laptop without a graphics card",
        Weights("ChaoningZhang/MobileSAM", (_MOBILE,)),
    ),
    Entry(
        Role.SEGMENTER,
        "edgetam",
        f"{_MODELS}:EdgeTam",
        "SAM 2 with an encoder for small devices",
        _APACHE,
        _hub("yonigozlan/EdgeTAM-hf", 56_000_000),
        37_000_000,
        (*_LIBRARIES, "timm", "torchvision"),
        _AND_VIDEO,
    ),
)
