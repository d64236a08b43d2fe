"""Whether the files of a model are still the published ones."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING

from napari_zeroseg.backends.weights.digests import differs, hashed
from napari_zeroseg.backends.weights.manifest import Manifest
from napari_zeroseg.backends.weights.places import place
from napari_zeroseg.backends.weights.store import Place, status

if TYPE_CHECKING:
    from pathlib import Path

    from napari_zeroseg.backends.entry import WeightFile, Weights
    from napari_zeroseg.backends.weights.manifest import FileRecord


class Verdict(StrEnum):
    """What a look at a file says."""

    RIGHT = "as published"
    UNKNOWN = "there, with no checksum to compare"
    ALTERED = "altered or cut off"
    MISSING = "not there"


@dataclass(frozen=True, slots=True)
class Finding:
    """What is true of one file.

    Parameters
    ----------
    file : str
        Its name.
    verdict : Verdict
        In a word.
    detail : str
        What was found and what was expected, where they differ.
    """

    file: str
    verdict: Verdict
    detail: str = ""

    @property
    def is_good(self) -> bool:
        return self.verdict in {Verdict.RIGHT, Verdict.UNKNOWN}


def verify(name: str, weights: Weights, on_bytes: Callable[[int], None] = lambda _: None) -> list[Finding]:
    """Read all files of a backend and compare them with what was published or recorded.

    Parameters
    ----------
    name : str
        Of the backend.
    weights : Weights
        What it loads.
    on_bytes : callable
        Hears how many bytes were read, again and again.

    Raises
    ------
    BadFileError
        When the manifest beside the files cannot be read.
    CancelledError
        When the work is called off.
    """
    found = status(name, weights)
    manifest = Manifest.of(found.folder) if found.place is Place.STORE else Manifest()
    return [_finding(f, found.folder, manifest.files.get(f.name), on_bytes) for f in weights.files]


def _finding(
    file: WeightFile, folder: Path, record: FileRecord | None, on_bytes: Callable[[int], None]
) -> Finding:
    path = place(folder, file.name)
    if not path.is_file():
        return Finding(file.name, Verdict.MISSING)
    size = path.stat().st_size
    if record is not None and size != record.size:
        return Finding(file.name, Verdict.ALTERED, f"{size} bytes, expected {record.size}")
    expected = tuple(filter(None, (file.sha256, record.sha256 if record else "")))
    if not expected:
        return Finding(file.name, Verdict.UNKNOWN)
    sha256 = hashed(path, on_bytes=on_bytes).hexdigest()
    wrong = differs(sha256, expected)
    if wrong:
        return Finding(file.name, Verdict.ALTERED, f"SHA-256 {sha256[:12]}…, expected {wrong[:12]}…")
    return Finding(file.name, Verdict.RIGHT)
