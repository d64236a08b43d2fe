"""The command ``serve``: models of this machine for others."""

from __future__ import annotations

import argparse
import ipaddress
import logging
import os
import secrets
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from napari_zeroseg import cli_machine
from napari_zeroseg.backends.remote.address import TOKEN_VARIABLE
from napari_zeroseg.cli_output import say
from napari_zeroseg.core.errors import BadFileError, MissingBackendError, ZeroSegError

if TYPE_CHECKING:
    from pydantic import SecretStr

    from napari_zeroseg.server.limits import Limits

DONE = 0
PORT = 8765
SHORTEST_TOKEN, LONGEST_TOKEN = 16, 4096

_EXAMPLES = f"""\
examples:
  For programs on this machine, and for others through a tunnel (ssh -L {PORT}:localhost:{PORT} HOST):
    napari-zeroseg serve

  For other machines, encrypted, with a token that stays the same:
    napari-zeroseg serve --host 0.0.0.0 --certificate lab.pem --key lab.key --token-file token.txt

  Two models only:
    napari-zeroseg serve --offer sam2:hiera-large --offer grounding-dino:tiny

on the other machine: choose 'Models of a server…' under Models in the window, or
  napari-zeroseg segment cells.tif --recipe R.json --yes-send-images https://HOST:{PORT} --out results
with "backends": {{"segmenter": "remote:https://HOST:{PORT}#sam2:hiera-large"}} in the recipe
"""


def add_parser(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add the command."""
    parser = commands.add_parser(
        "serve",
        help="let other machines use the models of this one",
        description="Let napari-zeroseg on other machines use the models of this one. Images stay in the "
        "memory and are not written to the disk.",
        epilog=_EXAMPLES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    add = parser.add_argument
    add("--host", default="127.0.0.1", metavar="ADDRESS", help="where to listen (default: this machine only)")
    add("--port", type=int, default=PORT, metavar="N", help=f"default: {PORT}; 0 takes a free one")
    add("--offer", action="append", default=[], metavar="NAME", help="a model (default: all installed ones)")
    add(
        "--token-file",
        type=Path,
        metavar="FILE",
        help=f"what clients must show, one line (default: ${TOKEN_VARIABLE}, or a new one that is printed)",
    )
    add("--certificate", type=Path, metavar="FILE", help="for https, as PEM")
    add("--key", type=Path, metavar="FILE", help="the certificate's key, as PEM")
    add(
        "--plain-http",
        action="store_true",
        help="listen for other machines without encryption: where a proxy encrypts, or nobody can listen",
    )
    add("--max-megapixels", type=_positive, default=16.8, metavar="N", help="of one image (default: 16.8)")
    add("--cache", default="2GB", metavar="SIZE", help="images that are kept in memory (default: 2GB)")
    cli_machine.add_options(parser)


def _positive(text: str) -> float:
    try:
        number = float(text)
    except ValueError:
        number = 0
    if not 0.001 <= number <= 300:
        raise argparse.ArgumentTypeError(f"'{text}' is no number of megapixels")
    return number


def run(options: argparse.Namespace) -> int:
    """Carry out the command and return its exit code."""
    from napari_zeroseg.backends.packages import line, missing

    absent = missing(["fastapi", "uvicorn"])
    if absent:
        raise MissingBackendError(
            f"A server needs what is not installed: {', '.join(absent)}.",
            remedy=f"Install it with: {line(absent)}",
        )
    from napari_zeroseg.server.offers import offers
    from napari_zeroseg.server.run import Settings, serve

    _check_encryption(options)
    cli_machine.heed(options)
    logging.basicConfig(level=logging.WARNING)
    found = offers(options.offer)
    token, is_new = _token(options.token_file)
    settings = Settings(options.host, options.port, token, options.certificate, options.key, _limits(options))

    def tell(url: str) -> None:
        say(f"Models are served at {url}")
        say("; ".join(dict.fromkeys(offer.model for offer in found)))
        if is_new:
            say(f"Token, shown this once: {token.get_secret_value()}")
        say("Stop with Ctrl+C.")

    serve(settings, found, tell)
    return DONE


def _check_encryption(options: argparse.Namespace) -> None:
    if bool(options.certificate) != bool(options.key):
        raise ZeroSegError("A certificate and its key go together.", remedy="Give --certificate and --key.")
    if not (options.certificate or options.plain_http or _is_loopback(options.host)):
        raise ZeroSegError(
            "Without encryption, others on the network could read the images and the token.",
            remedy="Give --certificate and --key, leave --host out and use a tunnel, or say --plain-http.",
        )


def _is_loopback(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def _limits(options: argparse.Namespace) -> Limits:
    from napari_zeroseg.backends.memory import limits as sizes
    from napari_zeroseg.server.limits import Limits

    pixels = round(options.max_megapixels * 1e6)
    cache = sizes(options.cache).get("", Limits().cache_bytes)
    return Limits(max_pixels=pixels, cache_bytes=cache, arriving_bytes=max(1 << 30, 4 * 12 * pixels))


def _token(file: Path | None) -> tuple[SecretStr, bool]:
    """Return the token, and whether it is a new one."""
    from pydantic import SecretStr

    given = _read(file) if file else os.environ.get(TOKEN_VARIABLE, "").strip()
    if not given and file is None:
        return SecretStr(secrets.token_urlsafe(32)), True
    plain = given.isascii() and given.isprintable() and " " not in given
    if not plain or not SHORTEST_TOKEN <= len(given) <= LONGEST_TOKEN:
        raise ZeroSegError(
            f"A token has {SHORTEST_TOKEN} characters or more, without spaces.",
            remedy='Make one with: python -c "import secrets; print(secrets.token_urlsafe(32))"',
        )
    return SecretStr(given), False


def _read(file: Path) -> str:
    try:
        with file.open(encoding="utf-8") as opened:
            text = opened.read(LONGEST_TOKEN + 2).strip()
        if os.name == "posix" and file.stat().st_mode & 0o077:
            print(  # noqa: T201
                f"napari-zeroseg: others on this machine can read '{file}'; chmod 600 mends that.",
                file=sys.stderr,
            )
        return text
    except (OSError, UnicodeDecodeError) as error:
        reason = getattr(error, "strerror", None) or "it is no text"
        raise BadFileError(f"The token file '{file}' cannot be read: {reason}.") from None
