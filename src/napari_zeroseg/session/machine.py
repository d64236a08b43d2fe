"""What works on this machine and what is missing, in lines for a person."""

from __future__ import annotations

from typing import TYPE_CHECKING

from napari_zeroseg.backends.doctor import examine

if TYPE_CHECKING:
    from collections.abc import Iterator

    from napari_zeroseg.backends.doctor import Check, Device, ProfileCheck, Report


def machine_in_words() -> str:
    """Look at this machine, which takes a second or more, and return the report as text."""
    return "\n".join(lines(examine()))


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
