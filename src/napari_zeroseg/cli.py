"""The headless door: segment files from a shell."""

from __future__ import annotations

import argparse
import logging
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import napari_zeroseg
from napari_zeroseg import (
    cli_batch,
    cli_cache,
    cli_compare,
    cli_consent,
    cli_convert,
    cli_doctor,
    cli_evaluate,
    cli_learn,
    cli_machine,
    cli_models,
    cli_planes,
    cli_recipes,
    cli_serve,
    cli_suggest,
)
from napari_zeroseg.core.errors import ZeroSegError
from napari_zeroseg.core.method import Method

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from napari_zeroseg.core.recipe import Recipe
    from napari_zeroseg.export.bundle import Bundle

DONE, SOME_FAILED, WRONG_USE, INTERRUPTED = 0, 1, 2, 130

_ABOUT = "Find what you name in images: masks from class names, without training."

_EXAMPLES = """\
examples:
  Nuclei in one image; the results go into the folder 'out':
    napari-zeroseg segment cells.tif --classes "nucleus" --out out

  Say how the classes look, where the name alone does not:
    napari-zeroseg segment blood.png --out out \\
        --classes "nucleus: dark purple, round; cytoplasm: pale pink"

  One depth of a file that does not tell its axes: depth, channels, rows, columns:
    napari-zeroseg segment stack.tif --classes "nucleus" --axes ZCYX --plane Z=5 --out out

  The same for many images, with what was set in the window and saved as a recipe:
    napari-zeroseg segment *.png --recipe nuclei.json --out out
"""

