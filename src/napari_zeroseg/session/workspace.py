"""What all actions on a session share: the state, its image, the undo stack and the models' thread."""

from __future__ import annotations

import logging
from collections.abc import Callable, Hashable, Mapping
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING

from psygnal import Signal

from napari_zeroseg.backends.registry import Backends, backends_of
from napari_zeroseg.core.errors import NotNowError, ZeroSegError
from napari_zeroseg.core.recipe import Recipe
from napari_zeroseg.core.vocabulary import Vocabulary
from napari_zeroseg.session import changes
from napari_zeroseg.session.hand import Hand
from napari_zeroseg.session.history import History
from napari_zeroseg.session.noting import noted
from napari_zeroseg.session.readiness import Action, Activity, resolve
from napari_zeroseg.session.refining import Refining
from napari_zeroseg.session.runner import Runner
from napari_zeroseg.session.scope import Reach
from napari_zeroseg.session.sight import Sight
from napari_zeroseg.session.state import State

if TYPE_CHECKING:
    from napari_zeroseg.core.script import Author
    from napari_zeroseg.core.suggestion import Decision
    from napari_zeroseg.session.history import Timeline
    from napari_zeroseg.session.noting import Circumstances, Notebook
    from napari_zeroseg.session.source import ImageSource, PlaneIndex

_log = logging.getLogger(__name__)


