"""The command ``compare``: methods side by side on one image."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import TYPE_CHECKING

from napari_zeroseg import cli_machine
from napari_zeroseg.cli_output import say

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from napari_zeroseg.core.outcome import Outcome

DONE, SOME_FAILED = 0, 1

_EXAMPLES = """\
examples:
  All methods that can run here, beside masks that are known to be right:
    napari-zeroseg compare cells.png --classes "nucleus" --truth cells_classes.tif --out methods.csv

exit codes: 0 every method ran, 1 at least one failed, 2 wrong use
"""


def add_parser(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add the command ``compare``."""
    parser = commands.add_parser(
        "compare",
        help="run several methods on one image: time, memory, overlap with the truth",
        description="Run several methods on one image, one after the other, and say what each takes, and how "
        "well it agrees with masks that are known to be right.",
        epilog=_EXAMPLES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    add = parser.add_argument
    add("image", type=Path, metavar="IMAGE", help="a PNG, JPEG or TIFF image of one plane")
    add("--classes", metavar="TEXT", required=True, help="what to look for, as for the command 'segment'")
    add(
        "--name",
        action="append",
        default=[],
        metavar="NAME",
        help="a method with its models, such as 'grounded, embedded'; may be repeated "
        "(default: all that can run here without a download)",
    )
    add("--truth", type=Path, metavar="FILE", help="class ids in the order of --classes, 0 for background")
    add("--out", type=Path, metavar="FILE", help="write the table as CSV too")
    cli_machine.add_options(parser)


def run(options: argparse.Namespace) -> int:
    """Carry out the command and return its exit code."""
    from napari_zeroseg.comparison import compare
    from napari_zeroseg.core.outcome import table
    from napari_zeroseg.export.atomic import replacing
    from napari_zeroseg.export.images import open_image

    cli_machine.heed(options)
    truth = None if options.truth is None else open_image(options.truth).channel(0).read(())
    outcomes = compare(open_image(options.image), options.classes, names=options.name, truth=truth)
    for line in _lines(outcomes):
        say(line)
    if options.out is not None:
        with replacing(options.out) as part:
            part.write_text(table(outcomes), encoding="utf-8", newline="")
    return SOME_FAILED if any(o.problem for o in outcomes) else DONE


def _lines(outcomes: Sequence[Outcome]) -> Iterator[str]:
    for o in outcomes:
        if o.problem:
            yield f"{o.name}: failed: {o.problem}"
            continue
        overlap = ", ".join(f"{name} {iou:.3f}" for name, iou in o.ious.items())
        told = f", IoU {o.mean_iou:.3f} ({overlap})" if o.mean_iou is not None else ""
        yield f"{o.name}: {len(o.instances)} objects, {o.seconds:.1f} s, {o.memory / 1e6:.0f} MB{told}"
