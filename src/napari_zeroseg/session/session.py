"""The session: every action of a person or a script, and the events that views listen to."""

from __future__ import annotations

import logging
from collections.abc import Callable, Hashable, Iterable, Iterator, Mapping
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING, Any

from psygnal import Signal

from napari_zeroseg.backends.registry import Backends, backends_of, names_of
from napari_zeroseg.backends.roles import LanguageModelRefiner
from napari_zeroseg.core.compose import Claims
from napari_zeroseg.core.errors import NotNowError, ZeroSegError
from napari_zeroseg.core.events import (
    Billed,
    Described,
    Detected,
    Event,
    Found,
    LooksWritten,
    Progress,
    StageStarted,
    Suggested,
    Tagged,
)
from napari_zeroseg.core.guidance import Example
from napari_zeroseg.core.instance import Provenance
from napari_zeroseg.core.prompt import Point, Prompt
from napari_zeroseg.core.recipe import Recipe
from napari_zeroseg.core.suggestion import Decision
from napari_zeroseg.core.vocabulary import TargetClass, Vocabulary
from napari_zeroseg.methods import grounded
from napari_zeroseg.session import changes
from napari_zeroseg.session.hand import Hand
from napari_zeroseg.session.history import History
from napari_zeroseg.session.readiness import Action, Activity, resolve
from napari_zeroseg.session.refining import Refining, billed, describe_looks
from napari_zeroseg.session.runner import Runner
from napari_zeroseg.session.state import Draft, State

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from napari_zeroseg.core.mask import Box, Logits
    from napari_zeroseg.session.source import ImageSource

_log = logging.getLogger(__name__)


