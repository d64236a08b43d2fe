"""A file that is not complete yet, and what it is a part of."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, BinaryIO

from pydantic import BaseModel, ConfigDict

from napari_zeroseg.backends.weights.documents import read_document, write_document
from napari_zeroseg.core.errors import BadFileError

if TYPE_CHECKING:
    from pathlib import Path


class _Origin(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")

    url: str = ""
    etag: str = ""


class Partial:
    """What has come of a file, in ``NAME.part``; its address and entity tag in ``NAME.part.json``.

    Parameters
    ----------
    target : Path
        Where the whole file belongs.
    url : str
        Where it comes from; what came from elsewhere is no part of it.
    """

    def __init__(self, target: Path, url: str) -> None:
        self.name = target.name
        self._target = target
        self._url = url
        self.path = target.with_name(f"{target.name}.part")
        self._origin_file = target.with_name(f"{target.name}.part.json")

    @property
    def size(self) -> int:
        """Bytes that are there."""
        return self.path.stat().st_size if self.path.is_file() else 0

    def resume(self) -> tuple[int, str]:
        """Return how many bytes the next request need not ask for, and the entity tag they have.

        That is one less than came: a server refuses to send nothing, and it may be that only the
        last step is missing.
        """
        etag = self._etag() if self.size > 1 else ""
        return (self.size - 1 if etag else 0), etag

    def _etag(self) -> str:
        try:
            origin = read_document(self._origin_file, _Origin)
        except BadFileError:
            return ""
        return origin.etag if origin.url == self._url else ""

    def begin(self, etag: str) -> BinaryIO:
        """Open it empty; an empty tag means that no later request can go on from it."""
        self.drop()  # first, so that no old bytes ever lie beside a new tag
        self._target.parent.mkdir(parents=True, exist_ok=True)
        write_document(self._origin_file, _Origin(url=self._url, etag=etag))
        return self.path.open("wb")

    def go_on(self, start: int) -> BinaryIO:
        """Open it to write from a byte on."""
        file = self.path.open("rb+")
        file.truncate(start)
        file.seek(start)
        return file

    def finish(self) -> None:
        """Make it the whole file, in one step that a crash cannot halve."""
        with self.path.open("rb+") as file:
            os.fsync(file.fileno())
        self.path.replace(self._target)
        self._origin_file.unlink(missing_ok=True)

    def drop(self) -> None:
        """Remove what is there."""
        self.path.unlink(missing_ok=True)
        self._origin_file.unlink(missing_ok=True)
