"""Where files of models may lie."""

from __future__ import annotations

import os
import re
from pathlib import Path, PurePosixPath, PureWindowsPath
from typing import TYPE_CHECKING

from napari_zeroseg.core.errors import BadFileError

if TYPE_CHECKING:
    from napari_zeroseg.backends.entry import Weights

VARIABLE = "NAPARI_ZEROSEG_MODELS"


def root() -> Path:
    """Return the folder of all models: ``$NAPARI_ZEROSEG_MODELS``, or one in the user's cache."""
    chosen = os.environ.get(VARIABLE)
    return Path(chosen) if chosen else Path.home() / ".cache" / "napari-zeroseg" / "models"


def folder_of(weights: Weights) -> Path:
    """Return where the files of a model belong, whether they are there or not.

    Raises
    ------
    BadFileError
        When the repository's name would lead out of the folder of models.
    """
    if not re.fullmatch(r"\w[\w.-]*(/\w[\w.-]*)?", weights.repository):
        raise BadFileError(f"'{weights.repository}' is no name of a repository.")
    return root() / weights.repository.replace("/", "--")


def place(folder: Path, name: str) -> Path:
    """Return the path of a file in a folder.

    Parameters
    ----------
    folder : Path
        The model's folder.
    name : str
        Relative, with ``/`` between parts.

    Raises
    ------
    BadFileError
        When the name would lead out of the folder, also over a link.
    """
    parts = PurePosixPath(name).parts
    strange = "\\" in name or ".." in parts or not parts or PureWindowsPath(name).drive
    path = folder.joinpath(*parts) if parts else folder
    if strange or path == folder or not path.parent.resolve().is_relative_to(folder.resolve()):
        raise BadFileError(f"The file name '{name}' leads out of the model's folder.")
    return path
