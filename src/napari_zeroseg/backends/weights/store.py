"""The folder of downloaded models."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

from napari_zeroseg.core.errors import MissingBackendError

if TYPE_CHECKING:
    from napari_zeroseg.backends.entry import Weights

VARIABLE = "NAPARI_ZEROSEG_MODELS"


def root() -> Path:
    """Return the folder of all models: ``$NAPARI_ZEROSEG_MODELS``, or one in the user's cache."""
    chosen = os.environ.get(VARIABLE)
    return Path(chosen) if chosen else Path.home() / ".cache" / "napari-zeroseg" / "models"


def folder_of(weights: Weights) -> Path:
    """Return where the files of a model belong, whether they are there or not."""
    return root() / weights.repository.replace("/", "--")


def located(name: str, weights: Weights) -> Path:
    """Return the folder that holds all files of the weights, or raise MissingBackendError."""
    folder = folder_of(weights)
    if all((folder / file.name).is_file() for file in weights.files):
        return folder
    raise MissingBackendError(
        f"The weights of '{name}' ({weights.size / 1e9:.1f} GB) are not on this machine.",
        remedy=f"Fetch them with: napari-zeroseg models download {name}",
    )
