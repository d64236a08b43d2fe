"""RAM++ on its authors' checkpoint layout, against their own code, or against the formulas written out.

The authors' package is on no index, and wants transformers of 2025 or before. With a copy of
its repository, from the top of this one::

    python -m venv REFERENCE
    REFERENCE/bin/pip install torch torchvision "transformers<=4.53" timm fairscale scipy
    REFERENCE/bin/pip install openai-clip PATH/TO/recognize-anything
    REFERENCE/bin/python -m benchmarks.parity.recognize_anything write FOLDER
    python -m benchmarks.parity.recognize_anything compare FOLDER

Without it, the reference is what ``tests/backends/ram/published.py`` computes on plain tensors::

    python -m benchmarks.parity.recognize_anything formulas FOLDER
    python -m benchmarks.parity.recognize_anything compare FOLDER

Compared are the states of the image and the logits of all 4,585 tags, in float32 and at full size, for
two images of 384 × 384 pixels. The weights are random; no layer is left at its start value. Found with
the formulas: states differ by 9e-7 of the largest, logits by 6e-6. The half that asks the authors' code
has not been run yet.
"""

from __future__ import annotations

import sys
import time
from pathlib import Path
from typing import Any

CHECKPOINT, REFERENCE = "ram_plus_swin_large_14m.pth", "reference.pt"
TOLERANCE = 1e-3
"""Largest difference, as a share of the largest value."""
TAGS = 4585


def _pixels() -> Any:
    import torch

    return torch.randn((2, 3, 384, 384), generator=torch.Generator().manual_seed(1))


def formulas(folder: Path) -> None:
    """Write a checkpoint of random weights and what the formulas give for it."""
    import torch

    from tests.backends.ram import published

    state = published.state_of(published.SWIN_L)
    pixels = _pixels()
    start = time.perf_counter()
    with torch.inference_mode():
        states = published.image_states(state, pixels)
        logits = published.logits(state, states, state["label_embed"], published.SWIN_L.descriptions)
    _keep(folder, state, pixels, states, logits, time.perf_counter() - start)


def write(folder: Path) -> None:
    """Write a checkpoint of random weights and what the authors' code computes with it."""
    import torch

    folder.mkdir(parents=True, exist_ok=True)
    model = _reference(folder)
    pixels = _pixels()
    seen: dict[str, Any] = {}
    for name in ("image_proj", "fc"):
        part = getattr(model, name)
        part.register_forward_hook(lambda _m, _i, output, name=name: seen.update({name: output}))
    start = time.perf_counter()
    with torch.inference_mode():
        model.generate_tag(pixels)
    seconds = time.perf_counter() - start
    _keep(folder, model.state_dict(), pixels, seen["image_proj"], seen["fc"].squeeze(-1), seconds)


def _reference(folder: Path) -> Any:
    import torch
    from ram.models import ram_plus

    words = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", "word"]  # its tokenizer is made, and not asked
    (folder / "vocab.txt").write_text("\n".join(words), encoding="utf-8")
    torch.manual_seed(0)
    model = ram_plus(pretrained="", image_size=384, vit="swin_l", text_encoder_type=str(folder)).eval()
    _shake(model)
    return model


def _shake(model: Any) -> None:
    """Give random values to all that starts at one constant."""
    import torch

    with torch.no_grad():
        for name, parameter in model.named_parameters():
            if parameter.numel() > 1 and parameter.std() == 0:
                parameter.add_(torch.randn_like(parameter), alpha=1.0 if name == "label_embed" else 0.1)


def _keep(folder: Path, state: Any, pixels: Any, states: Any, logits: Any, seconds: float) -> None:
    import torch

    folder.mkdir(parents=True, exist_ok=True)
    torch.save({"model": state}, folder / CHECKPOINT)
    torch.save({"pixels": pixels, "states": states, "logits": logits}, folder / REFERENCE)
    print(f"reference: {seconds:.1f} s -> {folder}")


def compare(folder: Path) -> None:
    """Print how far our answers are from the reference's; exit with an error beyond the tolerance."""
    import torch

    from napari_zeroseg.backends.ram.network import image_states, tag_logits
    from napari_zeroseg.backends.ram.official import read_network

    theirs = torch.load(folder / REFERENCE, weights_only=True)
    network = read_network(folder / CHECKPOINT).eval()
    described = network.label_embed.view(TAGS, -1, network.label_embed.shape[-1])
    start = time.perf_counter()
    with torch.inference_mode():
        states = image_states(network, theirs["pixels"])
        logits = tag_logits(network, states, [described])
    print(f"ours: {time.perf_counter() - start:.1f} s")
    parts = (("states", states), ("logits", logits))
    worst = max(_difference(name, ours, theirs[name]) for name, ours in parts)
    print("agree" if worst <= TOLERANCE else "DIFFER")
    if worst > TOLERANCE:
        sys.exit(1)


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
