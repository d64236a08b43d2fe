"""What methods ask that part an image before they name its parts, with weights to download."""

from __future__ import annotations

from napari_zeroseg.backends.entry import Entry, Role, WeightFile, Weights

_STABLE_DIFFUSION = Weights(
    "stable-diffusion-v1-5/stable-diffusion-v1-5",
    (
        WeightFile("unet/config.json"),
        WeightFile("unet/diffusion_pytorch_model.safetensors", 3_438_000_000),
        WeightFile("vae/config.json"),
        WeightFile("vae/diffusion_pytorch_model.safetensors", 335_000_000),
        WeightFile("text_encoder/config.json"),
        WeightFile("text_encoder/model.safetensors", 492_000_000),
        WeightFile("tokenizer/merges.txt"),
        WeightFile("tokenizer/tokenizer_config.json"),
        WeightFile("tokenizer/vocab.json", 1_060_000),
    ),
)

_CLIP = Weights(
    "openai/clip-vit-base-patch32",
    (
        WeightFile("config.json"),
        WeightFile("pytorch_model.bin", 605_000_000),
        WeightFile("tokenizer.json", 2_200_000),
        WeightFile("tokenizer_config.json"),
    ),
)

ENTRIES = (
    Entry(
        Role.EXTRACTOR,
        "sd:1.5",
        "napari_zeroseg.backends.stable_diffusion:StableDiffusion",
        "Stable Diffusion's U-Net: what it asks of each place",
        "CreativeML OpenRAIL-M",
        _STABLE_DIFFUSION,
        memory=3_220_000_000,  # without the blocks after the last features, and without the decoder
        packages=("torch", "transformers", "diffusers"),
    ),
    Entry(
        Role.CLASSIFIER,
        "clip:vit-b-32",
        "napari_zeroseg.backends.clip_regions:ClipRegions",
        "CLIP: names parts of an image from their looks",
        "MIT",
        _CLIP,
        memory=605_000_000,
        packages=("torch", "transformers"),
    ),
)
