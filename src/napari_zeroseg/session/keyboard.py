"""The keys in force, and a person's choice of them, kept for the next time."""

from __future__ import annotations

import logging
import re
from collections import Counter
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

from psygnal import Signal
from pydantic import BaseModel, ConfigDict, Field

from napari_zeroseg.backends.weights.documents import read_document, write_document
from napari_zeroseg.backends.weights.own_copies import settings_file
from napari_zeroseg.core.errors import ZeroSegError
from napari_zeroseg.session.shortcuts import SHORTCUTS, spelled

if TYPE_CHECKING:
    from napari_zeroseg.session.kept import Do
    from napari_zeroseg.session.shortcuts import Shortcut

_log = logging.getLogger(__name__)

NAMED = "Up|Down|Left|Right|PageUp|PageDown|Home|End|Insert|Delete|Backspace|Escape|Enter|Space|Tab"
KEY = rf"^((Control|Alt|Shift|Meta)-)*([A-Z0-9]|F[1-9]|F1[0-2]|{NAMED})$"
"""Keys that napari has a name for on every keyboard."""


class KeyRefusedError(ZeroSegError):
    """A key cannot be used for a shortcut."""


class ChosenKeys(BaseModel):
    """The keys that a person chose, by the name of the shortcut."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    version: Literal[1] = 1
    keys: Annotated[
        dict[Annotated[str, Field(max_length=50)], Annotated[str, Field(pattern=KEY, max_length=50)]],
        Field(max_length=200),
    ] = {}


class Keyboard:
    """Which key belongs to which shortcut; a key belongs to one only."""

    changed = Signal()

    def __init__(self) -> None:
        self._chosen: dict[str, str] = {}

    @property
    def chosen(self) -> Mapping[str, str]:
        """The keys that are not the usual ones, by the name of the shortcut."""
        return self._chosen

    def key_of(self, shortcut: Shortcut) -> str:
        """Return the key as napari spells it."""
        return self._chosen.get(shortcut.name, shortcut.key)

    def text_of(self, shortcut: Shortcut) -> str:
        """Return the key as a person reads it."""
        return spelled(self.key_of(shortcut))

    def change(self, shortcut: Shortcut, key: str) -> None:
        """Give a shortcut another key.

        Raises
        ------
        KeyRefusedError
            When napari cannot bind the key, or another shortcut has it.
        """
        if not re.fullmatch(KEY, key):
            raise KeyRefusedError(
                "napari has no name for this key.",
                remedy="Use a letter, a digit, an arrow or a function key, with or without Ctrl, Alt, Shift.",
            )
        other = next((s for s in SHORTCUTS if s is not shortcut and self.key_of(s) == key), None)
        if other is not None:
            raise KeyRefusedError(
                f"{spelled(key)} is the key of '{other.text}'.", remedy="Give that one another key first."
            )
        self._set({**self._chosen, shortcut.name: key})

    def reset(self) -> None:
        """Go back to the usual keys."""
        self._set({})

    def take(self, kept: ChosenKeys) -> None:
        """Take the keys of an earlier time; where two shortcuts would share one, the usual ones stay."""
        known = {s.name: kept.keys[s.name] for s in SHORTCUTS if s.name in kept.keys}
        while clashing := _clashing(known):
            _log.warning("The usual keys are used for: %s", ", ".join(sorted(clashing)))
            known = {name: key for name, key in known.items() if name not in clashing}
        self._set(known)

    def _set(self, chosen: Mapping[str, str]) -> None:
        usual = {s.name: s.key for s in SHORTCUTS}
        new = {name: key for name, key in chosen.items() if usual[name] != key}
        if new != self._chosen:
            self._chosen = new
            self.changed.emit()


def _clashing(chosen: Mapping[str, str]) -> set[str]:
    """Return the chosen ones among shortcuts that would share a key."""
    keys = {s.name: chosen.get(s.name, s.key) for s in SHORTCUTS}
    shared = Counter(keys.values())
    return {name for name in chosen if shared[keys[name]] > 1}


def keep_keys(keyboard: Keyboard, do: Do, path: Path | None = None) -> Callable[..., None]:
    """Bring in the keys that were chosen before, and keep those chosen from now on.

    Parameters
    ----------
    keyboard : Keyboard
        Whose keys they are.
    do : callable
        Reads and writes beside the window, one after the other.
    path : Path, optional
        ``keys.json`` in the user's configuration folder by default.

    Returns
    -------
    callable
        Ends it.
    """
    file = path or settings_file().with_name("keys.json")

    def keep() -> None:
        document = ChosenKeys(keys=dict(keyboard.chosen))
        do(lambda: write_document(file, document), _ignore, _warn)

    def stop(*_: object) -> None:
        keyboard.changed.disconnect(keep, missing_ok=True)

    def take(kept: ChosenKeys) -> None:
        keyboard.take(kept)
        keyboard.changed.connect(keep)

    def begin_anew(problem: Exception) -> None:
        _warn(problem)
        keyboard.changed.connect(keep)

    do(lambda: read_document(file, ChosenKeys), take, begin_anew)
    return stop


def _warn(problem: Exception) -> None:
    _log.warning("Changed keys are not kept: %s", problem)


def _ignore(_outcome: Any) -> None:
    """Nobody waits for it."""
