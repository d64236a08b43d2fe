"""FreeSeg-Diff on the embedded profile: blood cells and street scenes, with and without the random field."""

from __future__ import annotations

import time
from typing import Any

import numpy as np

import napari_zeroseg as zs
from benchmarks._data import samples
from napari_zeroseg.batch.metrics import Confusion
from napari_zeroseg.core.freeseg import FreeSegParameters
from napari_zeroseg.core.method import Method
from napari_zeroseg.core.recipe import Recipe

BLOOD = "white blood cell cytoplasm: pale, around the nucleus; white blood cell nucleus: dark purple, compact"
STREET = "sky; building; pole; road; pavement; tree; sign; fence; car; pedestrian; bicyclist"
SETS = {"wbc_blood": (BLOOD, None), "camvid": (STREET, 0)}
"""Words in the order of the truth's ids, and the id in the truth that is not scored."""
ITERATIONS = (0, FreeSegParameters().crf_iterations)


def run() -> dict[str, Any]:
    """Print and return IoU over each data set, and seconds of processor time per image."""
    found = {name: [_measured(name, iterations) for iterations in ITERATIONS] for name in SETS}
    return {"sets": found, "parameters": FreeSegParameters().model_dump()}


def _measured(data: str, iterations: int) -> dict[str, Any]:
    words, ignored = SETS[data]
    names = ("background", *(part.partition(":")[0].strip() for part in words.split(";")))
    recipe = Recipe(method=Method.FREESEG_DIFF, freeseg=FreeSegParameters(crf_iterations=iterations))
    total = Confusion(np.zeros((len(names), len(names)), np.int64))
    start, count = time.process_time(), 0
    for sample in samples(data):
        made = zs.segment(sample.image, words, recipe=recipe).semantic()
        scored = sample.labels != ignored if ignored is not None else np.ones(sample.labels.shape, bool)
        total = total + Confusion.of(sample.labels[scored], made[scored], len(names))
        count += 1
    seconds = (time.process_time() - start) / count
    scores = [float(v) for v in total.iou]
    shown = ", ".join(f"{n} {v:.2f}" for n, v in zip(names, scores, strict=True) if not np.isnan(v))
    mean = _mean(scores, first=ignored is None)
    print(
        f"{data}, {iterations} rounds: mIoU {mean:.3f} ({shown}); {seconds:.1f} s of processor time an image"
    )
    return {
        "rounds": iterations,
        "miou": mean,
        "iou": dict(zip(names, scores, strict=True)),
        "seconds": seconds,
    }


def _mean(scores: list[float], *, first: bool) -> float:
    """Return the mean over classes; where the background is no class of the truth it is left out."""
    return float(np.nanmean(scores if first else scores[1:]))
