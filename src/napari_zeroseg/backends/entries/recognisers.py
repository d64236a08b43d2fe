"""Taggers and captioners with weights to download."""

from __future__ import annotations

from napari_zeroseg.backends.entry import Entry, Role, WeightFile, Weights

_BACKENDS = "napari_zeroseg.backends"
_RAM_DATA = "https://raw.githubusercontent.com/xinyu1205/recognize-anything/main/ram/data"
_CLIP = "https://huggingface.co/openai/clip-vit-base-patch16/resolve/main"

_RAM_PLUS = Weights(
    "xinyu1205/recognize-anything-plus-model",
    (
        WeightFile("ram_plus_swin_large_14m.pth", 3_010_000_000),
        WeightFile("ram_tag_list.txt", url=f"{_RAM_DATA}/ram_tag_list.txt"),
        WeightFile("ram_tag_list_threshold.txt", url=f"{_RAM_DATA}/ram_tag_list_threshold.txt"),
        # compares the user's own classes with the image
        WeightFile("clip/pytorch_model.bin", 599_000_000, url=f"{_CLIP}/pytorch_model.bin"),
        WeightFile("clip/config.json", url=f"{_CLIP}/config.json"),
        WeightFile("clip/tokenizer.json", 2_200_000, url=f"{_CLIP}/tokenizer.json"),
        WeightFile("clip/tokenizer_config.json", url=f"{_CLIP}/tokenizer_config.json"),
    ),
)

_TOKENIZER = (WeightFile("tokenizer.json", 3_000_000), WeightFile("tokenizer_config.json"))

_BLIP2 = Weights(
    "Salesforce/blip2-opt-2.7b",
    (
        WeightFile("config.json"),
        WeightFile("model.safetensors.index.json"),
        WeightFile("model-00001-of-00002.safetensors", 9_996_000_000),
        WeightFile("model-00002-of-00002.safetensors", 4_983_000_000),
        *_TOKENIZER,
    ),
)

_FLORENCE2 = Weights(
    "florence-community/Florence-2-base",
    (
        WeightFile("config.json"),
        WeightFile("generation_config.json"),
        WeightFile("model.safetensors", 464_000_000),
        *_TOKENIZER,
    ),
)

ENTRIES: tuple[Entry, ...] = (
    Entry(
        Role.TAGGER,
        "ram:plus-swin-l",
        f"{_BACKENDS}.ram.tagger:RamTagger",
        "RAM++: 4,585 everyday tags, and your own classes by their descriptions",
        "RAM++: Apache-2.0; CLIP: MIT",
        _RAM_PLUS,
        memory=1_318_000_000,  # without CLIP, which is held apart
        packages=("torch", "transformers"),
    ),
    Entry(
        Role.CAPTIONER,
        "blip2:opt-2.7b",
        f"{_BACKENDS}.blip2:Blip2Captioner",
        "BLIP-2: the captions of the paper",
        "MIT; its language model: the OPT licence, for research alone",
        _BLIP2,
        memory=7_490_000_000,  # in bfloat16, both parts; the larger takes 5.3 GB
        packages=("torch", "transformers"),
    ),
    *(
        Entry(
            role,
            "florence2:base",
            f"{_BACKENDS}.florence2:Florence2",
            summary,
            "MIT",
            _FLORENCE2,
            memory=925_000_000,
            packages=("torch", "transformers"),
        )
        for role, summary in (
            (Role.TAGGER, "Florence-2: names of everyday objects, from a small model"),
            (Role.CAPTIONER, "Florence-2: captions from a small model"),
        )
    ),
)