class Session:
    """One home of state for a window, a script or a test.

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
        self.hand = Hand()
        self._runner = runner or Runner()
        self.refining = Refining(recipe or Recipe())
        self._backends = backends
        self._source: ImageSource | None = None
        self._activity = Activity()
        self._run_place: tuple[int, ...] = ()
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
        """The recipe with the present vocabulary."""
        return self.refining.recipe.with_vocabulary(self.state.vocabulary)

    @property
    def undo_text(self) -> str:
        return self._history.undo_text

    @property
    def redo_text(self) -> str:
        return self._history.redo_text

    @property
    def readiness(self) -> Mapping[Action, str]:
        """For every action the reason why it cannot be done now, or an empty text."""
        return resolve(self.state, self._source, self._activity, undo=self.undo_text, redo=self.redo_text)

    # the image

    def open(self, source: ImageSource | None) -> None:
        """Work on another image or plane; each image keeps its own state and undo stack.

        The classes come along. A run on another image is cancelled; one on another plane of
        the same image goes on. A new source of the same plane takes the old one's place, because
        the image may be shown in another way now.
        """
        if self._same_place(source):
            self._source = source
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
        self.changed.emit(self.state, before)

    def _same_place(self, source: ImageSource | None) -> bool:
        old = self._source
        if old is None or source is None:
            return old is source
        return (old.key, old.plane) == (source.key, source.plane)

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
            self.changed.emit(self.state, before)
        self._histories.pop(key, None)

    # the classes

    def set_vocabulary(self, vocabulary: Vocabulary, text: str = "Change classes") -> None:
        """Take a new list of classes."""
        self._push(text, changes.set_vocabulary(self.state, vocabulary))
        self._look_up()

    def add_classes(self, text: str) -> None:
        """Add classes from text such as ``"nucleus: dark purple; cytoplasm"``."""
        added = Vocabulary.parse(text).required()
        vocabulary = Vocabulary((*self.state.vocabulary.classes, *_uncolored(added)))
        self.set_vocabulary(vocabulary, f"Add {', '.join(added.names)}")

    def change_class(self, name: str, target: TargetClass) -> None:
        """Rename a class or change its colour, words or overlaps."""
        if self.state.vocabulary[name] != target:
            self._push(f"Change {name}", changes.change_class(self.state, name, target))
            self._look_up()

    def remove_class(self, name: str) -> None:
        """Remove a class with everything that belongs to it."""
        self.set_vocabulary(self.state.vocabulary.removed(name), f"Remove {name}")

    def _look_up(self) -> None:
        """Ask how the classes look, so that the user can see and change it before a run."""
        vocabulary, recipe = self.state.vocabulary, self.refining.recipe

        def answer() -> tuple[TargetClass, ...]:
            refiner = self._backends(recipe).refiner
            return tuple(refiner.describe(c) for c in vocabulary)

        self._runner.ask(
            answer, partial(self._on_looked_up, vocabulary), self._on_look_up_problem, topic="looks"
        )

    def _on_looked_up(self, vocabulary: Vocabulary, looks: tuple[TargetClass, ...]) -> None:
        if self.state.vocabulary == vocabulary and self.state.looks != looks:
            self._amend(replace(self.state, looks=looks))

    def _on_look_up_problem(self, problem: BaseException) -> None:
        # a run asks again, and tells the user when it fails then
        _log.warning("The looks of the classes could not be looked up", exc_info=problem)

    def describe_looks(self) -> None:
        """Have the language model write how the classes look, where the user has not said it."""
        self._require(Action.DESCRIBE)
        vocabulary, recipe = self.state.vocabulary, self.refining.recipe

        def events() -> Iterator[Event]:
            refiner = self._backends(recipe).refiner
            yield from billed(describe_looks(vocabulary, refiner), refiner)

        self._start_events(events)

    def _on_looks_written(self, event: LooksWritten) -> None:
        if self.state.vocabulary == event.asked != event.described:
            self._push_run("Describe looks", changes.set_vocabulary(self.state, event.described))

    # the suggestions

    def choose_refiner(self, name: str) -> None:
        """Let another refiner decide between words, by its name in the catalog."""
        self.refining.choose(name)
        self._look_up()

    def ask_again(self, note: str) -> None:
        """Suggest again, with a hint from the user."""
        self._require(Action.SUGGEST)
        self.refining.set_note(note)
        self.suggest()

    def keep_decisions(self) -> None:
        """Let what is decided here be the default for the next image with the same classes."""
        self.refining.remember_decisions(self.state.vocabulary, self.state.suggestions)

    def forget_phrase(self, phrase: str) -> None:
        """Drop the decision on a phrase, and what a language model remembers of it."""
        vocabulary, recipe = self.state.vocabulary, self.refining.recipe
        self.refining.forget_phrase(vocabulary, phrase)

        def forget() -> None:
            refiner = self._backends(recipe).refiner
            if isinstance(refiner, LanguageModelRefiner):
                refiner.forget(phrase, vocabulary)

        self._runner.ask(forget, lambda _: None, self._on_forget_problem, topic=f"forget {phrase}")

    def _on_forget_problem(self, problem: BaseException) -> None:
        # a refiner that cannot be made remembers nothing
        _log.warning("The refiner could not be told to forget", exc_info=problem)

    def teach(self) -> None:
        """Make this image an example for the refiner: what was said of it, and which classes are truly there.

        True are the classes of the instances that a person has accepted, edited or drawn.
        """
        self._require(Action.TEACH)
        state = self.state
        true = {instance.name for instance in state.instances if instance.locked}
        names = (name for name in state.vocabulary.names if name in true)
        self.refining.teach(Example.of((tag.text for tag in state.tags), state.caption, names))

    def add_idea(self, name: str) -> None:
        """Take an idea of the language model into the classes."""
        self.set_vocabulary(self.state.vocabulary.added(TargetClass(name)), f"Add {name}")

    def suggest(self) -> None:
        """Look which classes are in the image; answers come as events."""
        self._require(Action.SUGGEST)
        vocabulary = self.state.vocabulary.required()
        self._start(lambda image, backends: grounded.recognise(image, vocabulary, backends))

    def accept(self, *names: str) -> None:
        """Accept suggestions."""
        self._decide(names, Decision.ACCEPTED, "Accept")

    def reject(self, *names: str) -> None:
        """Reject suggestions."""
        self._decide(names, Decision.REJECTED, "Reject")

    def reopen(self, *names: str) -> None:
        """Take decisions back."""
        self._decide(names, Decision.PENDING, "Reopen")

    def accept_above(self, threshold: float) -> None:
        """Accept every undecided suggestion of at least this confidence, 0..1."""
        self.accept(*changes.pending_above(self.state, threshold))

    def _decide(self, names: Iterable[str], decision: Decision, verb: str) -> None:
        changing = [
            s.name
            for s in self.state.suggestions
            if s.name in names and (s.decision != decision or s.carried)
        ]
        if changing:
            self._push(f"{verb} {', '.join(changing)}", changes.decide(self.state, changing, decision))

    # the run

    def run(self) -> None:
        """Find and draw the accepted classes; what a person answers for stays as it is."""
        self._require(Action.RUN)
        source, state, recipe = self._source, self.state, self.refining.recipe
        assert source is not None
        here = changes.without_proposals(state, source.plane)
        claims = _claims(here, source)
        names = names_of(recipe)
        provenance = Provenance(
            method=recipe.method,
            detector=next(n for role, n in names.items() if role == "detector"),
            segmenter=next(n for role, n in names.items() if role == "segmenter"),
        )

        def work(image: NDArray[np.float32], backends: Backends) -> Iterator[Event]:
            return grounded.segment(
                image,
                state.vocabulary,
                state.accepted_names,
                backends,
                recipe.parameters,
                claims,
                provenance,
            )

        self._start(work)

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

    def _start(self, work: Callable[[NDArray[np.float32], Backends], Iterator[Event]]) -> None:
        source, recipe = self._source, self.refining.recipe
        assert source is not None
        self._run_place = source.plane

        def events() -> Iterator[Event]:
            yield StageStarted("Reading the image")
            image = source.pixels
            yield StageStarted("Loading the models")
            backends = self._backends(recipe)
            yield from billed(work(image, backends), backends.refiner)

        self._start_events(events)

    def _start_events(self, events: Callable[[], Iterator[Event]]) -> None:
        self._set_activity(Activity(running=True, text="Starting"))
        self._runner.start(events, self._on_run_event, self._on_run_end)

    def _on_run_event(self, event: Event) -> None:
        match event:
            case StageStarted(text):
                self._set_activity(Activity(running=True, text=text))
            case Progress(done, total):
                self._set_activity(replace(self._activity, done=done, total=total))
            case Tagged(tags, caption):
                self._push_run("Suggest", replace(self.state, tags=tags, caption=caption))
            case Described(classes) if classes != self.state.looks:
                # looks are no decision: they need no step of their own
                self._amend(replace(self.state, looks=classes))
            case Suggested(suggestions, ideas):
                defaults = self.refining.defaults(self.state.vocabulary)
                self._push_run("Suggest", changes.suggest(self.state, suggestions, ideas, defaults))
            case LooksWritten():
                self._on_looks_written(event)
            case Billed(lines):
                self.refining.show_bill(lines)
            case Detected():
                self._on_detected(event)
            case Found(instance):
                found = replace(instance, plane=self._run_place)
                self._push_run("Run", changes.add_instance(self.state, found))

    def _on_detected(self, event: Detected) -> None:
        state = changes.without_proposals(self.state, self._run_place)
        state = changes.add_layers(state, self.state.accepted_names)
        self._push_run("Run", replace(state, phrases=event.matches))
        if event.matches:
            self.refining.learn(state.vocabulary, event.matches)
        found = {d.name for d in event.detections}
        missing = [n for n in self.state.accepted_names if n not in found]
        if missing:
            self.noticed.emit(
                f"Nothing looks like {_listed(missing)}. Change its attributes, or draw it with clicks."
            )

    def _on_run_end(self, problem: BaseException | None) -> None:
        if problem is None:
            self._set_activity(Activity())
            return
        self._withdraw()
        self.problem_raised.emit(_explained(problem))

    # drawing with prompts

    def begin(self, name: str, instance_id: int | None = None) -> None:
        """Start a new object of a class, or the correction of one that is there."""
        self._require(Action.DRAW)
        assert self._source is not None
        mask = self.state.instance(name, instance_id).mask if instance_id else None
        self.hand.choose(name, instance_id)
        self.hand.set_positive(True)
        draft = Draft(name, instance_id, self._source.plane, mask, Prompt(mask=mask), mask)
        text = f"Correct {name} {instance_id}" if instance_id else f"New {name}"
        self._push(text, replace(changes.add_layers(self.state, [name]), draft=draft))

    def click(self, x: float, y: float, *, positive: bool = True) -> None:
        """Add a point to the draft; x and y in pixels. The new mask comes as an event."""
        draft = self._draft_for(Action.CLICK)
        points = (*draft.prompt.points, Point(x, y, positive))
        self.set_points(points, "Add point" if positive else "Add negative point")

    def draw_box(self, box: Box) -> None:
        """Give the draft a box (x0, y0, x1, y1) in pixels."""
        draft = self._draft_for(Action.CLICK)
        self._set_prompt(replace(draft.prompt, box=box, mask=draft.base), "Draw box")

    def set_points(self, points: Iterable[Point], text: str = "Change points") -> None:
        """Replace the draft's points, after some were added, moved, flipped or deleted."""
        draft = self._draft_for(Action.CLICK)
        old, new = draft.prompt.points, tuple(points)
        if new == old:
            return
        # a further point corrects the latest answer; anything else begins anew, for that
        # answer obeys points which are no longer there
        prior = draft.mask if new[: len(old)] == old else draft.base
        self._set_prompt(replace(draft.prompt, points=new, mask=prior), text)

    def _set_prompt(self, prompt: Prompt, text: str) -> None:
        draft = self._draft_for(Action.CLICK)
        self._push(text, replace(self.state, draft=replace(draft, prompt=prompt)))
        self._ask()

    def commit(self) -> None:
        """Make the draft an instance, locked against runs."""
        draft = self._draft_for(Action.COMMIT)
        self._push(f"Commit {draft.name}", changes.commit(self.state, draft))

    def discard(self) -> None:
        """Leave the draft; what was there before stays."""
        draft = self._draft_for(Action.DISCARD)
        self._push(f"Discard {draft.name}", replace(self.state, draft=None))

    def _draft_for(self, action: Action) -> Draft:
        self._require(action)
        assert self.state.draft is not None
        return self.state.draft

    def _ask(self) -> None:
        draft, source, recipe = self.state.draft, self._source, self.refining.recipe
        assert draft is not None
        assert source is not None
        prompt = draft.prompt
        if not prompt.points and prompt.box is None:
            self._amend(replace(self.state, draft=replace(draft, mask=draft.base)))
            return

        def answer() -> Logits:
            segmenter = self._backends(recipe).segmenter
            return segmenter.segment(segmenter.embed(source.pixels), [prompt])[0]

        self._runner.ask(answer, partial(self._on_answer, prompt), self._on_ask_problem)

    def _on_answer(self, prompt: Prompt, answer: Logits) -> None:
        draft = self.state.draft
        if draft is not None and draft.prompt is prompt:
            drawn = replace(draft, mask=answer.mask(), score=answer.score)
            self._amend(replace(self.state, draft=drawn))

    def _on_ask_problem(self, problem: BaseException) -> None:
        self.problem_raised.emit(_explained(problem))

    # the instances

    def accept_instances(self, *keys: tuple[str, int]) -> None:
        """Lock instances, named by class and id, against runs."""
        if any(not self.state.instance(*key).locked for key in keys):
            self._push(_counted("Accept", keys), changes.accept_instances(self.state, keys))

    def accept_all_instances(self, name: str) -> None:
        """Lock every proposal of a class."""
        keys = [i.key for i in self.state.instances if i.name == name and not i.locked]
        self.accept_instances(*keys)

    def delete_instances(self, *keys: tuple[str, int]) -> None:
        """Remove instances; no run brings them back."""
        if keys:
            self._push(_counted("Delete", keys), changes.delete_instances(self.state, keys))

    def paint(self, name: str, origin: tuple[int, int], window: NDArray[np.integer[Any]]) -> None:
        """Take a stroke in a class's layer, see :func:`napari_zeroseg.session.changes.paint`."""
        state = changes.paint(self.state, name, self._place(), origin, window)
        if state is not self.state:
            self._push(f"Paint {name}", state)

    def remove_layer(self, name: str) -> None:
        """Take away a class's layer with its instances."""
        if name in self.state.layered:
            self._push(f"Remove layer {name}", changes.remove_layer(self.state, name))

    # steps back and forward

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

    def redo(self) -> None:
        """Do again what was taken back."""
        self._require(Action.REDO)
        self._move(self._history.redo)

    def _move(self, step: Callable[[], None]) -> None:
        before = self.state
        step()
        self.changed.emit(self.state, before)
        draft = self.state.draft
        pending = draft is not None and draft.mask is None and draft.prompt.points
        if pending and not self.readiness[Action.CLICK]:
            self._ask()  # the answer had not come yet when the step was left

    def close(self) -> None:
        """Stop everything."""
        self._runner.close()

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


def _uncolored(vocabulary: Vocabulary) -> Iterator[TargetClass]:
    return (replace(c, color="") for c in vocabulary)


def _claims(state: State, source: ImageSource) -> Claims:
    """Pixels that a run may not touch; ids stay unique over all planes."""
    claims = Claims(
        source.shape,
        state.vocabulary,
        state.on_plane(source.plane),
        [e for e in state.erased if e.plane == source.plane],
    )
    for instance in state.instances:
        claims.reserve_id(instance)
    return claims


def _counted(verb: str, keys: Iterable[tuple[str, int]]) -> str:
    keys = list(keys)
    return f"{verb} {keys[0][0]} {keys[0][1]}" if len(keys) == 1 else f"{verb} {len(keys)} instances"


def _listed(names: list[str]) -> str:
    return " or ".join(f"'{n}'" for n in names)


def _explained(problem: BaseException) -> ZeroSegError:
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
