"""The command ``evaluate``: how good a recipe is on a data set."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import TYPE_CHECKING

from napari_zeroseg import cli_consent, cli_learn, cli_machine, cli_recipes, cli_suggest
from napari_zeroseg.cli_output import say
from napari_zeroseg.cli_progress import Progress, positive
from napari_zeroseg.core.errors import BadFileError

if TYPE_CHECKING:
    from collections.abc import Iterator

    from napari_zeroseg.evaluation.datasets import Dataset
    from napari_zeroseg.evaluation.run import Done

DONE, SOME_FAILED = 0, 1
FOLDER = "folder"
DATASETS = ("voc", "ade20k", "pascal-context", "coco-stuff", "cityscapes", "dram", FOLDER)

_EXAMPLES = """\
examples:
  PASCAL VOC 2012, as its archive unpacks:
    napari-zeroseg evaluate --dataset voc --root VOCdevkit --recipe R.json --out results

  A few images first:
    napari-zeroseg evaluate --dataset ade20k --root . --recipe R.json --out results --limit 20

  Your own images in nuclei/images, with class ids in nuclei/masks and names in nuclei/classes.txt:
    napari-zeroseg evaluate --dataset folder --root nuclei --recipe R.json --out results --clicks 20

in the folder of results:
  evaluation.md       the tables, beside published results
  evaluation.json     the same for programs ('napari-zeroseg schema evaluation')
  confusion.png       which classes are taken for which

exit codes: 0 all images scored, 1 some were not (the others are), 2 wrong use
"""


def add_parser(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add the command."""
    parser = commands.add_parser(
        "evaluate",
        help="score a recipe on a data set: mIoU, AP, PQ, boundaries, clicks",
        description="Score what a recipe finds in a data set whose truth is known, beside what others have "
        "published. Images that were scored before are not done again.",
        epilog=_EXAMPLES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    add = parser.add_argument
    add("--dataset", required=True, choices=DATASETS, help="which data set, as its archives unpack")
    add("--root", type=Path, required=True, metavar="DIR", help="the folder that they were unpacked into")
    add("--recipe", required=True, metavar="RECIPE", help="a recipe, a record, or saved work (.zeroseg)")
    add("--out", type=Path, required=True, metavar="DIR", help="folder for the results; made if need be")
    add(
        "--classes",
        type=int,
        metavar="N",
        help="how many are scored: 21 or 20 of voc, 59 or 60 of pascal-context, 171 or 27 of coco-stuff",
    )
    add("--limit", type=positive, metavar="N", help="only the first N images")
    add("--clicks", type=int, default=0, metavar="N", help="simulate clicks on up to N objects of each image")
    add(
        "--workers",
        type=positive,
        metavar="N",
        help="processes (default: one per core; one for large models)",
    )
    add("--scheduler", metavar="ADDRESS", help="of a Dask cluster, such as tcp://host:8786")
    add("--head", type=Path, metavar="FILE", help="what the command 'learn' wrote, for the method lmseg")
    add("--suggested-only", action="store_true", help="leave out classes that do not seem to be in an image")
    add("--force", action="store_true", help="score again what was scored before")
    cli_consent.add_options(parser)
    add("--quiet", action="store_true", help="say nothing but problems")
    cli_machine.add_options(parser)
    parser.set_defaults(refiner=None)


def run(options: argparse.Namespace) -> int:
    """Carry out the command and return its exit code."""
    from napari_zeroseg.evaluation.run import evaluate

    cli_machine.heed(options)
    recipe = cli_suggest.with_refiner(cli_recipes.read_recipe(options.recipe), options)
    recipe = cli_learn.with_head(recipe, options.head)
    dataset = _dataset(options)
    show = Progress(quiet=options.quiet)
    done = evaluate(
        dataset,
        recipe,
        options.out,
        limit=options.limit,
        count=options.workers,
        scheduler=options.scheduler,
        force=options.force,
        suggested_only=options.suggested_only,
        clicks=options.clicks,
        head=options.head,
        agreed=options.yes_send,
        images_to=options.yes_send_images,
        progress=show,
    )
    show.end()
    if not options.quiet:
        for line in _lines(done):
            say(line)
    return SOME_FAILED if done.evaluation.failures else DONE


def _dataset(options: argparse.Namespace) -> Dataset:
    from napari_zeroseg.evaluation.datasets import open_dataset
    from napari_zeroseg.evaluation.folder import open_folder

    if options.dataset == FOLDER:
        if options.classes is not None:
            raise BadFileError(
                "A folder is scored with the classes of its classes.txt.", remedy="Leave --classes out."
            )
        return open_folder(options.root)
    return open_dataset(options.dataset, options.root, options.classes)


def _lines(done: Done) -> Iterator[str]:
    from napari_zeroseg.evaluation.document import TITLES

    evaluation = done.evaluation
    told = ", ".join(f"{TITLES[name]} {100 * s.value:.1f} %" for name, s in evaluation.scores.items())
    yield f"{evaluation.images} images scored ({done.skipped} of them before), {len(evaluation.failures)} not"
    yield f"{told} -> {done.report}"
