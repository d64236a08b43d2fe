"""Open-set detectors with weights to download."""

from __future__ import annotations

from napari_zeroseg.backends.entry import Entry, Role, WeightFile, Weights

_GROUNDING_DINO = "napari_zeroseg.backends.grounding.groundingdino:GroundingDino"
_BERT_VOCABULARY = "https://huggingface.co/google-bert/bert-base-uncased/resolve/main/vocab.txt"


def _hub_files(size: int) -> tuple[WeightFile, ...]:
    """Return the files of a Grounding DINO in the layout of the hub."""
    small = ("config.json", "preprocessor_config.json", "tokenizer_config.json", "vocab.txt")
    return (WeightFile("model.safetensors", size), *map(WeightFile, small))


def _on_hub(name: str, repository: str, parameters: int, summary: str) -> Entry:
    size = 4 * parameters
    return Entry(
        Role.DETECTOR,
        name,
        _GROUNDING_DINO,
        summary,
        "Apache-2.0",
        Weights(repository, _hub_files(size)),
        memory=size,
        packages=("torch", "transformers"),
    )


def _official(name: str, file: str, release: str, size: int, sha256: str, summary: str) -> Entry:
    url = f"https://github.com/IDEA-Research/GroundingDINO/releases/download/{release}/{file}"
    return Entry(
        Role.DETECTOR,
        name,
        "napari_zeroseg.backends.grounding.official:OfficialGroundingDino",
        summary,
        "Apache-2.0",
        Weights(
            "ShilongLiu/GroundingDINO",
            (WeightFile(file, size, sha256, url), WeightFile("vocab.txt", url=_BERT_VOCABULARY)),
        ),
        memory=size,
        packages=("torch", "transformers"),
    )


def _owlv2(name: str, repository: str, parameters: int, summary: str) -> Entry:
    size = 4 * parameters
    small = ("config.json", "tokenizer_config.json", "vocab.json", "merges.txt")
    return Entry(
        Role.DETECTOR,
        name,
        "napari_zeroseg.backends.grounding.owlv2:Owlv2",
        summary,
        "Apache-2.0",
        Weights(repository, (WeightFile("model.safetensors", size), *map(WeightFile, small))),
        memory=size,
        packages=("torch", "transformers"),
    )


ENTRIES: tuple[Entry, ...] = (
    _on_hub(
        "grounding-dino:tiny",
        "IDEA-Research/grounding-dino-tiny",
        172_250_626,
        "Boxes for any words, Swin-T; the detector of the published method",
    ),
    _on_hub(
        "grounding-dino:base",
        "IDEA-Research/grounding-dino-base",
        232_315_264,
        "Boxes for any words, Swin-B; better and slower than tiny",
    ),
    _official(
        "grounding-dino:swint-ogc",
        "groundingdino_swint_ogc.pth",
        "v0.1.0-alpha",
        693_997_677,
        "3b3ca2563c77c69f651d7bd133e97139c186df06231157a64c507099c52bc799",
        "grounding-dino:tiny as its authors published it",
    ),
    _official(
        "grounding-dino:swinb-cogcoor",
        "groundingdino_swinb_cogcoor.pth",
        "v0.1.0-alpha2",
        938_057_991,
        "46270f7a822e6906b655b729c90613e48929d0f2bb8b9b76fd10a856f3ac6ab7",
        "grounding-dino:base as its authors published it",
    ),
    _on_hub(
        "mm-grounding-dino:tiny",
        "openmmlab-community/mm_grounding_dino_tiny_o365v1_goldg_grit_v3det",
        172_250_628,
        "Grounding DINO trained on open data, Swin-T; knows more rare classes",
    ),
    _on_hub(
        "mm-grounding-dino:base",
        "openmmlab-community/mm_grounding_dino_base_all",
        232_315_266,
        "Grounding DINO trained on open data, Swin-B",
    ),
    _on_hub(
        "mm-grounding-dino:large",
        "openmmlab-community/mm_grounding_dino_large_all",
        342_392_638,
        "Grounding DINO trained on open data, Swin-L; the best and slowest of them",
    ),
    _owlv2(
        "owlv2:base",
        "google/owlv2-base-patch16-ensemble",
        154_966_792,
        "Boxes for any words, many classes at no cost; ViT-B/16",
    ),
    _owlv2(
        "owlv2:large",
        "google/owlv2-large-patch14-ensemble",
        437_610_760,
        "Boxes for any words, many classes at no cost; ViT-L/14",
    ),
    Entry(
        Role.DETECTOR,
        "sam3:concept",
        "napari_zeroseg.backends.grounding.sam3_concept:Sam3Concept",
        "Boxes of every instance of a concept; one pass for each class",
        "SAM License (Meta)",
        Weights(
            "facebook/sam3",
            (
                WeightFile("model.safetensors", 3_439_938_512),  # its tracker included
                *map(WeightFile, ("config.json", "tokenizer_config.json", "vocab.json", "merges.txt")),
            ),
            terms="https://huggingface.co/facebook/sam3",
        ),
        memory=4 * 840_376_374,
        packages=("torch", "transformers"),
    ),
)
