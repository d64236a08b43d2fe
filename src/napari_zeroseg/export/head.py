"""Learned heads as files."""

from __future__ import annotations

from typing import TYPE_CHECKING

from napari_zeroseg.export.atomic import replacing

if TYPE_CHECKING:
    from pathlib import Path

    from napari_zeroseg.backends.lmseg.head import Head


def write_head(head: Head, path: Path) -> None:
    """Write a head as safetensors, with what it is as JSON in the file's metadata.

    Raises
    ------
    ExportError
        When the file cannot be written.
    """
    with replacing(path) as part:
        part.write_bytes(head.content)
