"""RAM++ on its authors' checkpoint layout, against their own code, or against the formulas written out.

The authors' package ``ram`` is on no index, and wants transformers of 2025 or before. With a copy of
its repository, from the top of this one::

    python -m venv REFERENCE
    REFERENCE/bin/pip install torch==2.13.0 scipy pillow "transformers<=4.53"
    REFERENCE/bin/pip install --no-deps PATH/TO/recognize-anything
    REFERENCE/bin/python -m benchmarks.parity.recognize_anything write FOLDER
    python -m benchmarks.parity.recognize_anything compare FOLDER

torchvision, fairscale and OpenAI's clip, which the reference imports to resize images, to train and to
embed new classes, are not needed for what is compared: where they are absent, empty modules stand in
for them. So they do for timm, of which the three small functions that are called are given. Its
tokenizer gets a vocabulary of six words, and is not asked. Everything else runs as published, by way of
``generate_tag``.

Without the repository, the reference is what ``tests/backends/ram/published.py`` computes on plain tensors::

    python -m benchmarks.parity.recognize_anything formulas FOLDER
    python -m benchmarks.parity.recognize_anything compare FOLDER

Compared are the states of the image and the logits of all 4,585 tags, in float32 and at full size, for
two images of 384 × 384 pixels of noise, which are not resized; and, with the authors' code, the words
above their thresholds, which our tagger finds from the image and the authors' own lists. The weights
are random, and the same for both references: the authors' model takes them only if every name and shape
is its own, and what it computes of its sizes is compared too.

Found with the authors' code (its repository of February 2025, torch 2.13.0, transformers 4.53.0 for the
reference and 5.23.0 for ours), as shares of the largest value: states differ by 1.1e-6, logits by
4.7e-6; all 27 and 28 words are the same. Found with the formulas: 9.3e-7 and 4.7e-6. Broken on purpose
in ``backends/ram/network.py``, logits differ by 3.1e-3 (``HEADS`` of 8) and 3.1e-4 (the tanh formula of
GELU).
"""

from __future__ import annotations

import shutil
import sys
import time
from pathlib import Path
from types import SimpleNamespace
from typing import Any

CHECKPOINT, REFERENCE = "ram_plus_swin_large_14m.pth", "reference.pt"
LISTS = ("ram_tag_list.txt", "ram_tag_list_threshold.txt")
TOLERANCE = 1e-4
"""Largest difference, as a share of the largest value."""
TAGS = 4585
SHARPNESS = 8
"""Without it all places weigh about the same, and a decoder with other heads would hardly be noticed."""


def formulas(folder: Path) -> None:
    """Write a checkpoint of random weights and what the formulas give for it."""
    import torch

    from tests.backends.ram import published

    state, (image, pixels) = _state(), _images()
    start = time.perf_counter()
    with torch.inference_mode():
        states = published.image_states(state, pixels)
        logits = published.logits(state, states, state["label_embed"], published.SWIN_L.descriptions)
    print(f"reference: {time.perf_counter() - start:.1f} s")
    _keep(folder, state, {"image": image, "pixels": pixels, "states": states, "logits": logits})


def write(folder: Path) -> None:
    """Write a checkpoint of random weights and what the authors' code computes with it."""
    import torch

    folder.mkdir(parents=True, exist_ok=True)
    model, (image, pixels) = _reference(folder), _images()
    seen: dict[str, Any] = {}
    for name in ("image_proj", "fc"):
        part = getattr(model, name)
        part.register_forward_hook(lambda _m, _i, output, name=name: seen.update({name: output}))
    start = time.perf_counter()
    with torch.inference_mode():
        words, _ = model.generate_tag(pixels)
    print(f"reference: {time.perf_counter() - start:.1f} s")
    answer = {"states": seen["image_proj"], "logits": seen["fc"].squeeze(-1), "words": words}
    _keep(folder, model.state_dict(), {"image": image, "pixels": pixels, **answer})


def _state() -> dict[str, Any]:
    """Return random parameters with which the decoder looks at some places far more than at others."""
    from tests.backends.ram import published

    state = published.state_of(published.SWIN_L)
    for name, value in state.items():
        if name.endswith("crossattention.self.query.weight"):
            value *= SHARPNESS
    return state


