"""The command ``doctor``: what works on this machine, what is missing, and what to type."""

from __future__ import annotations

import argparse
import json
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

from napari_zeroseg.cli_output import say

if TYPE_CHECKING:
    from collections.abc import Iterable

    from napari_zeroseg.backends.doctor import Check, Report

READY, NOT_READY = 0, 1

_EXAMPLES = """\
examples:
  What works here, and what to type for the rest:
    napari-zeroseg doctor

  In a script: go on only when the profile can be used:
    napari-zeroseg doctor --profile laptop && napari-zeroseg segment *.png --profile laptop …

exit codes: 0 the profile can be used (without --profile: the built-in one), 1 it cannot
"""


def add_parser(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add the command ``doctor``."""
    parser = commands.add_parser(
        "doctor",
        help="say what works on this machine, what is missing, and what to type",
        description="Say what works on this machine, what is missing, and what to type. Nothing is "
        "installed, downloaded or sent.",
        epilog=_EXAMPLES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument(
        "--profile", metavar="NAME", default="embedded", help="whose exit code (default: embedded)"
    )
    parser.add_argument("--json", action="store_true", help="print JSON")


def run(options: argparse.Namespace) -> int:
    """Carry out the command and return its exit code."""
    from napari_zeroseg.backends.doctor import check_profile, examine
    from napari_zeroseg.session.machine import lines

    asked = check_profile(options.profile)
    report = examine()
    if options.json:
        say(json.dumps(_document(report), indent=2))
    else:
        for line in lines(report):
            say(line)
    return READY if asked.is_ready else NOT_READY


def _document(report: Report) -> dict[str, Any]:
    document = asdict(report)
    for told, checked in zip(document["profiles"], report.profiles, strict=True):
        told |= {"ready": checked.is_ready, "lines": checked.lines}
        _tell_lines(told["checks"], checked.checks)
    _tell_lines(document["models"], report.models)
    return document


def _tell_lines(documents: Iterable[dict[str, Any]], checks: Iterable[Check]) -> None:
    for told, checked in zip(documents, checks, strict=True):
        told |= {"ready": checked.is_ready, "lines": checked.lines}
