"""One image of an evaluation, on a worker: segmented, and compared with the truth."""

from __future__ import annotations

from dataclasses import dataclass
from hashlib import blake2b
from typing import TYPE_CHECKING

import numpy as np
from scipy import ndimage

from napari_zeroseg import __version__
from napari_zeroseg.api import middle, segment, volume_source
from napari_zeroseg.backends.registry import backends_of
from napari_zeroseg.batch.ledger import DONE, Outcome
from napari_zeroseg.batch.one import attempt, prepare
from napari_zeroseg.batch.places import stamp_of
from napari_zeroseg.core.label_images import masks_of
from napari_zeroseg.core.tiles import whole
from napari_zeroseg.evaluation.classes import IGNORED
from napari_zeroseg.evaluation.clicks import sampled, simulate
from napari_zeroseg.evaluation.scoring import score
from napari_zeroseg.evaluation.truth import read_truth
from napari_zeroseg.export.images import open_image

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from napari_zeroseg.core.mask import Mask
    from napari_zeroseg.core.prompt import Prompt
    from napari_zeroseg.core.recipe import Recipe
    from napari_zeroseg.core.volume import Volume
    from napari_zeroseg.evaluation.classes import ClassList
    from napari_zeroseg.evaluation.truth import Sample, Truth, Values

TARGET = 0.9
"""IoU at which simulated clicking stops."""


@dataclass(frozen=True)
class Exam:
    """What is done with every image.

    Parameters
    ----------
    recipe : Recipe
        With the classes that are looked for.
    classes : ClassList
        What is scored.
    told_apart : callable, optional
        Returns ids of what files with objects hold.
    most : int or None
        Detections of a class that count for average precision.
    suggested_only : bool
        Leave out classes that do not seem to be in an image.
    clicks : int
        Objects of an image at most that are clicked on.
    seed : int
        Decides on which.
    head : Path, optional
        The learned head that the recipe names.
    agreed : bool
        Whether the person agrees that words are sent.
    images_to : tuple of str
        Addresses of the servers of models that may get images.
    """

    recipe: Recipe
    classes: ClassList
    told_apart: Callable[[Values], Values] | None = None
    most: int | None = None
    suggested_only: bool = False
    clicks: int = 0
    seed: int = 0
    head: Path | None = None
    agreed: bool = False
    images_to: tuple[str, ...] = ()

    @property
    def key(self) -> str:
        """A digest of all that decides scores beside the files."""
        parts = (
            self.recipe.model_dump_json(), self.classes, self.most, self.suggested_only, self.clicks,
            self.seed, __version__,
        )  # fmt: skip
        return blake2b(repr(parts).encode(), digest_size=16).hexdigest()


def examine(sample: Sample, exam: Exam) -> Outcome:
    """Do one image; the scores are the only row of the outcome."""
    return attempt(sample, lambda: _scored(sample, exam))


def _scored(sample: Sample, exam: Exam) -> Outcome:
    prepare(exam.head, agreed=exam.agreed, images_to=exam.images_to)
    truth = read_truth(sample, exam.classes, exam.told_apart)
    volume = open_image(sample.path)
    result = segment(volume, recipe=exam.recipe, name=sample.path.name, suggested_only=exam.suggested_only)
    scores = score(result, truth, exam.classes, exam.most, _clicked(volume, truth, exam))
    return Outcome(
        sample.path,
        sample.stem,
        DONE,
        stamp=stamp_of(*sample.files),
        counts={name: sum(i.name == name for i in result.instances) for name in result.vocabulary.names},
        rows=(scores.model_dump(mode="json"),),
    )


def _clicked(volume: Volume, truth: Truth, exam: Exam) -> Iterator[tuple[float, ...]]:
    """Yield for some objects the IoU after each click that the recipe's segmenter answers."""
    if not exam.clicks:
        return
    segmenter = backends_of(exam.recipe).segmenter
    source = volume_source("image", volume, exam.recipe.composition).on(middle(volume.grid(None)))
    embedding = segmenter.embed(source.window(whole(source.shape)))

    def answer(prompt: Prompt) -> Mask:
        return segmenter.segment(embedding, [prompt])[0].mask()

    for mask in sampled(_clickable(truth, exam.classes), exam.clicks, exam.seed):
        yield simulate(answer, mask, target=TARGET).ious


def _clickable(truth: Truth, classes: ClassList) -> Iterator[Mask]:
    """Yield objects, or connected regions of classes where objects are not told apart."""
    if truth.objects is not None:
        yield from (mask for _, _, mask in truth.masks())
        return
    for place in np.unique(truth.classes).tolist():
        if place != IGNORED and not (place == 0 and classes.background):
            regions, _ = ndimage.label(truth.classes == place)
            yield from (mask for _, mask in masks_of(regions))
