"""Which class each phrase means, who decided it and when: to be seen, edited, locked and shared."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from napari_zeroseg.core.errors import BadFileError
from napari_zeroseg.core.suggestion import PhraseMatch
from napari_zeroseg.core.text import normalized

MAX_FILE_BYTES = 16_000_000

_FROZEN = ConfigDict(extra="forbid", frozen=True)


def _now() -> str:
    return datetime.now(UTC).isoformat(timespec="seconds")


class PhraseRow(BaseModel):
    """One decision.

    Attributes
    ----------
    phrase : str
        As the detector wrote it.
    name : str or None
        The target class, None for no class.
    source : str
        Who decided: ``"you"``, ``"llm"``, ``"embedding"``, ``"synonym"``, ``"name"``.
    score : float
        0..1.
    when : str
        UTC, ISO 8601; empty when not known.
    locked : bool
        No machine changes it.
    """

    model_config = _FROZEN

    phrase: Annotated[str, Field(min_length=1, max_length=500)]
    name: Annotated[str, Field(max_length=500)] | None
    source: Annotated[str, Field(max_length=50)] = "you"
    score: Annotated[float, Field(ge=0, le=1)] = 1.0
    when: Annotated[str, Field(max_length=50)] = ""
    locked: bool = False

    @property
    def match(self) -> PhraseMatch:
        return PhraseMatch(self.phrase, self.name, self.source, self.score)


class PhraseTable(BaseModel):
    """Decisions on phrases, at most one per phrase; spelling and number of spaces do not matter."""

    model_config = _FROZEN

    version: Literal[1] = 1
    rows: tuple[PhraseRow, ...] = ()

    def find(self, phrase: str, names: Iterable[str]) -> PhraseMatch | None:
        """Return the decision on a phrase, unless it is for a class that is not among ``names``."""
        row = self._by_key().get(normalized(phrase))
        if row is None or not (row.name is None or row.name in names):
            return None
        return PhraseMatch(phrase, row.name, row.source, row.score)

    def learned(self, matches: Iterable[PhraseMatch]) -> PhraseTable:
        """Return the table with what a machine decided now; locked rows stay as they are."""
        rows, when = self._by_key(), _now()
        for match in matches:
            key = normalized(match.phrase)
            if key not in rows or not rows[key].locked:
                rows[key] = PhraseRow(
                    phrase=match.phrase, name=match.name, source=match.source, score=match.score, when=when
                )
        return PhraseTable(rows=tuple(rows.values()))

    def decided(self, phrase: str, name: str | None) -> PhraseTable:
        """Return the table with a person's decision, which is locked."""
        row = PhraseRow(phrase=phrase, name=name, when=_now(), locked=True)
        return PhraseTable(rows=tuple((self._by_key() | {normalized(phrase): row}).values()))

    def with_lock(self, phrase: str, *, locked: bool) -> PhraseTable:
        """Return the table with one row locked or unlocked."""
        key = normalized(phrase)
        return PhraseTable(
            rows=tuple(
                row.model_copy(update={"locked": locked}) if normalized(row.phrase) == key else row
                for row in self.rows
            )
        )

    def without(self, phrase: str) -> PhraseTable:
        """Return the table without a phrase, so that it is asked again."""
        key = normalized(phrase)
        return PhraseTable(rows=tuple(row for row in self.rows if normalized(row.phrase) != key))

    def joined(self, other: PhraseTable) -> PhraseTable:
        """Return both tables as one; the other's rows win, but over locked ones only when locked."""
        rows = self._by_key()
        for key, row in other._by_key().items():
            if key not in rows or row.locked or not rows[key].locked:
                rows[key] = row
        return PhraseTable(rows=tuple(rows.values()))

    def _by_key(self) -> dict[str, PhraseRow]:
        return {normalized(row.phrase): row for row in self.rows}

    def write(self, path: Path) -> None:
        path.write_text(self.model_dump_json(indent=2) + "\n", encoding="utf-8")

    @classmethod
    def read(cls, path: Path) -> PhraseTable:
        """Read and validate a table.

        Raises
        ------
        BadFileError
            When the file cannot be read, is too large, or is no phrase table.
        """
        try:
            if path.stat().st_size > MAX_FILE_BYTES:
                raise BadFileError(f"'{path.name}' is too large to be a phrase table.")
            return cls.model_validate_json(path.read_bytes())
        except OSError as error:
            raise BadFileError(f"The phrase table '{path}' could not be read: {error.strerror}.") from error
        except ValidationError as error:
            first = error.errors()[0]
            where = ".".join(str(part) for part in first["loc"]) or "document"
            raise BadFileError(
                f"'{path.name}' is not a phrase table: {where}: {first['msg']}.",
                remedy="Mend that entry, or save a new table.",
            ) from error
