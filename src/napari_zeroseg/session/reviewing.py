"""The review: a person looks through the masks of all images and planes, worst first."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Mapping
from typing import TYPE_CHECKING, Any

from psygnal import Signal

from napari_zeroseg.core.errors import NotNowError
from napari_zeroseg.core.vocabulary import renamed_classes
from napari_zeroseg.session.drawing import Drawing
from napari_zeroseg.session.editing import Editing, Named
from napari_zeroseg.session.queue import (
    Review,
    Selection,
    Sheet,
    Standing,
    Subject,
    review_of,
)
from napari_zeroseg.session.readiness import Action

if TYPE_CHECKING:
    from napari_zeroseg.core.instance import Instance
    from napari_zeroseg.session.readiness import Activity
    from napari_zeroseg.session.source import ImageSource
    from napari_zeroseg.session.state import State

NOTHING = "There are no masks yet: run, or draw objects."
NOT_STARTED = "Start the review first."
GOES_ON = "The review is going on."
DRAWING = "Commit or discard the correction first."
DONE = "Every mask of the review is decided."


class Reviewing(Drawing, Editing):
    """What a person does in the review; a mode of the moment, which no undo step holds."""

    review_changed = Signal()
    """Another mask is looked at, or more is decided, or the review began or ended."""
    visited = Signal(Subject)
    """This mask is to be shown: whoever shows images must make its image and plane the session's."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._review: Review | None = None
        self._known: dict[Hashable, tuple[str, tuple[int, int]]] = {}
        self._trail: list[Hashable] = []
        """Images of the steps since the review began: undo goes back to where a step was made."""
        self._outdated = False
        self.changed.connect(self._on_changed)
        self.activity_changed.connect(self._on_activity_changed)

    # what views read

    @property
    def review(self) -> Review | None:
        """The queue and the place in it; None while nothing is reviewed."""
        return self._review

    @property
    def readiness(self) -> Mapping[Action, str]:
        """For every action the reason why it cannot be done now, or an empty text."""
        return {
            **super().readiness,
            Action.START_REVIEW: self._start_reason(),
            Action.JUDGE: self._judge_reason(),
            Action.STEP: self._step_reason(),
        }

    def _start_reason(self) -> str:
        if self._review is not None and not self._review.finished:
            return GOES_ON
        return "" if any(sheet.state.instances for sheet in self._sheets().values()) else NOTHING

    def _step_reason(self) -> str:
        if self._review is None:
            return NOT_STARTED
        return DRAWING if self.state.draft is not None else ""

    def _judge_reason(self) -> str:
        finished = self._review is not None and self._review.finished
        return DONE if finished else self._step_reason()

    def image_name(self, image: Hashable) -> str:
        """Return what a person calls an image that was opened."""
        return self._known[image][0] if image in self._known else ""

    def reviewed_instance(self) -> Instance | None:
        """Return the mask that is looked at, as it is now."""
        subject = self._review.present if self._review is not None else None
        history = self._histories.get(subject.image) if subject is not None else None
        if subject is None or history is None:
            return None
        return history.present.find(subject.key)

    def count_to_review(self, selection: Selection) -> int:
        """Return how many masks a review of a selection would hold."""
        sheets = self._sheets().values()
        return sum(selection.holds(i) for sheet in sheets for i in sheet.state.instances)

    # what a person does

    def start_review(self, selection: Selection | None = None) -> None:
        """Look through the masks of a selection, those that no person has decided on by default."""
        selection = selection or Selection()
        review = review_of(self._sheets(), selection)
        if not review.subjects:
            raise NotNowError(_nothing_of(selection), remedy="Choose another class or state.", kept="")
        self._trail.clear()
        self._set_review(review)
        self._visit()

    def stop_review(self) -> None:
        """End the review; what was decided stays."""
        if self._review is not None:
            self._set_review(None)

    def accept_reviewed(self) -> None:
        """Lock the mask that is looked at, and go on to the next."""
        subject = self._subject_in_sight()
        self.accept_instances(subject.key)
        self._confirm()
        self._advance()

    def reject_reviewed(self) -> None:
        """Delete the mask that is looked at, so that no run brings it back, and go on to the next."""
        self.delete_instances(self._subject_in_sight().key)

    def edit_reviewed(self) -> None:
        """Begin to correct the mask that is looked at; its commit goes on to the next."""
        subject = self._subject_in_sight()
        self.begin(subject.key.name, subject.key.id)

    def next_reviewed(self) -> None:
        """Look at the next mask without a decision."""
        self._require(Action.STEP)
        assert self._review is not None
        self._go(self._review.next())

    def previous_reviewed(self) -> None:
        """Look at the mask before."""
        self._require(Action.STEP)
        assert self._review is not None
        self._go(self._review.previous())

    def _subject_in_sight(self) -> Subject:
        """Return the present subject; what a person does not see is not decided on."""
        self._require(Action.JUDGE)
        assert self._review is not None
        subject = self._review.present
        assert subject is not None
        if not self._sees(subject):
            self._visit()
            if not self._sees(subject):
                name = self.image_name(subject.image)
                raise NotNowError(f"The image '{name}' is not shown.", remedy="Select its layer.", kept="")
            raise NotNowError("You were looking elsewhere: this is the mask under review.", kept="")
        return subject

    def _sees(self, subject: Subject) -> bool:
        source = self._source
        return source is not None and (source.key, source.plane) == (subject.image, subject.plane)

    # from mask to mask

    def _set_review(self, review: Review | None) -> None:
        self._review = review
        self.review_changed.emit()

    def _go(self, review: Review) -> None:
        self._set_review(review)
        if review.finished:
            self.noticed.emit(_summary(review))
        else:
            self._visit()

    def _advance(self) -> None:
        if self._review is not None:
            self._go(self._review.advanced())

    def _confirm(self) -> None:
        if self._review is not None:
            self._set_review(self._review.with_confirmed(self._review.position))

    def _visit(self) -> None:
        subject = self._review.present if self._review is not None else None
        if subject is not None:
            self.visited.emit(subject)
            self.hand.choose(subject.key.name, subject.key.id)

    # what happens to the masks meanwhile

    def _on_changed(self, new: State, old: State) -> None:
        if self._review is None or self._source is None:
            return
        review = self._review
        for before, after in renamed_classes(old.vocabulary.names, new.vocabulary.names):
            review = review.renamed(self._source.key, before, after)
        if new.instances is not old.instances:
            review = review.seen_in(self._source.key, new)
        if review is not self._review:
            self._set_review(review)

    def _push(self, text: str, state: State) -> None:
        if self._review is not None and self._source is not None:
            self._trail.append(self._source.key)
        super()._push(text, state)

    def _push_run(self, text: str, state: State) -> None:
        self._outdated |= state.instances is not self.state.instances
        super()._push_run(text, state)

    def _on_activity_changed(self, activity: Activity) -> None:
        # a run puts other masks in the place of proposals
        if self._outdated and not activity.running:
            self._outdated = False
            self._renew()

    def undo(self) -> None:
        """Take the latest step back, of a review on the image where it was made."""
        image = self._trail.pop() if self._review is not None and self._trail else None
        if image is not None and (self._source is None or self._source.key != image):
            self._return_to(image)
        super().undo()

    def _return_to(self, image: Hashable) -> None:
        assert self._review is not None
        places = (n for n, s in enumerate(self._review.subjects) if s.image == image)
        place = next(places, None)
        if place is not None:
            self._go(self._review.at(place))

    def _move(self, step: Callable[[], None]) -> None:
        before = self._review.decided if self._review is not None else frozenset()
        super()._move(step)
        if self._review is None:
            return
        reopened = before - self._review.decided
        if reopened:
            self._go(self._review.at(min(reopened)))
        else:
            self._leave_if_in(self._review.decided - before)

    def commit(self) -> None:
        """Make the draft an instance, locked against runs; a reviewed one is decided on with that."""
        draft, review = self.state.draft, self._review
        super().commit()
        subject = review.present if review is not None else None
        if draft is not None and subject is not None and subject.key == draft.key:
            self._confirm()
            self._advance()

    def delete_instances(self, *keys: Named) -> None:
        """Remove instances; no run brings them back."""
        before = self._review
        super().delete_instances(*keys)
        if self._review is not None and before is not None:
            self._leave_if_in(self._review.gone - before.gone)

    def _leave_if_in(self, positions: frozenset[int]) -> None:
        if self._review is not None and self._review.position in positions:
            self._advance()

    def _renew(self) -> None:
        """Make the queue anew, and stay with the mask that is looked at where it is still there."""
        if self._review is None:
            return
        present = self._review.present
        review = review_of(self._sheets(), self._review.selection)
        keys = [(s.image, s.key) for s in review.subjects]
        here = (present.image, present.key) if present is not None else None
        self._trail.clear()
        review = review.at(keys.index(here) if here in keys else 0)
        self._set_review(review if review.subjects else None)

    # the images

    def _sheets(self) -> dict[Hashable, Sheet]:
        return {
            key: Sheet(history.present, self._known[key][1])
            for key, history in self._histories.items()
            if key in self._known
        }

    def open(self, source: ImageSource | None) -> None:
        """Work on another image or plane; each image keeps its own state and undo stack."""
        if source is not None:
            self._known[source.key] = (source.name, source.shape)
        super().open(source)

    def forget(self, key: Hashable) -> None:
        """Drop an image that is gone, with all that was done on it."""
        super().forget(key)
        self._known.pop(key, None)
        self._renew()


def _nothing_of(selection: Selection) -> str:
    state = "" if selection.standing is Standing.ALL else f" that is {selection.standing}"
    return f"There is no mask{f' of {selection.name}' if selection.name else ''}{state}."


def _summary(review: Review) -> str:
    return f"The review is done: {len(review.subjects)} masks, {len(review.gone)} of them rejected."
