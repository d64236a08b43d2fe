"""Where the files of a batch lie, and which images there are."""

from __future__ import annotations

import glob
import os
from dataclasses import dataclass
from fnmatch import fnmatchcase
from hashlib import blake2b
from itertools import takewhile
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

from napari_zeroseg.core.errors import BadFileError
from napari_zeroseg.export.names import first_free, safe_name
from napari_zeroseg.session.saved.content import Content
from napari_zeroseg.session.saved.places import first_places, numbered

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

CHUNK = 1 << 20


@dataclass(frozen=True, slots=True)
class Places:
    """The parts of the folder that results go into."""

    out: Path

    def results(self, stem: str) -> Path:
        """Return the folder for an image's label images, overlay and record."""
        return self.out / "results" / stem

    @property
    def thumbnails(self) -> Path:
        return self.out / "thumbnails"

    @property
    def work(self) -> Path:
        """The work on each image, for the window to take up."""
        return self.out / "work"

    @property
    def ledger(self) -> Path:
        return self.out / "batch.sqlite"

    @property
    def recipe(self) -> Path:
        """What the results were made by."""
        return self.out / "recipe.json"

    @property
    def report(self) -> Path:
        """The first page of the report."""
        return self.out / "report.html"

    def thumbnail(self, stem: str) -> Path:
        return self.thumbnails / f"{stem}.jpg"

    def work_file(self, image: Path) -> Path:
        """Return where the window saves the work on an image that is opened from the batch."""
        return first_places(Content(None, image), image.name, "", self.work)[0]

    def work_files(self, image: Path) -> tuple[Path, ...]:
        """Return the files with work on an image that are there, of the batch and beside the image."""
        first = (self.work_file(image), first_places(Content(None, image), image.name, "", None)[0])
        return tuple(path for place in first for path in takewhile(Path.is_file, numbered(place)))


class Job(Protocol):
    """Something to do for one image."""

    @property
    def path(self) -> Path: ...
    @property
    def stem(self) -> str: ...


@dataclass(frozen=True, slots=True)
class Item:
    """An image to do.

    Parameters
    ----------
    path : Path
        Absolute.
    stem : str
        What the names of its results begin with.
    content : str
        Digest of the image of which there are results by this order; empty where there are none.
    files : tuple of str
        Names of results that are there.
    """

    path: Path
    stem: str
    content: str = ""
    files: tuple[str, ...] = ()


def images_of(patterns: Iterable[str], out: Path) -> list[Path]:
    """Return the files, and folders of zarr images, that patterns such as ``images/**/*.tif`` mean.

    Files in ``out`` are left out: they are results.

    Raises
    ------
    BadFileError
        When a pattern means nothing.
    """
    found: dict[Path, None] = {}
    for pattern in patterns:
        plain = Path(pattern)
        paths = [pattern] if plain.exists() else _matching(pattern)
        images = [Path(path).absolute() for path in paths if _may_be_image(Path(path))]
        images = [image for image in images if not image.is_relative_to(out.absolute())]
        if not images:
            raise BadFileError(f"There is no image '{pattern}'.", remedy="Quote patterns: 'images/**/*.tif'.")
        found |= dict.fromkeys(images)
    return list(found)


def images_in(folder: Path, names: str, out: Path | None = None, *, below: bool = True) -> list[Path]:
    """Return the images of a folder whose names fit one of some patterns, in the order of their paths.

    Parameters
    ----------
    folder : Path
        Where they lie.
    names : str
        Patterns such as ``"*.tif *.png"``; large and small letters are alike.
    out : Path, optional
        Left out: what lies there are results.
    below : bool
        Look into the folders of the folder too.
    """
    patterns = [pattern.lower() for pattern in names.split()]
    results = out.absolute() if out is not None else None

    def fits(name: str) -> bool:
        return not name.startswith(".") and any(fnmatchcase(name.lower(), p) for p in patterns)

    found: list[Path] = []
    for place, folders, files in os.walk(folder.absolute()):
        here = Path(place)
        found += [here / name for name in (*folders, *files) if fits(name) and _may_be_image(here / name)]
        # what looks like a folder may be one image
        deeper = [name for name in folders if not name.startswith(".") and Path(name).suffix != ".zarr"]
        folders[:] = [name for name in deeper if here / name != results] if below else []
    return sorted(found)


def _matching(pattern: str) -> list[str]:
    return sorted(glob.glob(pattern, recursive=True))  # noqa: PTH207 - patterns may be absolute


def _may_be_image(path: Path) -> bool:
    return path.is_file() or path.suffix == ".zarr"


def named(images: Iterable[Path], known: Mapping[Path, str]) -> dict[Path, str]:
    """Give every image a name for its results: the one it has, or one that no other has."""
    taken = {stem.casefold() for stem in known.values()}
    names: dict[Path, str] = {}
    for image in images:
        stem = known.get(image) or first_free(safe_name(image.stem), taken)
        taken.add(stem.casefold())
        names[image] = stem
    return names


def digest_of(image: Path) -> str:
    """Return a digest of a file's content, or of all files of a folder."""
    digest = blake2b(digest_size=16)
    for path in sorted(image.rglob("*")) if image.is_dir() else [image]:
        if path.is_file():
            digest.update(str(path.relative_to(image.parent)).encode("utf-8", "surrogatepass"))
            with path.open("rb") as file:
                while chunk := file.read(CHUNK):
                    digest.update(chunk)
    return digest.hexdigest()


def stamp_of(*paths: Path) -> int:
    """Return a number that changes when one of the files does; files that are not there count as 0."""
    latest = 0
    for path in paths:
        try:
            state = path.stat()
        except OSError:
            continue
        latest = max(latest, state.st_mtime_ns) ^ state.st_size
    return latest & (2**62 - 1)
