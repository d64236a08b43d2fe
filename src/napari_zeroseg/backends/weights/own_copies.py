"""Files of models that a person keeps elsewhere, remembered by the backend's name."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from pydantic import BaseModel, ConfigDict, Field

from napari_zeroseg.backends.weights.documents import read_document, write_document
from napari_zeroseg.backends.weights.places import place
from napari_zeroseg.core.errors import BadFileError

if TYPE_CHECKING:
    from napari_zeroseg.backends.entry import Weights

VARIABLE = "NAPARI_ZEROSEG_CONFIG"


class Settings(BaseModel):
    """What a person has set about models."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    paths: dict[str, Path] = Field(default_factory=dict)


def settings_file() -> Path:
    """Return where the settings are kept: in ``$NAPARI_ZEROSEG_CONFIG``, or the user's configuration."""
    chosen = os.environ.get(VARIABLE)
    return (Path(chosen) if chosen else _configuration() / "napari-zeroseg") / "models.json"


def _configuration() -> Path:
    if sys.platform == "win32":
        return Path(os.environ.get("APPDATA") or Path.home() / "AppData" / "Roaming")
    if sys.platform == "darwin":
        return Path.home() / "Library" / "Application Support"
    return Path(os.environ.get("XDG_CONFIG_HOME") or Path.home() / ".config")


def own_folder(name: str) -> Path | None:
    """Return the folder that a person has chosen for a backend's files, or None."""
    return read_document(settings_file(), Settings).paths.get(name)


def use_own(name: str, weights: Weights, path: Path) -> Path:
    """Use the files in a person's own folder in place of a download, from now on.

    Parameters
    ----------
    name : str
        Of the backend.
    weights : Weights
        What it loads.
    path : Path
        The folder with all files, or one of the files in it.

    Returns
    -------
    Path
        The folder.

    Raises
    ------
    BadFileError
        When files are missing there; the text names them.
    """
    folder = path.expanduser().resolve()
    folder = folder.parent if folder.is_file() else folder
    missing = [f.name for f in weights.files if not place(folder, f.name).is_file()]
    if missing:
        raise BadFileError(
            f"'{name}' needs files that are not in '{folder}': {', '.join(missing)}.",
            remedy="Give the folder in which all of them are, under these names.",
        )
    _remember(name, folder)
    return folder


def forget_own(name: str) -> None:
    """Use the downloaded files again; the person's own stay as they are."""
    _remember(name, None)


def _remember(name: str, folder: Path | None) -> None:
    paths = dict(read_document(settings_file(), Settings).paths)
    paths.pop(name, None)
    if folder is not None:
        paths[name] = folder
    write_document(settings_file(), Settings(paths=paths))
