"""What holds in every test: no network, no trace in the user's folders, one Qt binding."""

from __future__ import annotations

import ipaddress
import os
import socket
import tempfile
import uuid
from collections.abc import Iterator
from pathlib import Path

import pytest

_HOME = Path(tempfile.mkdtemp(prefix="zeroseg-tests-"))

# Read by the libraries when they are imported, so before any test module is.
os.environ["QT_API"] = "pyside6"
os.environ["HF_HOME"] = str(_HOME / "huggingface")
os.environ["HF_HUB_OFFLINE"] = "1"
os.environ["NAPARI_CONFIG"] = str(_HOME / "napari.yaml")
for variable in ("XDG_CONFIG_HOME", "XDG_DATA_HOME", "XDG_STATE_HOME"):
    os.environ[variable] = str(_HOME / variable.lower())


class NetworkBlockedError(RuntimeError):
    """A test tried to reach another machine."""


def _is_local(host: object) -> bool:
    if isinstance(host, bytes):
        host = host.decode()
    if host in (None, "", "localhost", socket.gethostname()):
        return True
    try:
        return ipaddress.ip_address(str(host).partition("%")[0]).is_loopback
    except ValueError:
        return False


def _check(host: object) -> None:
    if not _is_local(host):
        raise NetworkBlockedError(f"a test tried to reach {host!r}")


class _LocalSocket(socket.socket):
    def connect(self, address):
        if self.family in (socket.AF_INET, socket.AF_INET6):
            _check(address[0])
        return super().connect(address)

    def connect_ex(self, address):
        if self.family in (socket.AF_INET, socket.AF_INET6):
            _check(address[0])
        return super().connect_ex(address)


_resolve = socket.getaddrinfo


def _resolve_local(host, *args, **kwargs):
    _check(host)
    return _resolve(host, *args, **kwargs)


# For the whole process and not per test, so that threads which outlive a test are held too.
socket.socket = _LocalSocket
socket.getaddrinfo = _resolve_local


@pytest.fixture(autouse=True)
def _models_of_tests_are_small(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Refuse none for the size that the catalog tells of its namesake, and keep none after its test."""
    from napari_zeroseg.backends import residency

    monkeypatch.setattr(residency, "expected", lambda _name: 0)
    yield
    residency.release()


@pytest.fixture(autouse=True)
def _nothing_kept_reaches_the_next_test(monkeypatch: pytest.MonkeyPatch) -> None:
    own = uuid.uuid4().hex
    monkeypatch.setenv("NAPARI_ZEROSEG_CONFIG", str(_HOME / "configurations" / own))
    monkeypatch.setenv("NAPARI_ZEROSEG_CACHE", str(_HOME / "caches" / own))
    monkeypatch.setenv("NAPARI_ZEROSEG_DATA", str(_HOME / "work" / own))


def pytest_sessionfinish(session: pytest.Session) -> None:
    import shutil

    shutil.rmtree(_HOME, ignore_errors=True)
