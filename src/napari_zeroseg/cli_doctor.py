"""The command ``doctor``: what works on this machine, what is missing, and what to type."""

from __future__ import annotations

import argparse
import json
from dataclasses import asdict
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

    from napari_zeroseg.backends.doctor import Check, Device, ProfileCheck, Report

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

    asked = check_profile(options.profile)
    report = examine()
    if options.json:
        _say(json.dumps(_document(report), indent=2))
    else:
        for line in lines(report):
            _say(line)
    return READY if asked.is_ready else NOT_READY


def _document(report: Report) -> dict[str, object]:
    document = asdict(report)
    for told, checked in zip(document["profiles"], report.profiles, strict=True):
        told |= {"ready": checked.is_ready, "lines": list(checked.lines)}
    return document


def lines(report: Report) -> Iterator[str]:
    """Yield the report for a person."""
    there = (f"{name} {version}" for name, version in report.versions.items() if version)
    yield f"Python {report.python} on {report.system}; {', '.join(there)}"
    for device in report.devices:
        yield _device(device)
    if report.device_problem:
        yield f"  ! {report.device_problem}"
    yield f"Models: in {report.models_folder}, from {report.hub or 'nowhere: downloads are switched off'}"
    keys = f"kept in {report.keyring}" if report.keyring else "in environment variables: there is no keyring"
    yield f"API keys: {keys}"
    yield f"Words: compared by {'meaning, names and synonyms' if report.word_encoder else _BY_NAMES}"
    yield ""
    for profile in report.profiles:
        yield from _profile(profile)
    yield from _others(report)


_BY_NAMES = 'names and synonyms alone; by meaning too with: pip install "napari-zeroseg[words]"'


def _device(device: Device) -> str:
    narrow = ", bfloat16" if device.bfloat16 else ""
    room = f"{device.free / 1e9:.1f} of {device.total / 1e9:.1f} GB free"
    return f"Device {device.name}: {room}{narrow} ({device.title})"


def _profile(profile: ProfileCheck) -> Iterator[str]:
    yield f"Profile {profile.name}: {'ready' if profile.is_ready else 'not ready'}"
    for check in profile.checks:
        yield from _check(check)
    if profile.lines:
        yield "  to type:"
    for line in profile.lines:
        yield f"    {line}"


def _check(check: Check) -> Iterator[str]:
    yield f"  {'ok' if check.is_ready else '--'}  {check.name} ({', '.join(check.roles)})"
    for problem in check.problems:
        yield f"      {problem}"


def _others(report: Report) -> Iterator[str]:
    """Yield the models that no profile holds."""
    held = {check.name for profile in report.profiles for check in profile.checks}
    others = [check for check in report.models if check.name not in held]
    if others:
        yield "Other models:"
    for check in others:
        yield from _check(check)
        yield from (f"      {line}" for line in check.lines)


def _say(text: str) -> None:
    print(text, flush=True)  # noqa: T201
