"""Drawing one object with prompts."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING

from napari_zeroseg.backends.entry import Role
from napari_zeroseg.backends.registry import names_of
from napari_zeroseg.core.errors import NotNowError, OutsideError
from napari_zeroseg.core.instance import Combination, InstanceKey
from napari_zeroseg.core.points import points_along
from napari_zeroseg.core.prompt import Point, Prompt
from napari_zeroseg.core.script import Answer
from napari_zeroseg.session import changes
from napari_zeroseg.session.asking import answer
from napari_zeroseg.session.noting import noted
from napari_zeroseg.session.readiness import Action
from napari_zeroseg.session.state import Draft
from napari_zeroseg.session.workspace import Workspace, explained

if TYPE_CHECKING:
    from napari_zeroseg.core.mask import Box, Logits, Mask
    from napari_zeroseg.session.source import PlaneIndex

PROMPTS_KEPT = "The prompts are as they were."
PATIENCE = 0.03
"""Seconds that a click waits for an answer that is mostly there by then, to be drawn once and not twice."""
PARTS = (Combination.ADDED, Combination.SUBTRACTED)


class Drawing(Workspace):
    """What a person does to the draft."""

    @noted
    def begin(
        self, name: str, instance_id: int | None = None, combination: Combination = Combination.WHOLE
    ) -> None:
        """Start a new object of a class, the correction of one that is there, or a part of it.

        An object that lies on other planes only gets a mask on this one too, under the same id.

        Parameters
        ----------
        name : str
            The class.
        instance_id : int, optional
            The object to change; needed for a part of one. The class as a whole knows its own.
        combination : Combination
            What the commit does with what is drawn.

        Raises
        ------
        NotNowError
            Without an image or classes, during a run, or when there is nothing to take away from.
        KeyError
            When there is no such object.
        """
        self._require(Action.DRAW)
        plane = self._place()
        if combination is Combination.CLASS:
            instance_id = self.state.region_id(name)
        base = self._mask_of(name, instance_id, plane) if instance_id else None
        if combination in PARTS and instance_id is None:
            raise NotNowError("Choose the object first.", kept="")
        if combination is Combination.SUBTRACTED and base is None:
            raise NotNowError(f"There is nothing of {name} {instance_id} on this plane.", kept="")
        self.hand.choose(name, instance_id)
        self.hand.set_positive(True)
        draft = Draft(name, instance_id, plane, base, combination=combination)
        draft = replace(draft, prompt=Prompt(mask=draft.prior), mask=draft.prior)
        self._push(_begun(draft), replace(changes.add_layers(self.state, [name]), draft=draft))

    def begin_next(self) -> None:
        """Start an object of the class in hand; where whole classes are drawn, more of the class."""
        whole = Combination.CLASS if self.hand.whole_class else Combination.WHOLE
        self.begin(self.hand.class_in(self.state), combination=whole)

    def begin_part(self, combination: Combination) -> None:
        """Draw a part to add to the chosen object, or to take from it; what is drawn is committed first.

        Raises
        ------
        NotNowError
            When no object is chosen, or what is drawn cannot be committed yet.
        """
        draft = self.state.draft
        if draft is not None and draft.prompt.asks:
            self.commit()
        thing = self.hand.thing_in(self.state)
        if thing is None:
            raise NotNowError("Choose an object first: select its row in the table.", kept="")
        self.begin(*thing, combination)

    def next_object(self) -> None:
        """Commit what is drawn, if there is something, and start the next object of its class."""
        draft = self.state.draft
        if draft is None:
            self.begin_next()
        elif draft.prompt.asks or draft.mask is not None:
            self.commit()
            self.begin_next()

    def _mask_of(self, name: str, instance_id: int, plane: PlaneIndex) -> Mask | None:
        """Return an object's mask on a plane, None where it lies on others only."""
        if not self.state.sections(name, instance_id):
            raise KeyError((name, instance_id))
        found = self.state.find(InstanceKey(name, instance_id, plane))
        return found.mask if found is not None else None

    def click(self, x: float, y: float, *, positive: bool = True) -> None:
        """Add a point to the draft; x and y in pixels. The new mask comes as an event."""
        draft = self._draft_for(Action.CLICK)
        points = (*draft.prompt.points, Point(float(x), float(y), positive))
        self.set_points(points, "Add point" if positive else "Add negative point")

    @noted
    def draw_box(self, box: Box | None) -> None:
        """Give the draft a box (x0, y0, x1, y1) in pixels in the place of the one before, or none.

        What lies outside of the image is cut off.

        Raises
        ------
        NotNowError
            When nothing is being drawn here.
        OutsideError
            When no pixel of the image is in the box.
        """
        draft = self._draft_for(Action.CLICK)
        inside = box and self._clipped(box)
        if inside != draft.prompt.box:
            prompt = replace(draft.prompt, box=inside, mask=draft.prior)
            self._set_prompt(prompt, "Draw box" if inside else "Delete box")

    def _clipped(self, box: Box) -> Box:
        assert self._source is not None
        height, width = self._source.shape
        x0, y0, x1, y1 = max(box[0], 0.0), max(box[1], 0.0), min(box[2], width), min(box[3], height)
        if x1 - x0 < 1 or y1 - y0 < 1:
            raise OutsideError(
                "A box must hold at least one pixel of the image: drag from corner to corner.",
                kept=PROMPTS_KEPT,
            )
        return x0, y0, x1, y1

    def scribble(self, path: Iterable[tuple[float, float]], *, positive: bool = True) -> None:
        """Add a stroke to the draft, as a few points that stand for it.

        Parameters
        ----------
        path : iterable of (float, float)
            x and y in pixels of the places that the stroke went through. Those outside of the
            image are left out.
        positive : bool
            Whether the stroke is on the object.

        Raises
        ------
        NotNowError
            When nothing is being drawn here.
        OutsideError
            When all of the stroke lies outside of the image.
        """
        draft = self._draft_for(Action.CLICK)
        assert self._source is not None
        shape = self._source.shape
        inside = [place for place in path if Point(*place).within(shape)]
        if not inside:
            raise OutsideError("A stroke must touch the image.", kept=PROMPTS_KEPT)
        points = points_along(inside, positive=positive)
        self.set_points((*draft.prompt.points, *points), "Scribble" if positive else "Negative scribble")

    @noted
    def set_points(self, points: Iterable[Point], text: str = "Change points") -> None:
        """Replace the draft's points, after some were added, moved, flipped or deleted.

        Raises
        ------
        NotNowError
            When nothing is being drawn here.
        OutsideError
            When a point lies outside of the image.
        """
        draft = self._draft_for(Action.CLICK)
        assert self._source is not None
        old, new = draft.prompt.points, tuple(points)
        if new == old:
            return
        if not all(point.within(self._source.shape) for point in new):
            raise OutsideError("A point must lie inside the image.", kept=PROMPTS_KEPT)
        # a further point corrects the latest answer; anything else begins anew, for that
        # answer obeys points which are no longer there
        prior = draft.mask if new[: len(old)] == old else draft.prior
        self._set_prompt(replace(draft.prompt, points=new, mask=prior), text)

    def _set_prompt(self, prompt: Prompt, text: str) -> None:
        draft = replace(self._draft_for(Action.CLICK), prompt=prompt)
        # without a prompt the mask is the one from before, which needs no answer
        draft = (
            replace(draft, answered=False) if prompt.asks else replace(draft, mask=draft.prior, answered=True)
        )
        self._push(text, replace(self.state, draft=draft))
        if prompt.asks:
            self._ask()

    @noted
    def commit(self) -> None:
        """Make the draft an instance, or a part of one, locked against runs; it is the chosen one then."""
        draft = self._draft_for(Action.COMMIT)
        instance_id = draft.instance_id or self.state.next_id(draft.name)
        self._push(_committed(draft), changes.commit(self.state, draft))
        self.hand.choose(draft.name, instance_id)

    @noted
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

        def ask() -> tuple[Logits, str]:
            found = answer(self._backends(recipe).segmenter, source, prompt)
            return found, names_of(recipe)[Role.SEGMENTER]

        self._runner.ask(ask, partial(self._on_answer, prompt), self._on_ask_problem, patience=PATIENCE)

    def _on_answer(self, prompt: Prompt, answered: tuple[Logits, str]) -> None:
        draft, (found, segmenter) = self.state.draft, answered
        if draft is not None and draft.prompt is prompt:
            self.notebook.answered(Answer(topic="prompt"))
            drawn = replace(draft, mask=found.mask(), score=found.score, answered=True, segmenter=segmenter)
            self._amend(replace(self.state, draft=drawn))

    def _on_ask_problem(self, problem: BaseException) -> None:
        self.problem_raised.emit(explained(problem))

    def _move(self, step: Callable[[], None]) -> None:
        super()._move(step)
        draft = self.state.draft
        if draft is not None and not draft.answered and not self.readiness[Action.CLICK]:
            self._ask()  # the answer had not come yet when the step was left


def _begun(draft: Draft) -> str:
    thing = f"{draft.name} {draft.instance_id}"
    match draft.combination:
        case Combination.ADDED:
            return f"Add to {thing}"
        case Combination.SUBTRACTED:
            return f"Take from {thing}"
        case Combination.CLASS:
            return f"Draw {draft.name} as a whole"
        case _:
            return f"Correct {thing}" if draft.instance_id else f"New {draft.name}"


def _committed(draft: Draft) -> str:
    return _begun(draft) if draft.combination in PARTS else f"Commit {draft.name}"
