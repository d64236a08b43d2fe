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

ENTRIES: tuple[Entry, ...] = (
    Entry(
        Role.TAGGER,
        "ram:plus-swin-l",
        f"{_BACKENDS}.ram.tagger:RamTagger",
        "RAM++: 4,585 everyday tags, and your own classes by their descriptions",
        "RAM++: Apache-2.0; CLIP: MIT",
        _RAM_PLUS,
        memory=1_570_000_000,
        packages=("torch", "transformers"),
    ),
)
