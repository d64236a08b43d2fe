"""The file in which the work on one image is kept.

An SQLite file, because its commits are all or nothing whatever kills the process, and stay when the
power goes (``synchronous=EXTRA``). It keeps a rollback journal and no write-ahead log: after each
commit the one file holds everything, so that a person can copy or move it beside its image. The lock
is held while it is open (``locking_mode=EXCLUSIVE``): two windows never write the same file, and the
system frees the lock of a process that was killed.
"""

from __future__ import annotations

import sqlite3
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from napari_zeroseg.core.errors import BadFileError, ZeroSegError
from napari_zeroseg.session.history import Timeline
from napari_zeroseg.session.saved.document import Root
from napari_zeroseg.session.saved.packing import MAX_THING, DamagedError, Packer, Unpacker

if TYPE_CHECKING:
    from pathlib import Path

    from napari_zeroseg.session.saved.document import ImageSpec

SUFFIX = ".zeroseg"
APPLICATION = 0x7A65726F  # "zero"
FORMAT = 2
"""1 had neither notes nor a recipe."""
MAX_ROOT = 64 << 20
SMALLEST_PAGE = 512
SAVES_TO_TIDY = 100
"""After so many saves what no step needs any more is deleted."""
_SCHEMA = (
    "CREATE TABLE root (id INTEGER PRIMARY KEY, body BLOB NOT NULL)",
    "CREATE TABLE thing (name TEXT PRIMARY KEY, body BLOB NOT NULL) WITHOUT ROWID",
)
_FULL = "The disk is full"
_REASONS = {
    sqlite3.SQLITE_FULL: _FULL,
    sqlite3.SQLITE_READONLY: "It may not be written",
    sqlite3.SQLITE_CANTOPEN: "It cannot be opened for writing",
    sqlite3.SQLITE_PERM: "It may not be written",
    sqlite3.SQLITE_IOERR: "The disk does not take it",
    sqlite3.SQLITE_TOOBIG: "A mask is too large",
}


class BusyFileError(BadFileError):
    """Another window is saving into the file."""


class UnsavedError(ZeroSegError):
    """The work could not be saved in a place."""


@dataclass(frozen=True, slots=True, eq=False)
class Saved:
    """What was read from a file.

    Parameters
    ----------
    image : ImageSpec
        What it was made on.
    when : datetime
        When it was saved.
    timeline : Timeline
        The work with its history.
    lost : str
        What of it could not be read, as a sentence; empty where all was.
    """

    image: ImageSpec
    when: datetime
    timeline: Timeline
    lost: str = ""


