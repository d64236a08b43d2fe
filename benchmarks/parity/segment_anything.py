"""SAM on its authors' checkpoint layout, against their own code.

From the top of the repository::

    python -m venv REFERENCE
    REFERENCE/bin/pip install torch==2.13.0 numpy
    REFERENCE/bin/pip install --no-deps segment-anything==1.0
    REFERENCE/bin/python -m benchmarks.parity.segment_anything write FOLDER [vit_b|vit_l|vit_h]
    python -m benchmarks.parity.segment_anything compare FOLDER

torchvision, which the reference imports to resize images and to suppress double masks, is not needed
for what is compared: where it is absent, an empty module stands in for it. Everything else runs as
published, by way of ``SamPredictor.set_torch_image`` and ``predict_torch``. The weights are random,
float32 and of full size; no layer is left at its start value, since many of them start at zero. One
image of 683 × 1024 pixels, which is not resized; prompts of every kind, alone and in batches.

Found with torch 2.13.0 and transformers 5.23.0, vit_b, as shares of the largest value, in two runs on
the same weights: the embedding differs by 1.3e-4 and 2.0e-6, logits by at most 1.3e-4 and 8.9e-5, and
scores by 9.5e-5, prompts of all kinds taken together. The embeddings of the two runs of the authors' code
themselves differ by 1.3e-4, why is not known.
"""

from __future__ import annotations

import sys
import time
from pathlib import Path
from typing import Any

CHECKPOINT, REFERENCE = "sam.pth", "reference.pt"
SHAPE = (683, 1024)
TOLERANCE = 1e-3
"""Largest difference, as a share of the largest value."""
PROMPTS = 4


def write(folder: Path, size: str = "vit_b") -> None:
    """Write a checkpoint of random weights and what the authors' code computes with it."""
    import torch

    folder.mkdir(parents=True, exist_ok=True)
    predictor = _reference(size)
    torch.save(predictor.model.state_dict(), folder / CHECKPOINT)
    generator = torch.Generator().manual_seed(1)
    image = torch.randint(0, 256, (*SHAPE, 3), generator=generator, dtype=torch.uint8)
    start = time.perf_counter()
    predictor.set_torch_image(image.permute(2, 0, 1)[None], SHAPE)
    print(f"reference, image: {time.perf_counter() - start:.1f} s")
    questions = _questions(generator)
    answers = {name: _reference_answer(predictor, asked) for name, asked in questions.items()}
    written = {"image": image, "embedding": predictor.features, "questions": questions, "answers": answers}
    torch.save(written, folder / REFERENCE)
    print(
        f"{size}: {sum(p.numel() for p in predictor.model.parameters()) / 1e6:.1f} M parameters -> {folder}"
    )


def _reference(size: str) -> Any:
    from benchmarks.parity._stand_ins import stand_in_for

    stand_in_for("torchvision")
    import torch
    from segment_anything import SamPredictor, sam_model_registry

    torch.manual_seed(0)
    model = sam_model_registry[size]().eval()
    with torch.no_grad():
        for parameter in model.parameters():
            if parameter.numel() > 1 and parameter.std() == 0:
                parameter.add_(torch.randn_like(parameter), alpha=0.02)
    return SamPredictor(model)


def _questions(generator: Any) -> dict[str, dict[str, Any]]:
    """Return prompts in the model's pixels: whether several masks are wanted, and what is asked."""
    import torch

    size = torch.tensor([SHAPE[1], SHAPE[0]])
    points = torch.rand(PROMPTS, 5, 2, generator=generator) * size
    labels = torch.randint(0, 2, (PROMPTS, 5), generator=generator)
    corner = torch.rand(PROMPTS, 2, generator=generator) * size / 2
    boxes = torch.cat([corner, corner + 100 + torch.rand(PROMPTS, 2, generator=generator) * size / 4], 1)
    masks = torch.randn(PROMPTS, 1, 256, 256, generator=generator) * 5
    one = {"points": points[:, :1], "labels": torch.ones(PROMPTS, 1, dtype=torch.long)}
    return {
        "one point, three masks": {**one, "several": True},
        "one point, one mask": {**one, "several": False},
        "points": {"points": points, "labels": labels, "several": False},
        "boxes": {"boxes": boxes, "several": False},
        "boxes and points": {"boxes": boxes, "points": points, "labels": labels, "several": False},
        "boxes and masks": {"boxes": boxes, "masks": masks, "several": False},
    }


def _reference_answer(predictor: Any, asked: dict[str, Any]) -> tuple[Any, Any]:
    """Return the logits and predicted IoUs of the masks with the best of these."""
    import torch

    _, scores, logits = predictor.predict_torch(
        asked.get("points"),
        asked.get("labels"),
        asked.get("boxes"),
        asked.get("masks"),
        multimask_output=asked["several"],
        return_logits=True,
    )
    best, rows = scores.argmax(1), torch.arange(len(scores))
    return logits[rows, best], scores[rows, best]


def compare(folder: Path) -> None:
    """Print how far our answers are from the reference's; exit with an error beyond the tolerance."""
    import torch

    from napari_zeroseg.backends.sam.decoder import SamDecoder
    from napari_zeroseg.backends.sam.official import read_official

    written = torch.load(folder / REFERENCE, weights_only=True)
    model = read_official(folder / CHECKPOINT, "Sam").eval()
    with torch.inference_mode():
        embedding = _embedding(model, written["image"])
        off = [_difference("embedding", embedding, written["embedding"])]
        decoder = SamDecoder(model, [embedding])
        for name, asked in written["questions"].items():
            logits, scores = _answer(decoder, asked)
            their_logits, their_scores = written["answers"][name]
            off.append(_difference(f"{name}: logits", logits, their_logits))
            off.append(_difference(f"{name}: scores", scores, their_scores))
    print("agree" if max(off) <= TOLERANCE else "DIFFER")
    if max(off) > TOLERANCE:
        sys.exit(1)


def _embedding(model: Any, image: Any) -> Any:
    from napari_zeroseg.backends.sam.frame import Frame
    from napari_zeroseg.backends.sam.segmenter import as_square

    plane = (image.float() / 255).numpy()
    frame = Frame.padded(SHAPE, model.prompt_encoder.input_image_size)
    start = time.perf_counter()
    embedding = model.vision_encoder(as_square(plane, frame)).last_hidden_state
    print(f"ours, image: {time.perf_counter() - start:.1f} s")
    return embedding


def _answer(decoder: Any, asked: dict[str, Any]) -> tuple[Any, Any]:
    import torch

    none = torch.zeros(PROMPTS, 0, 2), torch.zeros(PROMPTS, 0, dtype=torch.long)
    points, labels = asked.get("points", none[0]), asked.get("labels", none[1])
    return decoder.decode(points, labels, asked.get("boxes"), asked.get("masks"), ambiguous=asked["several"])


def _difference(what: str, ours: Any, theirs: Any) -> float:
    """Return the largest difference as a share of the largest value."""
    off = float((ours - theirs).abs().max() / theirs.abs().max())
    spread = float(theirs.std() / theirs.abs().max())
    print(f"  {what}: largest relative difference {off:.1e} (standard deviation of the values {spread:.1e})")
    return off


def main(arguments: list[str]) -> None:
    """Run ``write FOLDER [SIZE]`` or ``compare FOLDER``."""
    verb, folder, *rest = arguments
    {"write": write, "compare": compare}[verb](Path(folder), *rest)


if __name__ == "__main__":
    main(sys.argv[1:])
