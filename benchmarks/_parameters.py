"""The constants that the embedded backends work with, read from the modules themselves."""

from __future__ import annotations

import importlib
from dataclasses import asdict, is_dataclass
from typing import Any

DETECTOR = (
    "noise", "stains", "candidates", "parting", "measure", "regions",
    "words", "selection", "scene", "detector", "completion",
)  # fmt: skip
SEGMENTER = ("pyramid", "contours", "depths", "corrections", "merits", "segmenter")


def parameters(modules: tuple[str, ...] = DETECTOR + SEGMENTER) -> dict[str, Any]:
    """Return the numbers in capitals of the embedded backends, by module."""
    found: dict[str, Any] = {}
    for name in modules:
        module = importlib.import_module(f"napari_zeroseg.backends.embedded.{name}")
        values = {key: _plain(value) for key, value in vars(module).items() if key.isupper()}
        found[name] = {key: value for key, value in values.items() if value is not None}
    return found


def _plain(value: object) -> Any:
    if is_dataclass(value) and not isinstance(value, type):
        return asdict(value)
    if isinstance(value, dict):
        return {str(key): _plain(part) for key, part in value.items()}
    if isinstance(value, bool):
        return None
    return value if isinstance(value, int | float | tuple | str) else None


def print_parameters(found: dict[str, Any]) -> None:
    """Print one line per module."""
    print("parameters, the same for all images:")
    for module, values in found.items():
        print(f"  {module}: " + ", ".join(f"{key.lower()} {_short(value)}" for key, value in values.items()))


def _short(value: object) -> str:
    """Return a value for a line: grades of words as bare tuples."""
    if isinstance(value, dict):
        return "{" + ", ".join(f"{key}: {_short(part)}" for key, part in value.items()) + "}"
    if isinstance(value, tuple):
        return "(" + ", ".join(_short(part) for part in value) + ")"
    return str(value)
