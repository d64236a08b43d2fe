"""An evaluation: one recipe on a data set of which the truth is known, from images to tables."""

from __future__ import annotations

from contextlib import closing
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from napari_zeroseg.batch.farm import done_by, usual_workers, workers
from napari_zeroseg.batch.ledger import DONE, Ledger
from napari_zeroseg.batch.one import as_a_worker
from napari_zeroseg.batch.places import stamp_of
from napari_zeroseg.batch.run import do_all, only_one
from napari_zeroseg.core.errors import ZeroSegError
from napari_zeroseg.core.scores.bootstrap import RESAMPLES
from napari_zeroseg.evaluation.document import Failure
from napari_zeroseg.evaluation.one import Exam, examine
from napari_zeroseg.evaluation.plot import write_confusion
from napari_zeroseg.evaluation.report import markdown
from napari_zeroseg.evaluation.scoring import ImageScores
from napari_zeroseg.evaluation.summary import summed_up
from napari_zeroseg.evaluation.tally import Tally
from napari_zeroseg.export.atomic import make_folder, replacing

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
    from pathlib import Path

    from napari_zeroseg.batch.ledger import Entry, Outcome
    from napari_zeroseg.batch.pace import Pace
    from napari_zeroseg.core.recipe import Recipe
    from napari_zeroseg.evaluation.datasets import Dataset
    from napari_zeroseg.evaluation.document import Evaluation
    from napari_zeroseg.evaluation.truth import Sample

SEED = 0
LEDGER, DOCUMENT, REPORT, PICTURE = "evaluation.sqlite", "evaluation.json", "evaluation.md", "confusion.png"


class NothingScoredError(ZeroSegError):
    """No image of the data set could be scored."""


@dataclass(frozen=True, slots=True)
class Done:
    """What came of an evaluation, and where it was written.

    Parameters
    ----------
    evaluation : Evaluation
        The scores.
    skipped : int
        Images that had been scored before.
    report, document, picture : Path
        For people, for programs, and the confusion of the classes.
    """

    evaluation: Evaluation
    skipped: int
    report: Path
    document: Path
    picture: Path


def evaluate(
    dataset: Dataset,
    recipe: Recipe,
    out: Path,
    *,
    limit: int | None = None,
    count: int | None = None,
    scheduler: str | None = None,
    force: bool = False,
    suggested_only: bool = False,
    clicks: int = 0,
    head: Path | None = None,
    agreed: bool = False,
    images_to: Sequence[str] = (),
    resamples: int = RESAMPLES,
    progress: Callable[[Pace], None] = lambda _: None,
) -> Done:
    """Score what a recipe finds in a data set; images that were scored before are not done again.

    Parameters
    ----------
    dataset : Dataset
        From :func:`~napari_zeroseg.evaluation.datasets.open_dataset` or
        :func:`~napari_zeroseg.evaluation.folder.open_folder`.
    recipe : Recipe
        Method, models and parameters. All classes of the data set are looked for, in the words of the
        recipe where it has a class of the same name.
    out : Path
        The folder for results; made if need be.
    limit : int, optional
        Images at most, the first ones; all by default.
    count : int, optional
        Workers on this machine: by default one for each core, or a single one for large models. A
        single one is this process.
    scheduler : str, optional
        Address of a Dask scheduler, whose workers see the same files under the same names.
    force : bool
        Do again what is there.
    suggested_only : bool
        Leave out classes that the refiner does not believe present in an image.
    clicks : int
        Objects of each image at most that simulated clicks are made on.
    head : Path, optional
        The learned head that the recipe names, for the method ``lmseg``.
    agreed : bool
        Whether the person agrees that words are sent to the refiner's server.
    images_to : sequence of str, optional
        Addresses of the servers of models that may get images.
    resamples : int
        How often images are drawn again for the intervals.
    progress : callable, optional
        Called with a :class:`~napari_zeroseg.batch.pace.Pace` after every image.

    Raises
    ------
    ZeroSegError
        When no image can be scored, there are no workers, or the folder cannot be written; single
        images that fail are told in the results.
    """
    chosen = dataset.first(limit)
    classes, out = chosen.classes, out.absolute()
    recipe = recipe.with_vocabulary(classes.vocabulary(recipe.vocabulary))
    exam = Exam(
        recipe, classes, chosen.told_apart, chosen.most, suggested_only, clicks, SEED,
        head and head.absolute(), agreed, tuple(images_to),
    )  # fmt: skip
    make_folder(out)
    with only_one(out), closing(Ledger(out / LEDGER)) as ledger:
        due = list(chosen.samples) if force else _due(chosen.samples, ledger, exam.key)
        if due:
            _examine_all(due, ledger, exam, count or usual_workers(recipe), scheduler, progress)
        entries = {entry.path: entry for entry in ledger.entries()}
        images = [sample.path for sample in chosen.samples if entries[sample.path].status == DONE]
        wanted = set(images)
        # the folder may hold scores of other images, and of other versions of the program
        rows = {path: row for path, row in ledger.measurements() if path in wanted}
    failures = _failures(chosen.samples, entries)
    if not images:
        raise NothingScoredError(
            f"None of the {len(chosen.samples)} images could be scored. The first: {failures[0].problem}"
        )
    tally = Tally(classes, [ImageScores.model_validate(rows[path]) for path in images])
    seconds = float(np.mean([entries[path].seconds for path in images]))
    evaluation = summed_up(tally, exam, len(dataset.samples), failures, seconds, resamples)
    return _written(evaluation, out, len(chosen.samples) - len(due))


def _due(samples: Sequence[Sample], ledger: Ledger, key: str) -> list[Sample]:
    """Return the images that were not scored by this order, or have changed since."""
    known = {entry.path: entry for entry in ledger.entries()}
    return [sample for sample in samples if not _is_scored(sample, known.get(sample.path), key)]


def _is_scored(sample: Sample, entry: Entry | None, key: str) -> bool:
    if entry is None or (entry.status, entry.recipe) != (DONE, key):
        return False
    return entry.stamp == stamp_of(*sample.files)


def _examine_all(
    samples: Sequence[Sample],
    ledger: Ledger,
    exam: Exam,
    count: int,
    scheduler: str | None,
    progress: Callable[[Pace], None],
) -> None:
    if count == 1 and scheduler is None:
        with as_a_worker():
            do_all(samples, ledger, exam.key, lambda some, _: _here(some, exam), progress)
        return
    with workers(count, scheduler) as client:
        do_all(
            samples,
            ledger,
            exam.key,
            lambda some, alone: done_by(client, some, exam, examine, alone=alone),
            progress,
        )


def _here(samples: Iterable[Sample], exam: Exam) -> Iterator[Outcome]:
    return (examine(sample, exam) for sample in samples)


def _failures(samples: Sequence[Sample], entries: Mapping[Path, Entry]) -> tuple[Failure, ...]:
    failed = ((s, entries[s.path]) for s in samples if entries[s.path].status != DONE)
    return tuple(Failure(image=sample.name, problem=entry.problem) for sample, entry in failed)


def _written(evaluation: Evaluation, out: Path, skipped: int) -> Done:
    report, document, picture = out / REPORT, out / DOCUMENT, out / PICTURE
    counts = np.array(evaluation.confusion, np.int64)
    write_confusion(picture, counts, evaluation.title, [c.name for c in evaluation.classes])
    with replacing(document) as part:
        part.write_text(evaluation.model_dump_json(indent=2) + "\n", encoding="utf-8")
    with replacing(report) as part:
        part.write_text(markdown(evaluation, picture.name), encoding="utf-8")
    return Done(evaluation, skipped, report, document, picture)
