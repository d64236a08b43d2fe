"""Zero-shot segmentation of scientific images, with a human in the loop.

Importing this package loads no model, no Qt and no napari; the names below are imported
when they are first used.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from napari_zeroseg.api import Result, propagate, refine_edges, replay, segment
    from napari_zeroseg.comparison import compare
    from napari_zeroseg.core.recipe import Recipe
    from napari_zeroseg.core.vocabulary import TargetClass, Vocabulary
    from napari_zeroseg.learned import learn
    from napari_zeroseg.session.session import Session

__version__ = "0.1.0"

__all__ = [
    "Recipe",
    "Result",
    "Session",
    "TargetClass",
    "Vocabulary",
    "compare",
    "learn",
    "propagate",
    "refine_edges",
    "replay",
    "segment",
]

_HOMES = {
    "Recipe": "napari_zeroseg.core.recipe",
    "Result": "napari_zeroseg.api",
    "Session": "napari_zeroseg.session.session",
    "TargetClass": "napari_zeroseg.core.vocabulary",
    "Vocabulary": "napari_zeroseg.core.vocabulary",
    "compare": "napari_zeroseg.comparison",
    "learn": "napari_zeroseg.learned",
    "propagate": "napari_zeroseg.api",
    "refine_edges": "napari_zeroseg.api",
    "replay": "napari_zeroseg.api",
    "segment": "napari_zeroseg.api",
}


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from importlib import import_module

    return getattr(import_module(_HOMES[name]), name)
