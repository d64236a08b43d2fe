"""White blood cells, nucleus and cytoplasm, from attributes given in words."""

from __future__ import annotations

from typing import Any

import numpy as np

import napari_zeroseg as zs
from benchmarks._data import samples
from benchmarks._parameters import parameters, print_parameters
from napari_zeroseg.core.scores.confusion import Confusion

WORDS = "white blood cell nucleus: dark purple, compact; white blood cell cytoplasm: pale, around the nucleus"
NAMES = ("background", "cytoplasm", "nucleus")
TRUE_ID = np.array([0, 2, 1], np.uint8)
"""From the vocabulary's class ids to the truth's."""


def run() -> dict[str, Any]:
    """Print and return the IoU of the three classes, summed over the data set, and per image."""
    total = Confusion(np.zeros((3, 3), np.int64))
    images = []
    for sample in samples("wbc_blood"):
        found = TRUE_ID[zs.segment(sample.image, WORDS).semantic()]
        one = Confusion.of(sample.labels, found, 3)
        total = total + one
        images.append({"stem": sample.stem, "iou": dict(zip(NAMES, one.iou.tolist(), strict=True))})
    used = parameters()
    result = {
        "words": WORDS,
        "iou": dict(zip(NAMES, total.iou.tolist(), strict=True)),
        "miou": total.miou,
        "accuracy": total.accuracy,
        "images": images,
        "parameters": used,
    }
    _print(result)
    print_parameters(used)
    return result


def _print(result: dict[str, Any]) -> None:
    print(f"{'image':10s} " + " ".join(f"{name:>10s}" for name in NAMES))
    for image in result["images"]:
        print(f"{image['stem']:10s} " + " ".join(f"{image['iou'][name]:10.3f}" for name in NAMES))
    print(f"{'all':10s} " + " ".join(f"{result['iou'][name]:10.3f}" for name in NAMES))
    print(f"mIoU {result['miou']:.3f}, accuracy {result['accuracy']:.3f}")