_FILES = """\
for each image NAME.png, these files are written:
  NAME_semantic.tif   class ids in the order given, 0 for background
  NAME_CLASS.tif      for each class, which pixels belong to which object (1, 2, 3, …)
  NAME_overlay.png    the objects drawn over the image, to look at; of a stack the middle plane
  NAME.json           what was found, and everything that is needed to make it again
  NAME_FORMAT…        with --format: the same for another tool, see 'napari-zeroseg convert --help'

exit codes: 0 all images done, 1 some image failed (the others are done), 2 wrong use
"""


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command line and return its exit code."""
    options = _parser().parse_args(arguments)
    try:
        if options.command == "demo":
            from napari_zeroseg.demo import run_demo

            return run_demo(options.out)
        others = {
            "suggest": cli_suggest.run,
            "models": cli_models.run,
            "cache": cli_cache.run,
            "compare": cli_compare.run,
            "convert": cli_convert.run,
            "doctor": cli_doctor.run,
            "evaluate": cli_evaluate.run,
            "learn": cli_learn.run,
            "batch": cli_batch.run,
            "open": cli_batch.run_open,
            "replay": cli_recipes.run_replay,
            "schema": cli_recipes.run_schema,
            "serve": cli_serve.run,
        }
        return others.get(options.command, _segment)(options)
    except ZeroSegError as error:
        _complain(str(error))
        return WRONG_USE
    except KeyboardInterrupt:
        _complain("Stopped. Results that are written already are complete.")
        return INTERRUPTED


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        "napari-zeroseg",
        description=_ABOUT,
        epilog=_EXAMPLES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--version", action="version", version=f"napari-zeroseg {napari_zeroseg.__version__}")
    commands = parser.add_subparsers(dest="command", required=True, metavar="COMMAND")
    _add_segment(commands)
    _add_run(commands)
    cli_recipes.add_replay(commands)
    cli_batch.add_parser(commands)
    cli_suggest.add_parser(commands)
    cli_models.add_parser(commands)
    cli_cache.add_parser(commands)
    cli_compare.add_parser(commands)
    cli_convert.add_parser(commands)
    cli_evaluate.add_parser(commands)
    cli_learn.add_parser(commands)
    cli_doctor.add_parser(commands)
    cli_serve.add_parser(commands)
    cli_recipes.add_schema(commands)
    demo = commands.add_parser(
        "demo",
        help="show the main job on two images that come along",
        description="Show the main job on two images that come along.",
    )
    demo.add_argument(
        "--out", type=Path, metavar="DIR", help="write the results there instead of opening the window"
    )
    return parser


def _add_segment(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    parser = commands.add_parser(
        "segment",
        help="write masks of the named classes for image files",
        description="Write masks of the named classes for PNG, JPEG, TIFF and zarr images.",
        epilog=f"{_EXAMPLES}\n{_FILES}",
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    add = parser.add_argument
    _add_images_and_results(parser)
    add(
        "--classes",
        metavar="TEXT",
        help="what to look for: 'nucleus', or with looks 'nucleus: dark purple, round; cytoplasm: pale "
        "pink'; taken from the recipe if not given",
    )
    add("--profile", metavar="NAME", help="which models (default: embedded, which needs no download)")
    add("--method", choices=[str(m) for m in Method], help="how (default: grounded, or the recipe's)")
    add("--head", type=Path, metavar="FILE", help="what the command 'learn' wrote, for the method lmseg")
    add("--recipe", metavar="FILE", help="models, parameters and classes as JSON")
    cli_suggest.add_refiner_options(parser)


def _add_run(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    parser = commands.add_parser(
        "run",
        help="do what a recipe says to image files",
        description="Do what a recipe says to image files. The same recipe gives the same files.",
        epilog=_FILES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument(
        "recipe",
        metavar="RECIPE",
        help="a recipe, the record of an earlier result or saved work (.zeroseg), or the JSON itself",
    )
    _add_images_and_results(parser)
    cli_consent.add_options(parser)
    parser.add_argument("--head", type=Path, metavar="FILE", help="what 'learn' wrote, for the method lmseg")
    parser.set_defaults(classes=None, profile=None, method=None, refiner=None)


def _add_images_and_results(parser: argparse.ArgumentParser) -> None:
    """Add what says on which files something is done, and which files come of it."""
    add = parser.add_argument
    add("images", nargs="+", type=Path, metavar="IMAGE", help="image files, or folders of zarr images")
    add("--out", type=Path, required=True, metavar="DIR", help="folder for the results; made if need be")
    cli_planes.add_options(parser)
    cli_machine.add_options(parser)
    cli_convert.add_format_option(parser)
    add("--suggested-only", action="store_true", help="leave out classes that do not seem to be in the image")
    add("--overwrite", action="store_true", help="replace results that are there already")
    add("--quiet", action="store_true", help="say nothing but problems")
    add("--verbose", action="store_true", help="write the log to stderr, to be sent with a report")


def _segment(options: argparse.Namespace) -> int:
    from napari_zeroseg.backends.registry import names_of

    _set_log(verbose=options.verbose)
    cli_machine.heed(options)
    recipe = _recipe(options)
    recipe.vocabulary.required()
    names_of(recipe)
    failed = 0
    for image, bundle in _plan(options, recipe):
        try:
            _segment_one(image, bundle, recipe, options)
        except (ZeroSegError, MemoryError) as error:
            failed += 1
            _complain(f"{image}: {str(error) or 'Not enough memory for this image.'}")
    if failed and not options.quiet:
        total = len(options.images)
        print(f"{failed} of {total} images failed, {total - failed} done.", file=sys.stderr)  # noqa: T201
    return SOME_FAILED if failed else DONE


def _set_log(*, verbose: bool) -> None:
    if verbose:
        logging.basicConfig(level=logging.INFO)
    else:
        # what a person needs to know is in the messages; without a handler Python would print tracebacks
        logging.getLogger("napari_zeroseg").addHandler(logging.NullHandler())


def _recipe(options: argparse.Namespace) -> Recipe:
    from napari_zeroseg.core.recipe import Recipe
    from napari_zeroseg.core.vocabulary import Vocabulary

    recipe = cli_recipes.read_recipe(options.recipe) if options.recipe else Recipe()
    if options.profile:
        recipe = recipe.model_copy(update={"profile": options.profile, "backends": {}})
    if options.method:
        recipe = recipe.model_copy(update={"method": Method(options.method)})
    recipe = cli_learn.with_head(cli_suggest.with_refiner(recipe, options), options.head)
    if options.classes is not None:
        recipe = recipe.with_vocabulary(Vocabulary.parse(options.classes))
    return recipe


def _plan(options: argparse.Namespace, recipe: Recipe) -> Iterator[tuple[Path, Bundle]]:
    """Give each image a name for its results, so that none is written twice or over an image."""
    from napari_zeroseg.export.bundle import Bundle

    formats, classes = tuple(dict.fromkeys(options.format)), recipe.vocabulary.names
    taken = {i.name.casefold() for i in options.images if i.parent.resolve() == options.out.resolve()}
    for image in options.images:
        number, stem = 1, image.stem
        bundle = Bundle(options.out, stem, classes, formats)
        while taken & (files := {path.name.casefold() for path in bundle.paths}):
            number += 1
            bundle = Bundle(options.out, f"{stem}-{number}", classes, formats)
        taken |= files
        yield image, bundle


def _segment_one(image: Path, bundle: Bundle, recipe: Recipe, options: argparse.Namespace) -> None:
    from napari_zeroseg.api import segment
    from napari_zeroseg.export.images import open_image

    cli_recipes.check_free(bundle, overwrite=options.overwrite)
    volume = open_image(image, options.axes)
    bundle.check(volume.grid(options.plane))
    composition = cli_planes.composition_of(volume, recipe, options.channels)
    result = segment(
        volume,
        recipe=recipe.showing(composition),
        name=image.name,
        plane=options.plane,
        suggested_only=options.suggested_only,
    )
    bundle.write(result)
    if not options.quiet:
        counts = ", ".join(
            f"{sum(i.name == name for i in result.instances)} {name}" for name in result.vocabulary.names
        )
        print(f"{image}: {counts} -> {bundle.record}", flush=True)  # noqa: T201


def _complain(text: str) -> None:
    print(f"napari-zeroseg: {' '.join(text.split())}", file=sys.stderr)  # noqa: T201
