"""File names from class and image names."""

from __future__ import annotations

import re
import unicodedata
from pathlib import PurePosixPath
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable

RESERVED = ("semantic", "overlay", "coco")
"""Endings of files that are about all classes."""

MAX_STEM = 60
MAX_FILE_STEM = 150
_NOT_IN_FILES = re.compile(r'[\x00-\x1f\x7f<>:"/\\|?*]')
_UNSAFE = re.compile(r"[^\w\-]+")


def safe_name(name: str) -> str:
    """Return the name as part of a file name: letters, digits, ``_`` and ``-`` only.

    >>> safe_name("T cell / CD3+")
    'T_cell_CD3'
    """
    words = _UNSAFE.sub("_", unicodedata.normalize("NFC", name)).strip("_")
    return words[:MAX_STEM].strip("_") or "class"


def file_stem(image: str) -> str:
    r"""Return the name of an image's file without its suffix, as far as every system can have it.

    Other tools find the masks of an image by it, so that all else stays as it is.

    >>> file_stem("C:\data\my cells.v2.tif"), file_stem("..")
    ('my cells.v2', 'image')
    """
    stem = PurePosixPath(image.replace("\\", "/")).stem
    return _NOT_IN_FILES.sub("_", stem).strip(". ")[:MAX_FILE_STEM] or "image"


def unique_names(names: Iterable[str]) -> dict[str, str]:
    """Return a :func:`safe_name` for every name, all different without regard to case.

    >>> unique_names(["a/b", "a b", "semantic"])
    {'a/b': 'a_b', 'a b': 'a_b-2', 'semantic': 'semantic-2'}
    """
    taken = set(RESERVED)
    stems: dict[str, str] = {}
    for name in names:
        stems[name] = first_free(safe_name(name), taken)
        taken.add(stems[name].casefold())
    return stems


def first_free(stem: str, taken: set[str]) -> str:
    """Return the stem, with ``-2``, ``-3``, … where it is taken; ``taken`` is in lower case."""
    candidate, number = stem, 1
    while candidate.casefold() in taken:
        number += 1
        candidate = f"{stem}-{number}"
    return candidate