def _images() -> tuple[Any, Any]:
    """Return two images, 8 bit of shape (2, 384, 384, 3), and the same normalised, channels first."""
    import torch

    image = torch.randint(
        0, 256, (2, 384, 384, 3), generator=torch.Generator().manual_seed(1), dtype=torch.uint8
    )
    mean, deviation = torch.tensor([0.485, 0.456, 0.406]), torch.tensor([0.229, 0.224, 0.225])
    return image, ((image / 255 - mean) / deviation).permute(0, 3, 1, 2).contiguous()


def _reference(folder: Path) -> Any:
    """Return the authors' model with our random weights, and put its lists of tags into the folder."""
    from benchmarks.parity._stand_ins import give_timm_layers, stand_in_for

    stand_in_for("torchvision", "timm", "fairscale", "clip")
    give_timm_layers()
    import ram
    from ram.models import ram_plus

    words = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", "word"]  # its tokenizer is made, and not asked
    (folder / "vocab.txt").write_text("\n".join(words), encoding="utf-8")
    for name in LISTS:
        shutil.copy(Path(ram.__file__).parent / "data" / name, folder)
    model = ram_plus(pretrained="", image_size=384, vit="swin_l", text_encoder_type=str(folder)).eval()
    state = _state()
    _same_buffers(model, state)
    model.load_state_dict(state)  # exactly the authors' names and shapes, or it raises
    return model


def _same_buffers(model: Any, state: dict[str, Any]) -> None:
    """Check what follows from the sizes, so that loading it changes nothing."""
    import torch

    for name, value in model.named_buffers():
        if name in model.state_dict() and not torch.equal(value, state[name]):
            raise SystemExit(f"{name} is not what the authors' code computes")


def _keep(folder: Path, state: Any, reference: dict[str, Any]) -> None:
    import torch

    folder.mkdir(parents=True, exist_ok=True)
    torch.save({"model": state}, folder / CHECKPOINT)
    torch.save(reference, folder / REFERENCE)


def compare(folder: Path) -> None:
    """Print how far our answers are from the reference's; exit with an error beyond the tolerance."""
    import torch

    theirs = torch.load(folder / REFERENCE, weights_only=True)
    states, logits = _answer(folder, theirs["pixels"])
    parts = (("states", states), ("logits", logits))
    agree = max(_difference(name, ours, theirs[name]) for name, ours in parts) <= TOLERANCE
    if "words" in theirs:
        agree &= _same_words(folder, theirs["image"], theirs["words"])
    print("agree" if agree else "DIFFER")
    if not agree:
        sys.exit(1)


def _answer(folder: Path, pixels: Any) -> tuple[Any, Any]:
    import torch

    from napari_zeroseg.backends.ram.network import image_states, tag_logits
    from napari_zeroseg.backends.ram.official import read_network

    network = read_network(folder / CHECKPOINT).eval()
    described = network.label_embed.view(TAGS, -1, network.label_embed.shape[-1])
    start = time.perf_counter()
    with torch.inference_mode():
        states = image_states(network, pixels)
        logits = tag_logits(network, states, [described])
    print(f"ours: {time.perf_counter() - start:.1f} s")
    return states, logits


def _same_words(folder: Path, images: Any, theirs: list[str]) -> bool:
    """Return whether our tagger, from the image to the words above their thresholds, says the same."""
    from napari_zeroseg.backends.ram.tagger import RamTagger

    checkpoint: Any = SimpleNamespace(name="ram:parity", folder=lambda: folder)
    tagger = RamTagger(checkpoint)
    exchanged = []
    for image, line in zip(images, theirs, strict=True):
        ours, words = {tag.text for tag in tagger.tag((image / 255).numpy())}, set(line.split(" | "))
        exchanged += ours ^ words
        print(f"  words: {len(words)} of theirs, {len(ours)} of ours, {len(ours ^ words)} not of both")
    return not exchanged


def _difference(what: str, ours: Any, theirs: Any) -> float:
    """Return the largest difference as a share of the largest value."""
    off = float((ours - theirs).abs().max() / theirs.abs().max())
    spread = float(theirs.std())
    print(f"  {what}: spread {spread:.3f}, largest relative difference {off:.1e}")
    return off


def main(arguments: list[str]) -> None:
    """Run ``write``, ``formulas`` or ``compare`` with a folder."""
    verb, folder = arguments
    {"write": write, "formulas": formulas, "compare": compare}[verb](Path(folder))


if __name__ == "__main__":
    main(sys.argv[1:])
