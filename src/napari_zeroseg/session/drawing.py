"""Drawing one object with prompts."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING

from napari_zeroseg.core.instance import InstanceKey
from napari_zeroseg.core.prompt import Point, Prompt
from napari_zeroseg.session import changes
from napari_zeroseg.session.asking import answer
from napari_zeroseg.session.readiness import Action
from napari_zeroseg.session.state import Draft
from napari_zeroseg.session.workspace import Workspace, explained

if TYPE_CHECKING:
    from napari_zeroseg.core.mask import Box, Logits, Mask
    from napari_zeroseg.session.source import PlaneIndex


class Drawing(Workspace):
    """What a person does to the draft."""

    def begin(self, name: str, instance_id: int | None = None) -> None:
        """Start a new object of a class, or the correction of one that is there.

        An object that lies on other planes only gets a mask on this one too, under the same id.
        """
        self._require(Action.DRAW)
        assert self._source is not None
        plane = self._source.plane
        mask = self._mask_of(name, instance_id, plane) if instance_id else None
        self.hand.choose(name, instance_id)
        self.hand.set_positive(True)
        draft = Draft(name, instance_id, plane, mask, Prompt(mask=mask), mask)
        text = f"Correct {name} {instance_id}" if instance_id else f"New {name}"
        self._push(text, replace(changes.add_layers(self.state, [name]), draft=draft))

    def _mask_of(self, name: str, instance_id: int, plane: PlaneIndex) -> Mask | None:
        """Return an object's mask on a plane, None where it lies on others only."""
        if not self.state.sections(name, instance_id):
            raise KeyError((name, instance_id))
        found = self.state.find(InstanceKey(name, instance_id, plane))
        return found.mask if found is not None else None

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

        def ask() -> Logits:
            return answer(self._backends(recipe).segmenter, source, prompt)

        self._runner.ask(ask, partial(self._on_answer, prompt), self._on_ask_problem)

    def _on_answer(self, prompt: Prompt, answer: Logits) -> None:
        draft = self.state.draft
        if draft is not None and draft.prompt is prompt:
            drawn = replace(draft, mask=answer.mask(), score=answer.score)
            self._amend(replace(self.state, draft=drawn))

    def _on_ask_problem(self, problem: BaseException) -> None:
        self.problem_raised.emit(explained(problem))

    def _move(self, step: Callable[[], None]) -> None:
        super()._move(step)
        draft = self.state.draft
        pending = draft is not None and draft.mask is None and draft.prompt.points
        if pending and not self.readiness[Action.CLICK]:
            self._ask()  # the answer had not come yet when the step was left
