"""What a person agreed to and decided, kept in the user's configuration folder for the next session."""

from __future__ import annotations

import logging
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field

from napari_zeroseg.backends.weights.documents import read_document, write_document
from napari_zeroseg.backends.weights.own_copies import settings_file
from napari_zeroseg.core.consent import TextKind
from napari_zeroseg.core.errors import BadFileError
from napari_zeroseg.session.refining import Decisions

if TYPE_CHECKING:
    from napari_zeroseg.core.consent import Granted
    from napari_zeroseg.session.session import Session

_log = logging.getLogger(__name__)

Do = Callable[[Callable[[], Any], Callable[[Any], None], Callable[[Exception], None]], None]
"""Does work beside the window, then calls back with what came of it."""


class Agreement(BaseModel):
    """Texts of one kind may go to one recipient; the texts themselves are not kept."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    kind: TextKind
    recipient: Annotated[str, Field(min_length=1, max_length=300)]
    when: Annotated[str, Field(max_length=50)] = ""


class Agreements(BaseModel):
    """All agreements of a person."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    version: Literal[1] = 1
    agreements: Annotated[tuple[Agreement, ...], Field(max_length=1000)] = ()


class AgreementFile:
    """Where agreements outlive the program; a file that cannot be read holds none.

    Parameters
    ----------
    path : Path, optional
        ``consents.json`` in the user's configuration folder by default.
    """

    def __init__(self, path: Path | None = None) -> None:
        self.path = path or settings_file().with_name("consents.json")

    def read(self) -> Granted:
        try:
            kept = read_document(self.path, Agreements).agreements
        except BadFileError as problem:
            _log.warning("Agreements will be asked for again: %s", problem)
            return frozenset()
        return frozenset((agreement.kind, agreement.recipient) for agreement in kept)

    def write(self, granted: Granted) -> None:
        when = datetime.now(UTC).isoformat(timespec="seconds")
        rows = (Agreement(kind=kind, recipient=to, when=when) for kind, to in sorted(granted))
        try:
            write_document(self.path, Agreements(agreements=tuple(rows)))
        except BadFileError as problem:
            _log.warning("An agreement holds until the program ends: %s", problem)


class DecisionKeeper:
    """Brings in the decisions on classes of earlier sessions, and keeps those of this one.

    Parameters
    ----------
    session : Session
        Whose decisions they are.
    do : callable
        Reads and writes beside the window, one after the other.
    path : Path, optional
        ``decisions.json`` in the user's configuration folder by default.
    """

    def __init__(self, session: Session, do: Do, path: Path | None = None) -> None:
        self._session = session
        self._do = do
        self.path = path or settings_file().with_name("decisions.json")
        do(lambda: read_document(self.path, Decisions), session.refining.take_decisions, _warn)
        session.refining.decided.connect(self._keep)
        self._open = True

    def _keep(self) -> None:
        decisions = self._session.refining.decisions
        self._do(lambda: write_document(self.path, decisions), _ignore, _warn)

    def close(self, *_: object) -> None:
        """Keep what was decided on the present image too; once."""
        if self._open:
            self._open = False
            self._session.keep_decisions()
            self._session.refining.decided.disconnect(self._keep)


def _warn(problem: Exception) -> None:
    _log.warning("Decisions on classes are not kept: %s", problem)


def _ignore(_outcome: object) -> None:
    """Nobody waits for it."""
