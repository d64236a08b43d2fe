"""How much of embeddings is kept, and where."""

from __future__ import annotations

import os
from pathlib import Path

from napari_zeroseg.backends import memory
from napari_zeroseg.backends.memory import BadLimitError

VARIABLE = "NAPARI_ZEROSEG_EMBEDDINGS"
FOLDER_VARIABLE = "NAPARI_ZEROSEG_CACHE"
SHARE, MOST = 0.1, 2 * 10**9
"""Of the system's memory, and at most so many bytes, unless a person says otherwise."""
ON_DISK = 5 * 10**9
PLACES = ("memory", "disk")


def in_memory() -> int:
    """Return the bytes of embeddings that stay in memory."""
    return _chosen().get("memory", min(int(SHARE * memory.total("cpu")), MOST))


def on_disk() -> int:
    """Return the bytes of embeddings that stay on the disk; 0 keeps none there."""
    return _chosen().get("disk", ON_DISK)


def folder() -> Path:
    """Return where embeddings are kept: in ``$NAPARI_ZEROSEG_CACHE``, or the user's cache."""
    chosen = os.environ.get(FOLDER_VARIABLE)
    return (Path(chosen) if chosen else Path.home() / ".cache" / "napari-zeroseg") / "embeddings"


def _chosen() -> dict[str, int]:
    """Read ``$NAPARI_ZEROSEG_EMBEDDINGS``: ``memory=2GB, disk=5GB``, both or one of them."""
    try:
        sizes = memory.limits(os.environ.get(VARIABLE, ""))
    except BadLimitError as error:
        raise _unreadable() from error
    if not sizes.keys() <= set(PLACES):
        raise _unreadable()
    return sizes


def _unreadable() -> BadLimitError:
    return BadLimitError(
        f"{VARIABLE} is '{os.environ.get(VARIABLE, '')}', which names no sizes.",
        remedy=f"Write {VARIABLE}=memory=2GB,disk=5GB, or one of the two; disk=0 keeps nothing on the disk.",
    )
