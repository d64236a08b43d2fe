"""The command ``learn``: a head for the method lmseg from corrected masks."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import TYPE_CHECKING, Any

from napari_zeroseg import cli_consent, cli_machine
from napari_zeroseg.cli_output import say
from napari_zeroseg.core.errors import BadFileError, ExportError
from napari_zeroseg.core.method import Method

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from napari_zeroseg.core.recipe import Recipe

DONE = 0
LABEL_SUFFIXES = (".tif", ".tiff", ".png")

_EXAMPLES = """\
examples:
  Learn from five corrected images, then segment the others with what was learned:
    napari-zeroseg learn a.png b.png c.png d.png e.png --labels corrected \\
        --classes "nucleus; cytoplasm" --out blood.safetensors
    napari-zeroseg segment *.png --method lmseg --head blood.safetensors \\
        --classes "nucleus; cytoplasm" --out out

label images have the name of their image, or end in _semantic as those that 'segment' writes:
class ids in the order of --classes, 0 for what belongs to none of them, 255 for what is not decided.

exit codes: 0 done, 2 wrong use
"""


def add_parser(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add the command ``learn``."""
    parser = commands.add_parser(
        "learn",
        help="learn from corrected masks, for the method lmseg",
        description="Learn from a few corrected masks what the classes look like, for the method lmseg.",
        epilog=_EXAMPLES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    add = parser.add_argument
    add("images", nargs="+", type=Path, metavar="IMAGE", help="the images that were corrected")
    add("--labels", type=Path, required=True, metavar="DIR", help="folder of the corrected label images")
    add("--classes", required=True, metavar="TEXT", help="what they show, as for the command 'segment'")
    add("--out", type=Path, required=True, metavar="FILE", help="the head to write, FILE.safetensors")
    add("--profile", metavar="NAME", help="which models (default: embedded, which needs no download)")
    add("--recipe", type=Path, metavar="FILE", help="models and parameters as JSON")
    add("--seed", type=int, metavar="N", help="the same seed gives the same head (default: 0)")
    add("--upright", action="store_true", help="up is up in these images, as in a street")
    add("--overwrite", action="store_true", help="replace a head that is there already")
    add("--quiet", action="store_true", help="say nothing but problems")
    cli_consent.add_options(parser)
    cli_machine.add_options(parser)


def run(options: argparse.Namespace) -> int:
    """Carry out the command and return its exit code."""
    from napari_zeroseg.export.head import write_head
    from napari_zeroseg.export.images import open_image
    from napari_zeroseg.learned import learn

    cli_consent.heed(options)
    cli_machine.heed(options)
    if options.out.exists() and not options.overwrite:
        raise ExportError(
            f"'{options.out}' is there already.", remedy="Choose another name, or add --overwrite."
        )
    labels = [_labels(image, options.labels) for image in options.images]
    head = learn(
        [open_image(image) for image in options.images],
        labels,
        options.classes,
        recipe=_recipe(options),
        name=options.out.stem,
        progress=None if options.quiet else _tell,
    )
    write_head(head, options.out)
    if not options.quiet:
        card = head.card
        say(
            f"{card.images} images: mean IoU on what was held out {card.before:.3f} before, "
            f"{card.score:.3f} after -> {options.out}"
        )
    return DONE


def _recipe(options: argparse.Namespace) -> Recipe:
    from napari_zeroseg.core.recipe import Recipe

    recipe = Recipe.read(options.recipe) if options.recipe else Recipe()
    if options.profile:
        recipe = recipe.model_copy(update={"profile": options.profile, "backends": {}})
    seed = recipe.lmseg.seed if options.seed is None else options.seed
    numbers = {"seed": seed, "upright": options.upright or recipe.lmseg.upright}
    return recipe.model_copy(update={"lmseg": recipe.lmseg.model_copy(update=numbers)})


def _labels(image: Path, folder: Path) -> NDArray[np.integer[Any]]:
    from napari_zeroseg.export.images import open_image

    names = [f"{image.stem}{end}{suffix}" for end in ("_semantic", "") for suffix in LABEL_SUFFIXES]
    for path in (folder / name for name in names):
        if path.is_file() and path.resolve() != image.resolve():
            found: NDArray[np.integer[Any]] = open_image(path).channel(0).read(())
            return found
    raise BadFileError(
        f"There is no label image of '{image.name}' in '{folder}'.",
        remedy=f"Name it '{image.stem}.png' or '{image.stem}_semantic.tif'.",
    )


def _tell(event: object) -> None:
    from napari_zeroseg.core.events import HeadLearned, StageStarted

    match event:
        case StageStarted(text):
            say(text)
        case HeadLearned(before=before, after=after):
            say(f"  mean IoU on what was held out: {before:.3f} before, {after:.3f} now")


def with_head(recipe: Recipe, path: Path | None) -> Recipe:
    """Return a recipe that segments with the head in a file, on the grid that it learned with."""
    if path is None:
        return recipe
    from napari_zeroseg.backends.lmseg.head import hold, read_head

    head = read_head(path)
    hold(head)
    numbers = recipe.lmseg.model_copy(update={"head": head.reference(path.stem), "grid": head.card.grid})
    return recipe.model_copy(update={"method": Method.LMSEG, "lmseg": numbers})
