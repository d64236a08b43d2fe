"""Doing again what notes tell, without a window: answers come where they came then."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import TYPE_CHECKING, Any

from napari_zeroseg.backends.registry import Backends, backends_of
from napari_zeroseg.core.errors import BadImageError, ZeroSegError
from napari_zeroseg.core.script import Act, Answer, AnyNote, Events, Given
from napari_zeroseg.session.noting import SILENT, performed
from napari_zeroseg.session.runner import Runner
from napari_zeroseg.session.session import Session

if TYPE_CHECKING:
    from napari_zeroseg.core.channels import Composition
    from napari_zeroseg.core.recipe import Recipe
    from napari_zeroseg.session.source import ImageSource, PlaneIndex

Show = Callable[["Composition | None"], "ImageSource"]
"""Gives the image as a composition shows it."""

TOPICS = {"prompt": "", "looks": "looks"}
"""What the runner calls the questions that notes tell of."""


class ReplayError(ZeroSegError):
    """The notes do not lead on from here."""


class Steps(Runner):
    """Works when it is told to, and as far as it is told."""

    def __init__(self) -> None:
        super().__init__()
        self._work: Iterator[Any] | None = None
        self._on_event: Callable[[Any], None] = _ignore
        self._on_end: Callable[[BaseException | None], None] = _ignore
        self._pending: dict[str, Callable[[], None]] = {}

    def start(
        self,
        work: Callable[[], Iterator[Any]],
        on_event: Callable[[Any], None],
        on_end: Callable[[BaseException | None], None],
    ) -> None:
        self.cancel()
        self._work, self._on_event, self._on_end = work(), on_event, on_end

    def ask(
        self,
        work: Callable[[], Any],
        on_answer: Callable[[Any], None],
        on_problem: Callable[[BaseException], None],  # noqa: ARG002 - a problem ends the replay
        topic: str = "",
        patience: float = 0.0,  # noqa: ARG002 - nobody waits
    ) -> None:
        self._questions[topic] += 1
        self._pending[topic] = lambda: on_answer(work())

    def cancel(self) -> None:
        super().cancel()
        self._work = None

    def answer(self, topic: str) -> None:
        """Answer the latest question on a topic."""
        if topic in self._pending:
            self._pending.pop(topic)()

    def advance(self, count: int) -> None:
        """Deliver so many events of the present run that say something.

        Raises
        ------
        ReplayError
            When the run says less than it did.
        """
        for _ in range(count):
            if not self._delivered():
                raise _differs("A run found less than it did then.")

    def end(self) -> None:
        """Let the present run come to its end.

        Raises
        ------
        ReplayError
            When it says more than it did.
        """
        if self._work is None:
            return
        problem: BaseException | None = None
        try:
            more = self._delivered()
        except Exception as error:  # noqa: BLE001 - as a runner does: it ended like this then, too
            problem, more = error, False
        if more:
            raise _differs("A run found more than it did then.")
        self._work = None
        self._on_end(problem)

    def _delivered(self) -> bool:
        """Deliver events up to the next that says something; False when there is none."""
        for event in self._work or ():
            self._on_event(event)
            if not isinstance(event, SILENT):
                return True
        return False


def replay(
    notes: Sequence[AnyNote], show: Show, backends: Callable[[Recipe], Backends] = backends_of
) -> Session:
    """Do again what was done to an image.

    Parameters
    ----------
    notes : sequence of Note
        From the beginning.
    show : callable
        Gives the image as a composition shows it.
    backends : callable, optional
        Gives the backends of a recipe; the catalog's by default.

    Returns
    -------
    Session
        With the image open, as it was in the end.

    Raises
    ------
    ZeroSegError
        When the notes begin in the midst of the work, or lead elsewhere now: the image, a model or its
        weights are others.
    """
    runner = Steps()
    session = Session(runner, backends=backends)
    session.open(show(None))
    for note in notes:
        match note:
            case Given():
                session.assume(note.recipe, note.decisions)
                session.open(show(note.recipe.composition).on(session.shown_plane))
            case Act():
                _go_to(session, note.plane)
                performed(session, note)
            case Answer(topic=topic):
                runner.answer(TOPICS[topic])
            case Events(count=count, ended=ended):
                runner.advance(count)
                if ended:
                    runner.end()
            case _:
                raise ReplayError(
                    "Not everything that was done to this image was recorded.",
                    remedy="The masks themselves are in the saved work: open the image and restore it.",
                )
    return session


def _go_to(session: Session, plane: PlaneIndex) -> None:
    source = session.source
    assert source is not None
    if plane == source.plane or (not plane and source.depth):
        return
    if len(plane) != len(source.depth) or any(p >= d for p, d in zip(plane, source.depth, strict=True)):
        raise BadImageError(
            f"The recorded work was done on plane {plane}, which this image does not have.",
            remedy="Give the image that it was done on.",
        )
    session.open(source.on(plane))


def _differs(happened: str) -> ReplayError:
    return ReplayError(
        happened, remedy="Use the same image, the same version of the program and the same weights."
    )


def _ignore(_: object) -> None:
    """Nothing is going on."""
