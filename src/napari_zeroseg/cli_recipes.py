"""Recipes and scripts as the command line takes them, and the commands ``replay`` and ``schema``."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import TYPE_CHECKING

from napari_zeroseg import cli_consent, cli_machine
from napari_zeroseg.cli_output import say
from napari_zeroseg.core.errors import ExportError

if TYPE_CHECKING:
    from napari_zeroseg.core.recipe import Recipe
    from napari_zeroseg.core.script import Script
    from napari_zeroseg.export.bundle import Bundle

DONE = 0
SAVED = ".zeroseg"

_EXAMPLES = """\
examples:
  From the record of an export, or from the work that the window saved beside the image:
    napari-zeroseg replay cells.json cells.tif --out again
    napari-zeroseg replay cells.tif.zeroseg cells.tif --out again

exit codes: 0 done, 2 it could not be done
"""


def read_recipe(text: str) -> Recipe:
    """Return the recipe in a file, in a record, in saved work, or in the text itself, which is JSON then.

    Raises
    ------
    BadFileError
        When there is none.
    """
    from napari_zeroseg.core.recipe import Recipe
    from napari_zeroseg.session.saved.reading import read_any_recipe

    if text.lstrip().startswith("{"):
        return Recipe.parse(text.encode(), "the recipe")
    return read_any_recipe(Path(text))


def add_replay(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add the command ``replay``."""
    parser = commands.add_parser(
        "replay",
        help="do again, without a window, all that a person did to an image",
        description="Do again all that a person did to an image: classes, decisions, runs, clicks, strokes. "
        "On the same image with the same models the masks are the same.",
        epilog=_EXAMPLES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    add = parser.add_argument
    add("session", type=Path, metavar="SESSION", help="the record of an export (.json), or a .zeroseg file")
    add("image", type=Path, metavar="IMAGE", help="the image that it was done on")
    add("--out", type=Path, required=True, metavar="DIR", help="folder for the results; made if need be")
    add("--axes", metavar="AXES", help="what the axes of the image mean, as for the command 'segment'")
    add("--overwrite", action="store_true", help="replace results that are there already")
    cli_consent.add_options(parser)
    cli_machine.add_options(parser)


def run_replay(options: argparse.Namespace) -> int:
    """Carry out ``replay`` and return its exit code."""
    from napari_zeroseg.api import replay
    from napari_zeroseg.export.bundle import Bundle
    from napari_zeroseg.export.images import open_image

    cli_consent.heed(options)
    cli_machine.heed(options)
    result = replay(_script(options.session), open_image(options.image, options.axes))
    bundle = Bundle(options.out, options.image.stem, result.vocabulary.names)
    check_free(bundle, overwrite=options.overwrite)
    bundle.write(result)
    say(f"{options.image}: {len(result.instances)} objects -> {bundle.record}")
    return DONE


def _script(path: Path) -> Script:
    from napari_zeroseg.export.record import read_script
    from napari_zeroseg.session.saved.reading import read_saved_script

    return read_saved_script(path) if path.suffix == SAVED else read_script(path)


def check_free(bundle: Bundle, *, overwrite: bool) -> None:
    """Raise ExportError where a result would be replaced that nobody said to replace."""
    there = [path for path in bundle.paths if path.exists()]
    if there and not overwrite:
        raise ExportError(
            f"'{there[0]}' is there already.",
            remedy="Choose another folder, or add --overwrite to replace earlier results.",
        )


def add_schema(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add the command ``schema``."""
    parser = commands.add_parser(
        "schema",
        help="print the JSON schema of recipes, records or evaluations",
        description="Print the JSON schema of recipes, of records or of evaluations.",
    )
    parser.add_argument("kind", choices=["recipe", "record", "evaluation"], help="of which files")


def run_schema(options: argparse.Namespace) -> int:
    """Carry out ``schema`` and return its exit code."""
    from napari_zeroseg.schemas import schema

    say(schema(options.kind).rstrip("\n"))
    return DONE