class Workspace:
    """The state of the image that is worked on, its history, and the events that views listen to.

    Parameters
    ----------
    runner : Runner, optional
        Where models are called; inline by default.
    recipe : Recipe, optional
        Backends and parameters; its classes are the first vocabulary.
    backends : callable, optional
        Gives the backends of a recipe; the catalog's by default.
    """

    changed = Signal(State, State)
    """The new state and the one before it."""
    source_changed = Signal(object)
    """The new :class:`ImageSource`, or None."""
    forgotten = Signal(object)
    """The key of an image that is gone."""
    activity_changed = Signal(Activity)
    """What the models' thread is doing."""
    problem_raised = Signal(ZeroSegError)
    """Something went wrong; the text is for the user."""
    noticed = Signal(str)
    """Something worth saying that is no problem."""

    def __init__(
        self,
        runner: Runner | None = None,
        recipe: Recipe | None = None,
        backends: Callable[[Recipe], Backends] = backends_of,
    ) -> None:
        self.author: Author = "person"
        self.hand = Hand()
        self.reach = Reach()
        self.sight = Sight()
        self._runner = runner or Runner()
        self.refining = Refining(recipe or Recipe())
        self._backends = backends
        self._source: ImageSource | None = None
        self._activity = Activity()
        # without an image there is a history too: classes can be named before one is open
        self._history = History(State(vocabulary=self.refining.recipe.vocabulary))
        self._histories: dict[Hashable, History] = {}

    # what views read

    @property
    def state(self) -> State:
        return self._history.present

    @property
    def source(self) -> ImageSource | None:
        return self._source

    @property
    def activity(self) -> Activity:
        return self._activity

    @property
    def recipe(self) -> Recipe:
        """The recipe with the present classes and decisions, for images shown as the present one is."""
        recipe = self.refining.recipe.with_vocabulary(self.state.vocabulary)
        recipe = recipe.looking_for(self.state.accepted_names)
        return recipe if self._source is None else recipe.showing(self._source.composition)

    @property
    def undo_text(self) -> str:
        return self._history.undo_text

    @property
    def redo_text(self) -> str:
        return self._history.redo_text

    @property
    def readiness(self) -> Mapping[Action, str]:
        """For every action the reason why it cannot be done now, or an empty text."""
        there = self._source is None or bool(self.reach.scope(self._source).planes)
        texts = {"undo": self.undo_text, "redo": self.redo_text}
        return resolve(self.state, self._source, self._activity, planes=there, **texts)

    @property
    def timeline(self) -> Timeline:
        """The state of the present image with its history, as an immutable value."""
        return replace(self._history.timeline, recipe=self.recipe.shareable())

    # what notes are taken of

    @property
    def notebook(self) -> Notebook:
        """The notes on the present image."""
        return self._history.notebook

    @property
    def circumstances(self) -> Circumstances:
        """What decides an action's outcome beside its arguments."""
        return self.recipe, dict(self.refining.defaults(self.state.vocabulary))

    @property
    def shown_plane(self) -> PlaneIndex:
        """The indices of the plane that is worked on."""
        return self._place()

    def traces(self) -> tuple[object, ...]:
        """Return what differs after every action that did something."""
        return self.state, self._runner.run, self._runner.question_count

    def assume(self, recipe: Recipe, decisions: Mapping[str, Decision]) -> None:
        """Take what a note says to hold from here on; its classes become the image's."""
        self.refining.assume(recipe, decisions)
        if recipe.vocabulary != self.state.vocabulary:
            self._amend(changes.set_vocabulary(self.state, recipe.vocabulary))

    # the image

    def open(self, source: ImageSource | None) -> None:
        """Work on another image or plane; each image keeps its own state and undo stack.

        The classes come along. A run on another image is cancelled; one on another plane of
        the same image goes on. A new source of the same plane takes the old one's place, because
        the image may be shown in another way now.
        """
        if self._same_place(source):
            self._source = source
            self.sight.changed.emit(source)
            return
        same_image = _key(source) == _key(self._source)
        if not same_image:
            self.cancel("Another image was chosen.")
        before = self.state
        if source is not None and not same_image:
            self.keep_decisions()
            self._history = self._history_for(source.key, before)
        self._source = source
        self.source_changed.emit(source)
        self.sight.changed.emit(source)
        self.changed.emit(self.state, before)

    def _same_place(self, source: ImageSource | None) -> bool:
        old = self._source
        if old is None or source is None:
            return old is source
        return (old.key, old.plane, old.blocked) == (source.key, source.plane, source.blocked)

    def _history_for(self, key: Hashable, before: State) -> History:
        if key not in self._histories:
            is_first = not self._histories
            # the first image takes over what was done before there was one
            self._histories[key] = self._history if is_first else History(State(before.vocabulary))
        history = self._histories[key]
        history.amend(changes.set_vocabulary(history.present, _joined(before.vocabulary, history.present)))
        return history

    def forget(self, key: Hashable) -> None:
        """Drop an image that is gone, with all that was done on it."""
        if self._source is not None and self._source.key == key:
            self.cancel("The image was removed.")
            vocabulary, before = self.state.vocabulary, self.state
            self._history = History(State(vocabulary))
            self._source = None
            self.source_changed.emit(None)
            self.sight.changed.emit(None)
            self.changed.emit(self.state, before)
        self._histories.pop(key, None)
        self.forgotten.emit(key)

    def restore(self, timeline: Timeline) -> None:
        """Take up work on the present image that was saved, in place of what there is."""
        self.cancel("Saved work is restored.")
        self._move(partial(self._take_up, timeline))

    def _take_up(self, timeline: Timeline) -> None:
        assert self._source is not None
        self._history = self._histories[self._source.key] = History.of(timeline)

    def keep_decisions(self) -> None:
        """Let what is decided here be the default for the next image with the same classes."""
        self.refining.remember_decisions(self.state.vocabulary, self.state.suggestions)

    def close(self) -> None:
        """Stop everything."""
        self._runner.close()

    # steps back and forward

    @noted
    def cancel(self, why: str = "Cancelled.") -> None:
        """Stop the run; what it had found is taken back."""
        if not self._activity.running:
            return
        self._withdraw()
        self.noticed.emit(f"{why} Everything is as it was before the run.")

    def _withdraw(self) -> None:
        run, before = self._runner.run, self.state
        self._runner.cancel()
        self._set_activity(Activity())
        if self._history.withdraw(run):
            self.changed.emit(self.state, before)

    @noted
    def undo(self) -> None:
        """Take the latest step back; a run that is going on is stopped first."""
        if self._activity.running and self._history.undo_text:
            run = self._runner.run
            before = self.state
            self._runner.cancel()
            self._set_activity(Activity())
            if self._history.withdraw(run):
                self.changed.emit(self.state, before)
                return
        self._require(Action.UNDO)
        self._move(self._history.undo)

    @noted
    def redo(self) -> None:
        """Do again what was taken back."""
        self._require(Action.REDO)
        self._move(self._history.redo)

    def _move(self, step: Callable[[], None]) -> None:
        before = self.state
        step()
        self.changed.emit(self.state, before)

    # plumbing

    def _place(self) -> tuple[int, ...]:
        return self._source.plane if self._source is not None else ()

    def _require(self, action: Action) -> None:
        reason = self.readiness[action]
        if reason:
            raise NotNowError(reason, kept="")

    def _push(self, text: str, state: State) -> None:
        before = self.state
        self._history.push(text, state)
        self.changed.emit(state, before)

    def _push_run(self, text: str, state: State) -> None:
        before = self.state
        self._history.push(text, state, self._runner.run)
        self.changed.emit(state, before)

    def _amend(self, state: State) -> None:
        before = self.state
        self._history.amend(state)
        self.changed.emit(state, before)

    def _set_activity(self, activity: Activity) -> None:
        self._activity = activity
        self.activity_changed.emit(activity)


def _key(source: ImageSource | None) -> Hashable:
    return source.key if source is not None else None


def _joined(vocabulary: Vocabulary, state: State) -> Vocabulary:
    """Return the present classes, with those of an image's instances that they lack."""
    used = {i.name for i in state.instances} - set(vocabulary.names)
    return Vocabulary((*vocabulary.classes, *(c for c in state.vocabulary if c.name in used)))


def explained(problem: BaseException) -> ZeroSegError:
    """Return a problem as an error for a person; what is unknown goes to the log too."""
    if isinstance(problem, ZeroSegError):
        return problem
    _log.error("A model failed", exc_info=problem)
    if isinstance(problem, MemoryError):
        return ZeroSegError(
            "There is not enough memory for this image.",
            kept="Everything is as it was.",
            remedy="Crop it, or close other programs.",
        )
    return ZeroSegError(
        f"A model failed: {type(problem).__name__}: {problem}",
        kept="Everything is as it was before the run.",
        remedy="Try again; if it fails again, report it with the log.",
    )
