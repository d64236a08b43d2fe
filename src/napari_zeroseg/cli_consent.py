"""What a command may send: agreed to beforehand, or asked for in the terminal."""

from __future__ import annotations

import argparse
import sys

from napari_zeroseg.backends.remote.address import Address
from napari_zeroseg.core.consent import PERSON, Letter, agreeing, nobody_to_ask
from napari_zeroseg.core.errors import ZeroSegError


def add_options(parser: argparse.ArgumentParser) -> None:
    """Let a person agree beforehand to what a command sends."""
    parser.add_argument(
        "--yes-send",
        action="store_true",
        help="agree that tags, captions, phrases and class names are sent to the refiner's server",
    )
    parser.add_argument(
        "--yes-send-images",
        type=_server,
        action="append",
        default=[],
        metavar="ADDRESS",
        help="agree that images are sent to this server of models, such as https://gpu.lab:8765",
    )


def _server(text: str) -> str:
    try:
        return Address.parse(text).url
    except ZeroSegError as error:
        raise argparse.ArgumentTypeError(str(error)) from None


def heed(options: argparse.Namespace) -> None:
    """Take note of what a person agreed to; who sits at a terminal is asked about all other."""
    PERSON.ask = agreeing(
        words=options.yes_send,
        images_to=options.yes_send_images,
        otherwise=_ask_in_terminal if sys.stdin.isatty() else nobody_to_ask,
    )


def _ask_in_terminal(letter: Letter) -> bool:
    sys.stderr.write(
        f"napari-zeroseg: This ({letter.kind}) would be sent to {letter.recipient}:\n\n{letter.text}\n\n"
        "Send it, and more of this kind? [y/N] "
    )
    sys.stderr.flush()
    return sys.stdin.readline().strip().lower() in {"y", "yes"}
