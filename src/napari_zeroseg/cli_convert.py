"""The command ``convert``: annotations from one format into another."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

from napari_zeroseg.cli_output import say

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from napari_zeroseg.core.annotations import Annotations, Frame
    from napari_zeroseg.export.format import Format

DONE = 0

_EXAMPLES = """\
examples:
  What was found in an image, for QuPath:
    napari-zeroseg convert out/cells.json cells.geojson --to qupath

  Back from QuPath, as a label image of the image's size, with the size of its pixels:
    napari-zeroseg convert cells.geojson cells.ome.tif --to labels --image cells.tif

  The work on an image that was saved by itself, nuclei alone:
    napari-zeroseg convert cells.tif.zeroseg nuclei_masks.tif --to labels --class nucleus

  What there is, and what each format cannot keep:
    napari-zeroseg convert --list

exit codes: 0 done, 2 wrong use, or the file cannot be read or written
"""


def add_parser(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add the command ``convert``."""
    parser = commands.add_parser(
        "convert",
        help="bring masks from one tool's format into another's",
        description="Read annotations in one format and write them in another. What the new format cannot "
        "keep is told before anything is written.",
        epilog=_EXAMPLES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    add = parser.add_argument
    add("source", type=Path, metavar="IN", help="a file or folder in one of the formats, or a .zeroseg file")
    add("target", type=Path, metavar="OUT", help="the file to write; a folder where there are several images")
    add("--to", type=_writable, required=True, metavar="FORMAT", help="the format to write")
    add("--from", dest="origin", type=_readable, metavar="FORMAT", help="told from IN by default")
    add(
        "--image",
        type=Path,
        metavar="IMAGE",
        help="the image, where IN does not tell its size; it gives the size of its pixels too",
    )
    add("--axes", metavar="AXES", help="what the axes of the image mean, where it does not tell them")
    add("--class", dest="classes", action="append", metavar="NAME", help="write this class alone; may repeat")
    add("--overwrite", action="store_true", help="replace files that are there already")
    add("--quiet", action="store_true", help="say nothing but problems")
    add("--list", action=_List, nargs=0, help="say what there is, and what each format cannot keep")


def add_format_option(parser: argparse.ArgumentParser) -> None:
    """Add what chooses further formats of results."""
    parser.add_argument(
        "--format",
        action="append",
        type=_writable,
        default=[],
        metavar="FORMAT",
        help="write this format as well, such as coco or qupath; may repeat ('convert --list' tells them)",
    )


def _writable(name: str) -> str:
    from napari_zeroseg.export.formats import WRITERS

    return _known(name, WRITERS)


def _readable(name: str) -> str:
    from napari_zeroseg.export.formats import READERS

    return _known(name, READERS)


def _known(name: str, names: Iterable[str]) -> str:
    if name not in set(names):
        raise argparse.ArgumentTypeError(f"'{name}' is none of {', '.join(names)}")
    return name


class _List(argparse.Action):
    """Tell all formats, and end."""

    def __call__(self, parser: argparse.ArgumentParser, *_: Any) -> None:
        from napari_zeroseg.export.formats import FORMATS

        for line in _listed(FORMATS.values()):
            say(line)
        parser.exit()


def _listed(formats: Iterable[Format]) -> Iterator[str]:
    for chosen in formats:
        ways = " and ".join(w for w, way in (("written", chosen.write), ("read", chosen.read)) if way)
        yield f"{chosen.name}: {chosen.title}, {ways}"
        yield from (f"    {text}" for text in chosen.loses.values())


def run(options: argparse.Namespace) -> int:
    """Carry out the command and return its exit code."""
    from napari_zeroseg.export.conversion import frame_of, write_annotations
    from napari_zeroseg.export.formats import FORMATS

    frame = frame_of(options.image, options.axes) if options.image else None
    many = _read(options, frame)
    if options.classes:
        many = [a.only(options.classes) for a in _checked(many, options.classes)]
    target = FORMATS[options.to]
    if not options.quiet:
        for line in _told(many, target):
            # the standard output tells what was written, and nothing else
            print(line, file=sys.stderr, flush=True)  # noqa: T201
    files = write_annotations(many, options.target, target, overwrite=options.overwrite)
    if not options.quiet:
        count = sum(len(a.instances) for a in many)
        say(f"{options.source}: {count} objects -> {', '.join(map(str, files))}")
    return DONE


def _read(options: argparse.Namespace, frame: Frame | None) -> list[Annotations]:
    from napari_zeroseg.export.conversion import read_annotations
    from napari_zeroseg.session.saved.drawn import is_saved, read_drawn

    if not options.origin and is_saved(options.source):
        return [read_drawn(options.source, frame)]
    return read_annotations(options.source, options.origin or "", frame)


def _checked(many: Sequence[Annotations], names: Sequence[str]) -> Sequence[Annotations]:
    from napari_zeroseg.core.errors import BadVocabularyError

    known = {name for a in many for name in a.vocabulary.names}
    strange = [name for name in names if name not in known]
    if strange:
        raise BadVocabularyError(
            f"There is no class '{strange[0]}'.", remedy=f"There are {', '.join(sorted(known)) or 'none'}."
        )
    return many


def _told(many: Sequence[Annotations], target: Format) -> Iterator[str]:
    """Yield what was left out in reading and will be in writing, each once."""
    notes = (note for a in many for note in a.notes)
    losses = (f"{target.title}: {text}" for a in many for text in target.losses(a))
    yield from dict.fromkeys((*notes, *losses))
