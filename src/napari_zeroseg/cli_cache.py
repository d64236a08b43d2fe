"""The commands ``cache …``: what is kept of encoded images on the disk."""

from __future__ import annotations

import argparse
import json

from napari_zeroseg.cli_output import say

_WHERE = """\
environment variables:
  NAPARI_ZEROSEG_CACHE       folder of what is kept (default: ~/.cache/napari-zeroseg)
  NAPARI_ZEROSEG_EMBEDDINGS  how much may be kept: memory=2GB,disk=5GB; disk=0 keeps nothing on the disk
"""


def add_parser(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add the command ``cache`` with its own commands."""
    parser = commands.add_parser(
        "cache",
        help="show or clear what is kept of encoded images",
        description="Show or clear what is kept of encoded images. The large segmenters encode an image once "
        "and keep the result, so that a click is answered at once, also tomorrow. No masks, images or "
        "models are touched.",
        epilog=_WHERE,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    actions = parser.add_subparsers(dest="action", required=True, metavar="ACTION")
    info = actions.add_parser(
        "info", help="where, how many, how large", description="Where, how many, how large."
    )
    info.add_argument("--json", action="store_true", help="print JSON")
    actions.add_parser(
        "clear", help="remove them all", description="Remove them all; they are computed again."
    )


def run(options: argparse.Namespace) -> int:
    """Carry out the command and return its exit code."""
    if options.action == "clear":
        _clear()
    else:
        _info(as_json=options.json)
    return 0


def _info(*, as_json: bool) -> None:
    from napari_zeroseg.session.encoded import kept

    found = kept()
    if as_json:
        say(json.dumps(found.document(), indent=2))
    else:
        say(found.in_words())


def _clear() -> None:
    from napari_zeroseg.session.encoded import clear

    say(clear())
