"""Taking notes of what is done to an image, so that it can be done again without a window."""

from __future__ import annotations

import inspect
import logging
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from functools import wraps
from typing import TYPE_CHECKING, Any, Concatenate, ParamSpec, Protocol, TypeVar, cast

import numpy as np
from pydantic import ValidationError

from napari_zeroseg.core.events import Billed, Compared, HeadLearned, Progress, Remarked, StageStarted
from napari_zeroseg.core.script import ACTION, Act, Answer, Events, Given, Unrecorded

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from napari_zeroseg.core.events import Event
    from napari_zeroseg.core.recipe import Recipe
    from napari_zeroseg.core.script import AnyNote, Author
    from napari_zeroseg.core.suggestion import Decision
    from napari_zeroseg.session.source import PlaneIndex

_log = logging.getLogger(__name__)

P = ParamSpec("P")
R = TypeVar("R")

SILENT = (Billed, Compared, HeadLearned, Progress, Remarked, StageStarted)
"""Events that change no state, and of which there may be more or fewer the next time."""

Circumstances = tuple["Recipe", "Mapping[str, Decision]"]
"""What decides the outcome of an action beside its arguments: the recipe, and earlier decisions."""


class Notebook:
    """The notes on one image, which undo does not take back.

    Parameters
    ----------
    notes : sequence of Note
        Those of an earlier session.
    """

    def __init__(self, notes: Sequence[AnyNote] = ()) -> None:
        self._notes = list(notes)
        self._known: Circumstances | None = None

    @property
    def notes(self) -> tuple[AnyNote, ...]:
        return tuple(self._notes)

    def __len__(self) -> int:
        return len(self._notes)

    def see(self, circumstances: Circumstances) -> None:
        """Note the circumstances, where they are not those that the notes lead to."""
        if circumstances != self._known:
            recipe, decisions = circumstances
            self._notes.append(Given(recipe=recipe.shareable(), decisions=dict(decisions)))
            self._known = circumstances

    def leave(self, circumstances: Circumstances) -> None:
        """Take the circumstances as what the notes lead to."""
        self._known = circumstances

    def act(self, by: Author, verb: str, plane: PlaneIndex, arguments: Mapping[str, Any]) -> None:
        """Note an action; one that cannot be written down is told as such."""
        try:
            action = ACTION.validate_python({"verb": verb} | {k: _plain(v) for k, v in arguments.items()})
            when = datetime.now(UTC).isoformat(timespec="milliseconds")
            self._notes.append(Act(by=by, when=when, plane=plane, action=action))
        except ValidationError as problem:
            _log.warning("There is no note of '%s': %s", verb, problem)
            self._notes.append(Unrecorded())

    def answered(self, answer: Answer) -> None:
        """Note that an answer came."""
        self._notes.append(answer)

    def heard(self, event: Event) -> None:
        """Note that something was found; what was found in a row is one note."""
        if not isinstance(event, SILENT):
            self._count(1, ended=False)

    def ended(self) -> None:
        """Note that the run came to its end."""
        self._count(0, ended=True)

    def _count(self, more: int, *, ended: bool) -> None:
        latest = self._notes[-1] if self._notes else None
        goes_on = isinstance(latest, Events) and not latest.ended
        count = self._notes.pop().count if goes_on else 0  # type: ignore[union-attr]
        self._notes.append(Events(count=count + more, ended=ended))

    def cut(self, length: int) -> None:
        """Forget the latest notes: nothing came of them."""
        if len(self._notes) > length:
            del self._notes[length:]
            self._known = None


def _plain(value: Any) -> Any:
    """Return a value without numpy's scalars, which are no numbers to a validator."""
    if isinstance(value, np.generic):
        return value.item()
    if type(value) in (tuple, list):
        return tuple(map(_plain, value))
    return value


class Noted(Protocol):
    """What takes notes; the session does."""

    author: Author

    @property
    def notebook(self) -> Notebook: ...
    @property
    def circumstances(self) -> Circumstances: ...
    @property
    def shown_plane(self) -> PlaneIndex: ...
    def traces(self) -> tuple[object, ...]: ...


S = TypeVar("S", bound=Noted)


def noted(method: Callable[Concatenate[S, P], R]) -> Callable[Concatenate[S, P], R]:
    """Take a note of each call of a session's method that changes something.

    The method's name must be a verb of :data:`~napari_zeroseg.core.script.AnyAction`, with its parameters.
    """
    signature, verb = inspect.signature(method), method.__name__

    @wraps(method)
    def acted(self: S, *args: P.args, **kwargs: P.kwargs) -> R:
        args = tuple(map(_held, args))  # type: ignore[assignment]
        kwargs = {key: _held(value) for key, value in kwargs.items()}  # type: ignore[assignment]
        notebook, length, before = self.notebook, len(self.notebook), self.traces()
        bound = signature.bind(self, *args, **kwargs)
        bound.apply_defaults()
        arguments = dict(list(bound.arguments.items())[1:])
        notebook.see(self.circumstances)
        notebook.act(self.author, verb, self.shown_plane, arguments)
        try:
            return method(self, *args, **kwargs)
        finally:
            if self.traces() == before:
                notebook.cut(length)
            else:
                notebook.leave(self.circumstances)

    return cast("Callable[Concatenate[S, P], R]", acted)


def _held(value: Any) -> Any:
    """Return what can be gone through twice."""
    return tuple(value) if isinstance(value, Iterator) else value


def performed(session: object, act: Act) -> None:
    """Do again what was noted."""
    method = getattr(session, act.action.verb)
    arguments = act.action.arguments()
    positional: list[Any] = []
    named: dict[str, Any] = {}
    for name, parameter in inspect.signature(method).parameters.items():
        if parameter.kind is parameter.VAR_POSITIONAL:
            positional.extend(arguments[name])
        elif parameter.kind is parameter.KEYWORD_ONLY:
            named[name] = arguments[name]
        else:
            positional.append(arguments[name])
    method(*positional, **named)
