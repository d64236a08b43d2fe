"""Grounding DINO on its authors' checkpoint layout, against their own code.

The reference wants transformers below 5, ours is run with today's. From the top of the repository::

    python -m venv REFERENCE
    REFERENCE/bin/pip install torch==2.13.0 "transformers<5"
    REFERENCE/bin/pip install --no-deps groundingdino-py==0.4.0 addict yapf platformdirs
    REFERENCE/bin/python -m benchmarks.parity.groundingdino write FOLDER [swint|swinb]
    python -m benchmarks.parity.groundingdino compare FOLDER

torchvision, opencv, pycocotools, matplotlib and supervision, which the reference imports, are not
needed for what is compared: where they are absent, empty modules stand in for them. So they do for
timm, which wants torchvision; the three small functions that are called are given here. The weights are
random, float32 and of full size; no layer is left at its start value, since many of them start at
zero, and boxes reach the border. One image of 400 × 533 pixels, two texts.

The model ranks places of the image by a score and gives the first 900 a learned query each, by rank.
Where two scores are equal but for rounding, their ranks may be exchanged, and with them the queries:
such ranks are counted and left out of the comparison; there may be at most one in a hundred. Since
queries look at each other, an exchange also moves all other answers a little: on 800 × 1066 pixels,
with 2 of 900 ranks exchanged, by up to 3.8e-3.

Found with torch 2.13.0, transformers 4.57.6 for the reference and 5.23.0 for ours, as shares of the
largest value, for the two texts of swint: logits 1.7e-5 and 1.1e-5, boxes 3.4e-6 and 3.7e-6, no rank
exchanged. With the logit of coordinates as transformers takes it, the first differs by 1.3e-3.
"""

from __future__ import annotations

import sys
import time
from pathlib import Path
from typing import Any

CHECKPOINT, REFERENCE = "groundingdino.pth", "reference.pt"
CONFIGS = {"swint": "GroundingDINO_SwinT_OGC.py", "swinb": "GroundingDINO_SwinB_cfg.py"}
SIZE = (400, 533)
CAPTIONS = ("w2000. w2001 w2002. w2003.", "w2004 w2005. w2006 ##p3000 w2007. w2008.")
TOLERANCE = 1e-3
"""Largest difference, as a share of the largest value."""
EXCHANGED = 0.01
"""Largest share of ranks that may be exchanged."""


def write(folder: Path, size: str = "swint") -> None:
    """Write a checkpoint of random weights and what the authors' code computes with it."""
    import torch

    folder.mkdir(parents=True, exist_ok=True)
    model = _reference(folder, size)
    torch.save({"model": {f"module.{k}": v for k, v in model.state_dict().items()}}, folder / CHECKPOINT)
    pixels = torch.randn((1, 3, *SIZE), generator=torch.Generator().manual_seed(1))
    answers = [_reference_answer(model, pixels, caption) for caption in CAPTIONS]
    torch.save({"pixels": pixels, "answers": answers}, folder / REFERENCE)
    print(f"{size}: {sum(p.numel() for p in model.parameters()) / 1e6:.1f} M parameters -> {folder}")


def _reference(folder: Path, size: str) -> Any:
    from benchmarks.parity._stand_ins import give_timm_layers, stand_in_for

    stand_in_for("torchvision", "cv2", "pycocotools", "matplotlib", "supervision", "timm")
    give_timm_layers()
    import groundingdino
    import torch
    from groundingdino.models import build_model
    from groundingdino.util.slconfig import SLConfig

    torch.manual_seed(0)
    _write_bert(folder / "bert")
    args = SLConfig.fromfile(str(Path(groundingdino.__file__).parent / "config" / CONFIGS[size]))
    args.device, args.text_encoder_type = "cpu", str(folder / "bert")
    args.use_checkpoint = args.use_transformer_ckpt = False
    model = build_model(args).eval()
    _shake(model)
    return model


