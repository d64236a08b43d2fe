"""Where saved work lies, and what a person chose about it."""

from __future__ import annotations

import os
import re
import sys
from collections.abc import Iterator
from hashlib import blake2b
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from pydantic import BaseModel, ConfigDict

from napari_zeroseg.backends.weights.own_copies import settings_file
from napari_zeroseg.session.saved.store import SUFFIX

if TYPE_CHECKING:
    from napari_zeroseg.session.saved.content import Content

VARIABLE = "NAPARI_ZEROSEG_DATA"
MOST_FILES = 99
"""Of one image in one folder."""
_LONGEST = 80


class SavingSettings(BaseModel):
    """Whether and where work is saved.

    Attributes
    ----------
    on : bool
        Save by itself.
    folder : Path or None
        Where; beside the image while none is chosen.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    version: Literal[1] = 1
    on: bool = True
    folder: Path | None = None


def saving_file() -> Path:
    """Return where the settings are kept."""
    return settings_file().with_name("saving.json")


def data_folder() -> Path:
    """Return the user's folder for work that can lie nowhere else: ``$NAPARI_ZEROSEG_DATA`` if set."""
    chosen = os.environ.get(VARIABLE)
    return Path(chosen) if chosen else _user_data() / "napari-zeroseg" / "sessions"


def _user_data() -> Path:
    if sys.platform == "win32":
        return Path(os.environ.get("LOCALAPPDATA") or Path.home() / "AppData" / "Local")
    if sys.platform == "darwin":
        return Path.home() / "Library" / "Application Support"
    return Path(os.environ.get("XDG_DATA_HOME") or Path.home() / ".local" / "share")


def first_places(content: Content, name: str, fingerprint: str, chosen: Path | None) -> tuple[Path, ...]:
    """Return the paths at which an image's work belongs, the best one first.

    Parameters
    ----------
    content : Content
        With a path, the work belongs beside it.
    name : str
        What a person calls the image.
    fingerprint : str
        Of the content.
    chosen : Path or None
        A folder that a person chose for all work.
    """
    key = fingerprint if content.path is None else _hashed(content.path)
    in_folder = f"{_plain(content.path.name if content.path else name)}-{key[:12]}{SUFFIX}"
    fallback = data_folder() / in_folder
    if chosen is not None:
        return (chosen / in_folder, fallback)
    if content.path is not None:
        return (content.path.with_name(content.path.name + SUFFIX), fallback)
    return (fallback,)


def numbered(first: Path) -> Iterator[Path]:
    """Yield a path and its its variants: ``NAME-2.zeroseg``, ``NAME-3.zeroseg`` and so on."""
    yield first
    for number in range(2, MOST_FILES + 1):
        yield first.with_name(f"{first.name.removesuffix(SUFFIX)}-{number}{SUFFIX}")


def _hashed(path: Path) -> str:
    return blake2b(str(path.absolute()).encode("utf-8", "surrogatepass"), digest_size=16).hexdigest()


def _plain(name: str) -> str:
    return re.sub(r"[^\w.-]+", "_", name).strip("._")[:_LONGEST] or "image"
