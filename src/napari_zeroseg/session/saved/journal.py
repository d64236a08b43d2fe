"""The saved work of one image: finding what is there, and writing on."""

from __future__ import annotations

from contextlib import suppress
from typing import TYPE_CHECKING

from napari_zeroseg.core.errors import BadFileError
from napari_zeroseg.session.saved.places import numbered
from napari_zeroseg.session.saved.store import BusyFileError, SessionFile, UnsavedError

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence
    from pathlib import Path

    from napari_zeroseg.core.errors import ZeroSegError
    from napari_zeroseg.session.history import Timeline
    from napari_zeroseg.session.saved.document import ImageSpec
    from napari_zeroseg.session.saved.store import Saved


class Journal:
    """Reads and writes the files of one image; all calls come from one thread.

    Work that was found is never written over: unless it is taken up, new work goes into another file.

    Parameters
    ----------
    image : ImageSpec
        The image as it is now.
    places : sequence of Path
        Where its files belong, the best one first.
    """

    def __init__(self, image: ImageSpec, places: Sequence[Path]) -> None:
        self.image = image
        self._places = tuple(places)
        self._file: SessionFile | None = None
        self._found: SessionFile | None = None
        self._lent: Path | None = None

    @property
    def path(self) -> Path | None:
        """The file that is written, None before the first save."""
        return self._file.path if self._file is not None else self._lent

    @property
    def found_path(self) -> Path | None:
        """The file with earlier work that nobody has decided on."""
        return self._found.path if self._found is not None else None

    def look(self, ours: Collection[Path | None] = ()) -> tuple[Saved | None, list[ZeroSegError]]:
        """Return the latest work that was saved of the image, and what is wrong with other files of it.

        ``ours`` are files of other images that this window has open.
        """
        best: Saved | None = None
        problems: list[ZeroSegError] = []
        there = (p for place in self._places for p in numbered(place) if p.exists())
        for path in (p for p in there if p not in ours):
            try:
                best = self._better(best, SessionFile(path))
            except (BadFileError, UnsavedError) as problem:
                problems.append(problem)
        return best, problems

    def _better(self, best: Saved | None, file: SessionFile) -> Saved | None:
        """Keep the file with the later work open and close the other."""
        try:
            saved = file.read()
        except BaseException:
            file.close()
            raise
        if saved is None or not _fits(saved.image, self.image) or (best and best.when >= saved.when):
            file.close()
            return best
        if self._found is not None:
            self._found.close()
        self._found = file
        return saved

    def take_up(self) -> None:
        """Go on in the file that was found; what was written elsewhere meanwhile stays there."""
        if self._found is not None:
            self._close_file()
            self._file, self._found = self._found, None

    def start_anew(self) -> None:
        """Leave the file that was found as it is."""
        if self._found is not None:
            self._found.close()
            self._found = None

    def write(self, timeline: Timeline) -> tuple[Path, list[UnsavedError]]:
        """Save the work; return the file, and what was tried in vain before.

        Raises
        ------
        UnsavedError
            When no place takes it; each call tries anew.
        """
        failed: list[UnsavedError] = []
        self._take_back()
        if self._file is not None:
            try:
                self._file.write(self.image, timeline)
                return self._file.path, failed
            except UnsavedError as problem:
                failed.append(problem)
                self._close_file()
        for place in self._places:
            try:
                return self._begin(place, timeline), failed
            except UnsavedError as problem:
                failed.append(problem)
        raise failed[0]

    def lend(self) -> None:
        """Let others read the file, until more is written to it."""
        if self._file is not None:
            self._lent = self._file.path
            self._close_file()

    def _take_back(self) -> None:
        lent, self._lent = self._lent, None
        if lent is not None and self._file is None:
            # where somebody reads it just now, what comes goes into another file
            with suppress(BadFileError, UnsavedError):
                self._file = SessionFile(lent)

    def _begin(self, first: Path, timeline: Timeline) -> Path:
        """Make a new file for all of the work."""
        _make_folder(first.parent)
        for path in numbered(first):
            if path.exists():
                continue
            with suppress(BusyFileError):
                self._file = SessionFile(path)
                self._write_first(self._file, timeline)
                return path
        raise UnsavedError(
            f"There are too many files of this image in '{first.parent}'.",
            kept="The work in the window goes on.",
            remedy="Move away those that you do not need.",
        )

    def _write_first(self, file: SessionFile, timeline: Timeline) -> None:
        try:
            file.write(self.image, timeline)
        except UnsavedError:
            self._close_file()
            # it holds nothing yet
            with suppress(OSError):
                file.path.unlink(missing_ok=True)
            raise

    def _close_file(self) -> None:
        if self._file is not None:
            self._file.close()
            self._file = None

    def close(self) -> None:
        """Let go of all files."""
        self.start_anew()
        self._close_file()


def _fits(saved: ImageSpec, image: ImageSpec) -> bool:
    same_grid = (saved.shape, saved.depth) == (image.shape, image.depth)
    # one file can hold several images, which differ in name and content
    return same_grid and (saved.fingerprint == image.fingerprint or saved.name == image.name)


def _make_folder(folder: Path) -> None:
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as problem:
        raise UnsavedError(
            f"The folder '{folder}' could not be made: {problem.strerror or problem}.",
            kept="The work in the window goes on.",
            remedy="Choose another folder under Autosave.",
        ) from problem
