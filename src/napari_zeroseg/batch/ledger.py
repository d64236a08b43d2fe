"""What has become of each image of a batch, in one SQLite file, so that a batch goes on where it stopped."""

from __future__ import annotations

import json
import sqlite3
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from napari_zeroseg.core.errors import BadFileError, ExportError

if TYPE_CHECKING:
    from collections.abc import Iterator

    from napari_zeroseg.batch.measuring import Row

APPLICATION = 0x7A65726C
DONE, CORRECTED, FAILED, UNCHANGED = "done", "corrected", "failed", "unchanged"
_TABLE = """CREATE TABLE IF NOT EXISTS image (
path TEXT PRIMARY KEY, stem TEXT NOT NULL UNIQUE, status TEXT NOT NULL, problem TEXT NOT NULL,
recipe TEXT NOT NULL, content TEXT NOT NULL, stamp INTEGER NOT NULL, work INTEGER NOT NULL,
attempts INTEGER NOT NULL, seconds REAL NOT NULL, counts TEXT NOT NULL, files TEXT NOT NULL,
rows TEXT NOT NULL)"""
_KNOWN = """SELECT path, stem, status, problem, recipe, content, stamp, work, attempts, seconds, counts, files
FROM image ORDER BY path"""
# where an image fails, its older results are still there, and known
_PUT = """INSERT INTO image
(path, stem, status, problem, recipe, content, stamp, work, seconds, counts, files, rows, attempts)
VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, 1)
ON CONFLICT (path) DO UPDATE SET status=excluded.status, problem=excluded.problem, recipe=excluded.recipe,
content=excluded.content, stamp=excluded.stamp, work=excluded.work, seconds=excluded.seconds,
counts=excluded.counts, rows=excluded.rows, attempts=attempts + 1,
files=CASE WHEN excluded.status = 'failed' THEN files ELSE excluded.files END"""
_UNWRITABLE = (
    sqlite3.SQLITE_FULL, sqlite3.SQLITE_READONLY, sqlite3.SQLITE_CANTOPEN, sqlite3.SQLITE_IOERR,
)  # fmt: skip


@dataclass(frozen=True)
class Outcome:
    """What has become of an image.

    Parameters
    ----------
    path : Path
        The image.
    stem : str
        What the names of its results begin with.
    status : str
        ``done``; ``corrected`` where a person answers for masks, which are the result then; ``failed``;
        ``unchanged`` where all was there already.
    problem : str
        Why it failed.
    content : str
        Digest of the image.
    stamp, work : int
        Tell whether the image, or the work on it, has changed since.
    seconds : float
        What it took, computing and waiting.
    counts : dict of str to int
        Objects by class.
    files : tuple of str
        Names of the files in the folder of results.
    rows : tuple of dict
        Measurements, one for each object.
    memory : int
        Bytes that the process held when it was done.
    """

    path: Path
    stem: str
    status: str
    problem: str = ""
    content: str = ""
    stamp: int = 0
    work: int = 0
    seconds: float = 0.0
    counts: dict[str, int] = field(default_factory=dict)
    files: tuple[str, ...] = ()
    rows: tuple[Row, ...] = ()
    memory: int = 0


@dataclass(frozen=True, slots=True)
class Entry:
    """What the ledger knows of an image."""

    path: Path
    stem: str
    status: str
    problem: str
    recipe: str
    content: str
    stamp: int
    work: int
    attempts: int
    seconds: float
    counts: dict[str, int]
    files: tuple[str, ...]


class Ledger:
    """The file; one process writes it.

    Raises
    ------
    BadFileError
        When it is damaged or another kind of file.
    ExportError
        When it cannot be written.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        try:
            self._connection = sqlite3.connect(path, isolation_level=None)
            self._prepare()
        except sqlite3.Error as error:
            raise self._told(error) from error

    def _prepare(self) -> None:
        do = self._connection.execute
        do("PRAGMA trusted_schema=OFF")
        (kind,) = do("PRAGMA application_id").fetchone()
        if kind not in (0, APPLICATION) or (kind == 0 and do("SELECT 1 FROM sqlite_schema").fetchone()):
            raise BadFileError(f"'{self._path}' is no ledger of a batch.", remedy="Choose another folder.")
        do(f"PRAGMA application_id={APPLICATION}")
        do(_TABLE)

    def close(self) -> None:
        self._connection.close()

    def entries(self) -> Iterator[Entry]:
        """Yield what is known, in the order of the images' paths."""
        for path, *plain, counts, files in self._rows(_KNOWN):
            plain += [json.loads(counts), tuple(json.loads(files))]
            yield Entry(Path(path), *plain)

    def measurements(self) -> Iterator[tuple[Path, Row]]:
        """Yield the measurements of all objects, image by image."""
        for path, rows in self._rows("SELECT path, rows FROM image ORDER BY path"):
            for row in json.loads(rows):
                yield Path(path), row

    def put(self, outcome: Outcome, recipe: str) -> None:
        """Write down what has become of an image."""
        o = outcome
        values = (
            str(o.path), o.stem, o.status, o.problem, recipe, o.content, o.stamp, o.work, o.seconds,
            json.dumps(o.counts), json.dumps(o.files), json.dumps(o.rows),
        )  # fmt: skip
        self._write(_PUT, values)

    def touch(self, outcome: Outcome) -> None:
        """Write down that an image is what it was, though its file is another."""
        self._write("UPDATE image SET stamp = ? WHERE path = ?", (outcome.stamp, str(outcome.path)))

    def _write(self, sql: str, values: tuple[object, ...]) -> None:
        try:
            self._connection.execute(sql, values)
        except sqlite3.Error as error:
            raise self._told(error) from error

    def _rows(self, sql: str) -> Iterator[tuple[Any, ...]]:
        try:
            with closing(self._connection.execute(sql)) as found:
                yield from found
        except (sqlite3.Error, ValueError) as error:
            raise self._told(error) from error

    def _told(self, error: Exception) -> BadFileError | ExportError:
        code = getattr(error, "sqlite_errorcode", 0) & 0xFF
        if code in _UNWRITABLE:
            return ExportError(
                f"'{self._path}' could not be written: {error}.",
                kept="Results that are written already are complete.",
                remedy="Free some space or choose another folder, then run the same command again.",
            )
        return BadFileError(
            f"'{self._path}' is damaged: {error}.",
            kept="The results beside it are as they were.",
            remedy="Move it away: all images are done again then, except those that a person corrected.",
        )
