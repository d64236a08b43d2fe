"""The commands ``batch``, for thousands of images, and ``open``, to correct one of them."""

from __future__ import annotations

import argparse
from pathlib import Path

from napari_zeroseg import cli_consent, cli_learn, cli_machine, cli_planes, cli_recipes, cli_suggest
from napari_zeroseg.cli_output import say
from napari_zeroseg.cli_progress import Progress, positive

DONE, SOME_FAILED = 0, 1

_EXAMPLES = """\
examples:
  All images below a folder, on all cores of this machine:
    napari-zeroseg batch 'images/**/*.tif' --recipe nuclei.json --out results

  The same command again goes on where it stopped, and takes in what you corrected:
    napari-zeroseg open images/a.tif --work results/work
    napari-zeroseg batch 'images/**/*.tif' --recipe nuclei.json --out results

  On a cluster whose workers see the same files:
    napari-zeroseg batch '/data/**/*.tif' --recipe nuclei.json --out /data/out --scheduler tcp://host:8786

in the folder of results:
  report.html         to skim through, with the way into napari for each image
  objects.csv         measurements of every object (objects.parquet too, where pyarrow is installed)
  images.csv          what has become of every image
  results/NAME/       the files that 'segment' writes
  work/               the work on each image, which napari takes up

exit codes: 0 all images done, 1 some image failed (the others are done), 2 wrong use
"""


def add_parser(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add both commands."""
    _add_batch(commands)
    _add_open(commands)


def _add_batch(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    parser = commands.add_parser(
        "batch",
        help="do what a recipe says to thousands of images, with tables and a report",
        description="Do what a recipe says to many images, on all cores or on a cluster: what is done is not "
        "done again, and one bad image stops no other.",
        epilog=_EXAMPLES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    add = parser.add_argument
    add("images", nargs="+", metavar="PATTERN", help="images, or patterns in quotes: 'images/**/*.tif'")
    add("--recipe", required=True, metavar="RECIPE", help="a recipe, a record, or saved work (.zeroseg)")
    add("--out", type=Path, required=True, metavar="DIR", help="folder for the results; made if need be")
    add("--head", type=Path, metavar="FILE", help="what the command 'learn' wrote, for the method lmseg")
    add(
        "--workers",
        type=positive,
        metavar="N",
        help="processes (default: one per core; one for large models)",
    )
    add("--scheduler", metavar="ADDRESS", help="of a Dask cluster, such as tcp://host:8786")
    add("--force", action="store_true", help="do again what is done, except what a person corrected")
    add("--suggested-only", action="store_true", help="leave out classes that do not seem to be in an image")
    cli_consent.add_options(parser)
    add("--quiet", action="store_true", help="say nothing but problems")
    cli_planes.add_axes_and_plane(parser)
    cli_machine.add_options(parser)
    parser.set_defaults(refiner=None)


def _add_open(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    parser = commands.add_parser(
        "open",
        help="open an image of a batch in napari, to correct it",
        description="Open an image in napari with the work on it taken up, such as that of a batch.",
    )
    parser.add_argument("image", type=Path, metavar="IMAGE", help="an image that napari opens")
    parser.add_argument(
        "--work", type=Path, metavar="DIR", help="the folder 'work' of the batch (default: beside the image)"
    )


def run(options: argparse.Namespace) -> int:
    """Carry out ``batch`` and return its exit code."""
    from napari_zeroseg.batch.run import run_batch

    cli_machine.heed(options)
    recipe = cli_suggest.with_refiner(cli_recipes.read_recipe(options.recipe), options)
    recipe = cli_learn.with_head(recipe, options.head)
    show = Progress(quiet=options.quiet)
    summary = run_batch(
        options.images,
        recipe,
        options.out,
        count=options.workers,
        scheduler=options.scheduler,
        force=options.force,
        axes=options.axes,
        plane=options.plane,
        suggested_only=options.suggested_only,
        head=options.head,
        agreed=options.yes_send,
        images_to=options.yes_send_images,
        progress=show,
    )
    show.end()
    if not options.quiet:
        say(
            f"{summary.done} images done ({summary.skipped} of them before, {summary.corrected} corrected by "
            f"hand), {summary.failed} failed -> {summary.report}"
        )
    return SOME_FAILED if summary.failed else DONE


def run_open(options: argparse.Namespace) -> int:
    """Carry out ``open`` and return its exit code."""
    from napari_zeroseg.opening import open_window

    open_window(options.image, options.work)
    return DONE
