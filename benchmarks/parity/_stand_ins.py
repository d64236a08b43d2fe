"""Empty modules in place of packages that published code imports and the measured path does not call."""

from __future__ import annotations

import importlib.abc
import importlib.machinery
import importlib.util
import sys
from types import ModuleType
from typing import Any


class _Absent:
    """Anything of a package that is not there; it can be named, not used."""

    def __init__(self, *_: Any, **__: Any) -> None:
        raise RuntimeError("A part of a package was called that is not installed here.")


class _StandIn(ModuleType):
    __path__: list[str] = []  # noqa: RUF012  a package, so that its parts can be imported
    __version__ = "0.20.0"

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__"):
            raise AttributeError(name)
        return _Absent

    @staticmethod
    def _is_tracing() -> bool:
        return False


class _Finder(importlib.abc.MetaPathFinder, importlib.abc.Loader):
    def __init__(self, packages: set[str]) -> None:
        self._packages = packages

    def find_spec(self, fullname: str, path: Any, target: Any = None) -> Any:  # noqa: ARG002
        if fullname.partition(".")[0] not in self._packages:
            return None
        return importlib.machinery.ModuleSpec(fullname, self, is_package=True)

    def create_module(self, spec: Any) -> ModuleType:
        return _StandIn(spec.name)

    def exec_module(self, module: ModuleType) -> None:
        """Leave the module empty."""


def stand_in_for(*packages: str) -> None:
    """Let packages that are not installed be imported, without anything in them that can be called."""
    missing = {name for name in packages if importlib.util.find_spec(name) is None}
    sys.meta_path.append(_Finder(missing))


def give_timm_layers() -> None:
    """Put the three functions that published code calls of timm into it, where it is an empty module."""
    import timm.models.layers as layers
    import torch

    if layers.__spec__.origin is None:
        layers.DropPath = torch.nn.Identity  # drops nothing but in training
        layers.to_2tuple = lambda value: value if isinstance(value, tuple) else (value, value)
        layers.trunc_normal_ = torch.nn.init.trunc_normal_
