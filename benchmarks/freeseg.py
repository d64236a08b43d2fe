"""FreeSeg-Diff on the embedded profile over four data sets, with and without the random field."""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

import napari_zeroseg as zs
from benchmarks._data import samples
from napari_zeroseg.core.freeseg import FreeSegParameters
from napari_zeroseg.core.method import Method
from napari_zeroseg.core.recipe import Recipe
from napari_zeroseg.core.scores.confusion import Confusion

if TYPE_CHECKING:
    from numpy.typing import NDArray

BACKGROUND = "background"


@dataclass(frozen=True)
class Task:
    """What is looked for in a data set.

    Parameters
    ----------
    words : str
        The classes in the order of the truth's ids, from 1.
    has_background : bool
        Whether 0 is a class of the truth too; it is left out of the scores where not.
    """

    words: str
    has_background: bool


TASKS = {
    "wbc_blood": Task(
        "white blood cell cytoplasm: pale, around the nucleus; "
        "white blood cell nucleus: dark purple, compact",
        has_background=True,
    ),
    "dsb2018": Task("nucleus", has_background=True),
    "em_vnc": Task(
        "membrane: dark, thin; glia: grey; mitochondrion: dark grey, oval; synapse: black, small; "
        "cytoplasm: pale",
        has_background=False,
    ),
    "camvid": Task(
        "sky; building; pole; road; pavement; tree; sign; fence; car; pedestrian; bicyclist",
        has_background=False,
    ),
}
ITERATIONS = (0, FreeSegParameters().crf_iterations)


def run() -> dict[str, Any]:
    """Print and return IoU over each data set, and seconds of processor time per image."""
    found = {name: [_measured(name, iterations) for iterations in ITERATIONS] for name in TASKS}
    return {"sets": found, "parameters": FreeSegParameters().model_dump()}


def _measured(data: str, iterations: int) -> dict[str, Any]:
    task = TASKS[data]
    names = (BACKGROUND, *(part.partition(":")[0].strip() for part in task.words.split(";")))
    recipe = Recipe(method=Method.FREESEG_DIFF, freeseg=FreeSegParameters(crf_iterations=iterations))
    total = Confusion(np.zeros((len(names), len(names)), np.int64))
    start, count = time.process_time(), 0
    for sample in samples(data):
        made = zs.segment(sample.image, task.words, recipe=recipe).semantic()
        total += _counted(sample.labels, made, len(names), task)
        count += 1
    seconds = (time.process_time() - start) / count
    scores = {
        n: float(v) for n, v in zip(names, total.iou, strict=True) if n != BACKGROUND or task.has_background
    }
    mean = float(np.nanmean(list(scores.values())))
    shown = ", ".join(f"{n} {v:.2f}" for n, v in scores.items() if not np.isnan(v))
    print(
        f"{data}, {count} images, {iterations} rounds: mIoU {mean:.3f} ({shown}); "
        f"{seconds:.1f} s of processor time an image",
        flush=True,
    )
    return {"rounds": iterations, "images": count, "miou": mean, "iou": scores, "seconds": seconds}


def _counted(truth: NDArray[Any], made: NDArray[Any], classes: int, task: Task) -> Confusion:
    """Count one image; a truth of instances of one class is a truth of that class."""
    truth = np.minimum(truth, classes - 1)
    return Confusion.of(truth, made, classes, ignore=() if task.has_background else (0,))
