"""What is known of the files in a model's folder: where they came from, and their digests."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path

from pydantic import BaseModel, ConfigDict, Field

from napari_zeroseg.backends.weights.documents import read_document, write_document

NAME = "zeroseg-manifest.json"


class FileRecord(BaseModel):
    """How a file came here.

    Parameters
    ----------
    source : str
        The address it was asked for at.
    revision : str
        What the catalog asked for: branch, tag or commit.
    commit : str
        The commit that the server gave; empty where it does not say.
    size : int
        In bytes.
    sha256 : str
        Of the content, in hexadecimal digits.
    date : datetime
        When it was complete, UTC.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    source: str
    revision: str
    commit: str
    size: int = Field(ge=0)
    sha256: str = Field(pattern=r"^[0-9a-f]{64}$")
    date: datetime


class Manifest(BaseModel):
    """The records of a folder's files, by name."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    version: int = Field(1, ge=1, le=1)
    files: dict[str, FileRecord] = Field(default_factory=dict)

    @classmethod
    def of(cls, folder: Path) -> Manifest:
        """Return the manifest of a folder, or raise BadFileError; empty where there is none."""
        return read_document(folder / NAME, cls)

    def with_file(self, name: str, record: FileRecord) -> Manifest:
        """Return the manifest with one record more."""
        return Manifest(files=self.files | {name: record})

    def without(self, name: str) -> Manifest:
        """Return the manifest with one record less."""
        return Manifest(files={n: r for n, r in self.files.items() if n != name})

    def write(self, folder: Path) -> None:
        """Put it beside the files; an empty one is removed."""
        if self.files:
            write_document(folder / NAME, self)
        else:
            (folder / NAME).unlink(missing_ok=True)
