"""What the method ``lmseg`` fuses, with weights to download: image and text, and image detail."""

from __future__ import annotations

from napari_zeroseg.backends.entries.segmenters import ENTRIES as SEGMENTERS
from napari_zeroseg.backends.entry import Entry, Role, WeightFile, Weights

_BACKENDS = "napari_zeroseg.backends"
_LIBRARIES = ("torch", "transformers")
_SAM = next(entry for entry in SEGMENTERS if entry.name == "sam:vit-b")


ENTRIES: tuple[Entry, ...] = (
    Entry(
        Role.ENCODER,
        "clip:vit-b-16",
        f"{_BACKENDS}.clip_dense:ClipEncoder",
        "CLIP: image patches and words in one space",
        "MIT",
        Weights(
            "openai/clip-vit-base-patch16",
            (
                WeightFile("pytorch_model.bin", 599_000_000),
                WeightFile("config.json"),
                WeightFile("tokenizer.json", 2_200_000),
                WeightFile("tokenizer_config.json"),
            ),
        ),
        memory=599_000_000,
        packages=_LIBRARIES,
    ),
    Entry(
        Role.DETAIL,
        "sam:vit-b",
        f"{_BACKENDS}.sam.detail:SamDetail",
        "What SAM's image encoder sees, the small one",
        "Apache-2.0",
        _SAM.weights,
        memory=_SAM.memory,
        packages=_LIBRARIES,
    ),
)