class SessionFile:
    """An open file, locked against other windows until it is closed.

    Parameters
    ----------
    path : Path
        Made if it is not there.

    Raises
    ------
    BusyFileError
        When another window has it open.
    BadFileError
        When it is no file of this kind, of a newer version, or damaged; it is left as it is.
    UnsavedError
        When it cannot be made or written.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self._saves = 0
        self._check_size()
        try:
            self._connection = sqlite3.connect(path, timeout=0, isolation_level=None)
        except sqlite3.Error as problem:
            raise self._told(problem) from problem
        try:
            self._lock()
            self._packer = Packer(name for (name,) in self._all("SELECT name FROM thing"))
        except sqlite3.Error as problem:
            self.close()
            raise self._told(problem) from problem
        except BaseException:
            self.close()
            raise

    def _check_size(self) -> None:
        # SQLite takes what is shorter than a page for a new file, and would write over it
        with suppress(OSError):
            if 0 < self.path.stat().st_size < SMALLEST_PAGE:
                raise self._refused("is damaged: it is too short")

    def _lock(self) -> None:
        do = self._connection.execute
        # the file may come from anywhere: nothing in it is run
        do("PRAGMA trusted_schema=OFF")
        do("PRAGMA cell_size_check=ON")
        self._connection.setlimit(sqlite3.SQLITE_LIMIT_LENGTH, MAX_THING)
        do("PRAGMA locking_mode=EXCLUSIVE")
        do("BEGIN EXCLUSIVE")
        if self._is_new():
            do(f"PRAGMA application_id={APPLICATION}")
            do(f"PRAGMA user_version={FORMAT}")
            for table in _SCHEMA:
                do(table)
        self._check_kind()
        do("COMMIT")
        do("PRAGMA synchronous=EXTRA")

    def _is_new(self) -> bool:
        return not self._all("SELECT 1 FROM sqlite_schema") and self._one("PRAGMA application_id") == 0

    def _check_kind(self) -> None:
        if self._one("PRAGMA application_id") != APPLICATION:
            raise self._refused("is no saved work of napari-zeroseg")
        if self._one("PRAGMA user_version") > FORMAT:
            raise self._refused(
                "was saved by a newer version of napari-zeroseg", "Open it with that version."
            )
        found = {sql for (sql,) in self._all("SELECT sql FROM sqlite_schema WHERE type != 'index'")}
        if found != set(_SCHEMA):
            raise self._refused("is no saved work of napari-zeroseg")

    def close(self) -> None:
        """Let go of the file."""
        with suppress(sqlite3.Error):
            self._connection.close()

    def read(self) -> Saved | None:
        """Return what is in the file, None for a new one.

        Raises
        ------
        DamagedError
            When even the present state cannot be read; the file is left as it is.
        """
        try:
            return self._read()
        except sqlite3.Error as problem:
            raise self._told(problem) from problem
        except DamagedError as problem:
            raise self._refused(f"is damaged: {problem.happened}") from problem

    def _read(self) -> Saved | None:
        rows = self._all("SELECT body FROM root WHERE id = 1 AND length(body) <= ?", MAX_ROOT)
        if not rows:
            if self._all("SELECT 1 FROM thing LIMIT 1"):
                raise DamagedError("Its first page is gone.")
            return None
        try:
            root = Root.model_validate_json(rows[0][0])
            when = datetime.fromisoformat(root.saved)
        except ValueError as problem:  # pydantic's errors are ValueErrors too
            raise DamagedError("Its first page cannot be read.") from problem
        unpacker = Unpacker(self._body, root.image)
        # from the present outwards: what is nearest is kept where something is damaged
        present = unpacker.state(root.present)
        past = unpacker.steps(reversed(root.past))[::-1]
        future = unpacker.steps(reversed(root.future))[::-1]
        missing = len(root.past) + len(root.future) - len(past) - len(future)
        timeline = Timeline(
            tuple(past), present, tuple(future), unpacker.notes(root.notes), unpacker.recipe(root.recipe)
        )
        return Saved(root.image, when, timeline, _lost(unpacker, missing))

    def _body(self, name: str) -> bytes:
        try:
            rows = self._all("SELECT body FROM thing WHERE name = ?", name)
        except sqlite3.Error as problem:
            raise DamagedError("A part of it is damaged.") from problem
        if not rows or not isinstance(rows[0][0], bytes):
            raise DamagedError("A part of it is missing.")
        body: bytes = rows[0][0]
        return body

    def write(self, image: ImageSpec, timeline: Timeline) -> None:
        """Make the file hold this work; only what is new is written.

        Raises
        ------
        UnsavedError
            When it cannot be written; the file holds what it held before.
        """
        root = Root(
            image=image,
            saved=datetime.now(UTC).isoformat(timespec="milliseconds"),
            past=self._packer.steps(timeline.past),
            present=self._packer.state(timeline.present),
            future=self._packer.steps(timeline.future),
            notes=self._packer.notes(timeline.notes),
            recipe=self._packer.recipe(timeline.recipe) if timeline.recipe is not None else None,
        )
        try:
            with self._connection:
                self._store(root)
        except sqlite3.Error as problem:
            raise self._told(problem) from problem

    def _store(self, root: Root) -> None:
        do = self._connection.execute
        do("BEGIN")
        do(f"PRAGMA user_version={FORMAT}")
        add = "INSERT OR REPLACE INTO thing VALUES (?, ?)"
        self._connection.executemany(add, self._packer.fresh.items())
        do("INSERT OR REPLACE INTO root VALUES (1, ?)", (root.model_dump_json().encode(),))
        do("COMMIT")
        self._packer.settle()
        self._saves += 1
        if self._saves % SAVES_TO_TIDY == 0:
            self._tidy(root)

    def _tidy(self, root: Root) -> None:
        states = (root.present, *(step.before for side in (root.past, root.future) for step in side))
        gone = self._packer.forget_all_but((*states, *filter(None, (root.notes, root.recipe))))
        self._connection.execute("BEGIN")
        self._connection.executemany("DELETE FROM thing WHERE name = ?", ((name,) for name in gone))
        self._connection.execute("COMMIT")

    def _all(self, sql: str, *values: object) -> list[Any]:
        return self._connection.execute(sql, values).fetchall()

    def _one(self, sql: str) -> Any:
        return self._connection.execute(sql).fetchone()[0]

    def _refused(self, why: str, remedy: str = "Move it away if you do not need it.") -> BadFileError:
        return BadFileError(f"'{self.path}' {why}.", kept="It is left as it is.", remedy=remedy)

    def _told(self, problem: sqlite3.Error) -> ZeroSegError:
        code = getattr(problem, "sqlite_errorcode", 0) & 0xFF
        if code in (sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED):
            return BusyFileError(
                f"Another window saves its work in '{self.path}'.", kept="It is left as it is."
            )
        if code in _REASONS:
            return UnsavedError(
                f"The work could not be saved in '{self.path}': {_REASONS[code]}.",
                kept="The work in the window goes on.",
                remedy="Free some space, or choose another folder under Autosave.",
            )
        return self._refused(f"is damaged: {problem}")


def _lost(unpacker: Unpacker, steps: int) -> str:
    parts = []
    if unpacker.lost:
        parts.append(f"{len(unpacker.lost)} masks")
    if unpacker.lost_pieces:
        parts.append(f"{unpacker.lost_pieces} parts of lists")
    if steps:
        parts.append(f"{steps} steps of undo and redo")
    return f"The file is damaged; what could not be read: {', '.join(parts)}." if parts else ""