def _write_bert(folder: Path) -> None:
    """Write a BERT of full size with random weights; the marks have their usual numbers."""
    from transformers import BertConfig, BertModel, BertTokenizerFast

    folder.mkdir(exist_ok=True)
    words = [f"##p{i}" if 3000 <= i < 3100 else f"w{i}" for i in range(30522)]
    marks = {0: "[PAD]", 100: "[UNK]", 101: "[CLS]", 102: "[SEP]", 103: "[MASK]", 1012: ".", 1029: "?"}
    for number, mark in marks.items():
        words[number] = mark
    vocabulary = folder / "vocab.txt"
    vocabulary.write_text("\n".join(words) + "\n", encoding="utf-8")
    BertTokenizerFast(str(vocabulary)).save_pretrained(folder)
    BertModel(BertConfig()).save_pretrained(folder)


def _shake(model: Any) -> None:
    """Give random values to all that starts at one constant; boxes reach the border of the image."""
    import torch

    with torch.no_grad():
        for name, parameter in model.named_parameters():
            if parameter.numel() > 1 and parameter.std() == 0:
                spread = 0.2 if "bbox_embed" in name else 0.02
                parameter.add_(torch.randn_like(parameter), alpha=spread)


def _reference_answer(model: Any, pixels: Any, caption: str) -> dict[str, Any]:
    import torch

    first: list[Any] = []
    hook = model.transformer.register_forward_hook(lambda _m, _i, output: first.append(output[3][-1][0]))
    start = time.perf_counter()
    with torch.inference_mode():
        answer = model(pixels, captions=[caption])
    hook.remove()
    print(f"reference: {time.perf_counter() - start:.1f} s")
    return {
        "tokens": model.tokenizer([caption])["input_ids"][0],
        "first_boxes": first[0],
        "logits": answer["pred_logits"][0],
        "boxes": answer["pred_boxes"][0],
    }


def compare(folder: Path) -> None:
    """Print how far our answers are from the reference's; exit with an error beyond the tolerance."""
    import torch

    from napari_zeroseg.backends.grounding.groundingdino import clamped_as_trained
    from napari_zeroseg.backends.grounding.official import read_official

    written = torch.load(folder / REFERENCE, weights_only=True)
    model = read_official(folder / CHECKPOINT).eval()
    worst = max(_worst(model, written["pixels"], answer, clamped_as_trained) for answer in written["answers"])
    print("agree" if worst <= TOLERANCE else "DIFFER")
    if worst > TOLERANCE:
        sys.exit(1)


def _worst(model: Any, pixels: Any, theirs: dict[str, Any], context: Any) -> float:
    import torch

    tokens = torch.tensor([theirs["tokens"]])
    length = tokens.shape[1]
    start = time.perf_counter()
    with torch.inference_mode(), context(model):
        ours = model(pixel_values=pixels, input_ids=tokens)
    print(f"ours: {time.perf_counter() - start:.1f} s, {length} tokens")
    same = (ours.init_reference_points[0] - theirs["first_boxes"]).abs().amax(dim=1) < TOLERANCE
    exchanged = int((~same).sum())
    print(f"  ranks exchanged: {exchanged} of {len(same)}")
    if exchanged > EXCHANGED * len(same):
        return 1.0
    return max(
        _difference("logits", ours.logits[0, same, :length], theirs["logits"][same, :length]),
        _difference("boxes", ours.pred_boxes[0][same], theirs["boxes"][same]),
    )


def _difference(what: str, ours: Any, theirs: Any) -> float:
    """Return the largest difference as a share of the largest value."""
    off = float((ours - theirs).abs().max() / theirs.abs().max())
    print(f"  {what}: largest {float(theirs.abs().max()):.3f}, largest relative difference {off:.1e}")
    return off


def main(arguments: list[str]) -> None:
    """Run ``write FOLDER [SIZE]`` or ``compare FOLDER``."""
    verb, folder, *rest = arguments
    {"write": write, "compare": compare}[verb](Path(folder), *rest)


if __name__ == "__main__":
    main(sys.argv[1:])
