"""The constants that the embedded backends work with, read from the modules themselves."""

from __future__ import annotations

import importlib
from dataclasses import asdict, is_dataclass
from typing import Any

MODULES = ("stains", "candidates", "measure", "regions", "words", "selection", "scene", "detector")


def parameters() -> dict[str, Any]:
    """Return the numbers in capitals of the detector's modules, by module."""
    found: dict[str, Any] = {}
    for name in MODULES:
        module = importlib.import_module(f"napari_zeroseg.backends.embedded.{name}")
        values = {key: _plain(value) for key, value in vars(module).items() if key.isupper()}
        found[name] = {key: value for key, value in values.items() if value is not None}
    return found


def _plain(value: object) -> Any:
    if is_dataclass(value) and not isinstance(value, type):
        return asdict(value)
    return value if isinstance(value, int | float | tuple | str) else None


def print_parameters(found: dict[str, Any]) -> None:
    """Print one line per module."""
    print("parameters, the same for all images:")
    for module, values in found.items():
        print(f"  {module}: " + ", ".join(f"{key.lower()} {value}" for key, value in values.items()))
