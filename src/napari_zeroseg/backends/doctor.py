"""What works on this machine, what is missing, and what to type: as data, for every way to show it."""

from __future__ import annotations

import platform
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, version
from importlib.util import find_spec

from napari_zeroseg.backends import devices, memory, minilm, packages
from napari_zeroseg.backends.catalog import PROFILES, profile
from napari_zeroseg.backends.models import Model, model, models
from napari_zeroseg.backends.opengl_clash import import_triton_apart
from napari_zeroseg.backends.weights import hub
from napari_zeroseg.backends.weights.store import root
from napari_zeroseg.core.errors import ZeroSegError

_VERSIONS = ("napari-zeroseg", "napari", "numpy", "torch", "transformers", "openai")


@dataclass(frozen=True, slots=True)
class Device:
    """Where models can compute; memory in bytes."""

    name: str
    title: str
    total: int
    free: int
    bfloat16: bool


@dataclass(frozen=True, slots=True)
class Check:
    """What one model lacks.

    Parameters
    ----------
    name : str
        Of the backend.
    roles : tuple of str
        What it does.
    problems : tuple of str
        What is missing or will not do, each in one sentence; empty when it can be used.
    absent : tuple of str
        Modules that are not installed.
    to_fetch : bool
        Whether files are to be downloaded.
    """

    name: str
    roles: tuple[str, ...]
    problems: tuple[str, ...] = ()
    absent: tuple[str, ...] = ()
    to_fetch: bool = False

    @property
    def is_ready(self) -> bool:
        return not self.problems

    @property
    def lines(self) -> tuple[str, ...]:
        """What to type, in order."""
        return _lines(self.absent, self.name if self.to_fetch else "")


@dataclass(frozen=True, slots=True)
class ProfileCheck:
    """What the models of a profile lack, together."""

    name: str
    backends: dict[str, str]
    checks: tuple[Check, ...]

    @property
    def is_ready(self) -> bool:
        return all(check.is_ready for check in self.checks)

    @property
    def lines(self) -> tuple[str, ...]:
        """What to type, in order."""
        absent = tuple(module for check in self.checks for module in check.absent)
        to_fetch = any(check.to_fetch for check in self.checks)
        return _lines(absent, f"--profile {self.name}" if to_fetch else "")


def _lines(absent: tuple[str, ...], to_fetch: str) -> tuple[str, ...]:
    fetch = f"napari-zeroseg models download {to_fetch}" if to_fetch else ""
    return tuple(filter(None, (packages.line(absent), fetch)))


@dataclass(frozen=True, slots=True)
class Report:
    """All of it.

    Parameters
    ----------
    python, system : str
        Their versions.
    versions : dict of str to str
        Of packages; empty where one is not installed.
    devices : tuple of Device
        The fastest first.
    device_problem : str
        Why the device that was chosen cannot be used; empty if it can, or none was.
    models_folder : str
        Where downloads go.
    hub : str
        The address they come from; empty where downloads are switched off.
    keyring : str
        Which one keeps API keys; empty where there is none.
    word_encoder : bool
        Whether words are compared by meaning too.
    profiles : tuple of ProfileCheck
        What each lacks.
    models : tuple of Check
        What each lacks, of all that there are.
    """

    python: str
    system: str
    versions: dict[str, str]
    devices: tuple[Device, ...]
    device_problem: str
    models_folder: str
    hub: str
    keyring: str
    word_encoder: bool
    profiles: tuple[ProfileCheck, ...]
    models: tuple[Check, ...]


def examine() -> Report:
    """Look at this machine; takes a second or more where torch is there, for it is asked for devices."""
    checks = {found.name: check(found) for found in models()}
    return Report(
        python=platform.python_version(),
        system=platform.platform(),
        versions={name: _version(name) for name in _VERSIONS},
        devices=_devices(),
        device_problem=_device_problem(),
        models_folder=str(root()),
        hub="" if hub.is_offline() else _endpoint(),
        keyring=_keyring(),
        word_encoder=minilm.installed() is not None,
        profiles=tuple(check_profile(name) for name in PROFILES),
        models=tuple(checks.values()),
    )


def check_profile(name: str) -> ProfileCheck:
    """Return what the models of a profile lack, or raise MissingBackendError if there is no such."""
    backends = {str(role): backend for role, backend in profile(name).items()}
    return ProfileCheck(name, backends, tuple(check(model(b)) for b in dict.fromkeys(backends.values())))


def check(one: Model) -> Check:
    """Return what a model lacks; loads nothing and asks no server."""
    absent, found = packages.missing(one.packages), one.status
    to_fetch = found is not None and not found.present
    problems = (
        f"Not installed: {', '.join(absent)}." if absent else "",
        f"{found.size / 1e9:.2f} GB are to be downloaded.{_terms(one)}" if found and to_fetch else "",
        one.too_large,
    )
    return Check(one.name, tuple(map(str, one.roles)), tuple(filter(None, problems)), absent, to_fetch)


def _terms(one: Model) -> str:
    terms = one.weights.terms if one.weights else ""
    return f" Before that, accept the terms on {terms} and set your token." if terms else ""


def _version(name: str) -> str:
    try:
        return version(name)
    except PackageNotFoundError:
        return ""


def _devices() -> tuple[Device, ...]:
    if find_spec("torch") is None:
        return (_device("cpu"),)
    import_triton_apart()
    return tuple(_device(name) for name in devices.available())


def _device(name: str) -> Device:
    narrow = find_spec("torch") is not None and devices.computes_bfloat16(name)
    return Device(name, _title(name), memory.total(name), memory.free(name), narrow)


def _title(name: str) -> str:
    if name == "cuda":
        import torch

        return str(torch.cuda.get_device_name())
    return platform.processor() or platform.machine()


def _device_problem() -> str:
    if find_spec("torch") is None:
        return ""
    try:
        devices.chosen()
    except ZeroSegError as error:
        return str(error)
    return ""


def _endpoint() -> str:
    try:
        return hub.endpoint()
    except ZeroSegError as error:
        return str(error)


def _keyring() -> str:
    try:
        import keyring

        found = keyring.get_keyring()
        return found.name if found.priority > 0 else ""
    except Exception:  # noqa: BLE001 - a locked, broken or missing keyring keeps no key
        return ""
