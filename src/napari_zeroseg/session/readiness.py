"""What can be done now, and why not: one pure function of the session."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from napari_zeroseg.session.source import ImageSource
    from napari_zeroseg.session.state import State


class Action(StrEnum):
    """Everything a button can do."""

    DESCRIBE = "describe"
    SUGGEST = "suggest"
    TEACH = "teach"
    RUN = "run"
    SEEK = "seek"
    PART = "part"
    NAME_PARTS = "name parts"
    CARRY = "carry"
    LEARN = "learn"
    CANCEL = "cancel"
    DECIDE = "decide"
    DRAW = "draw"
    CLICK = "click"
    COMMIT = "commit"
    DISCARD = "discard"
    REVIEW = "review"
    REFINE_EDGES = "refine edges"
    COMPARE = "compare"
    TAKE = "take"
    START_REVIEW = "start review"
    STEP = "step"
    JUDGE = "judge"
    UNDO = "undo"
    REDO = "redo"
    EXPORT = "export"
    BRING_IN = "bring in"


@dataclass(frozen=True, slots=True)
class Activity:
    """What the models' thread is doing, for a progress bar.

    ``total`` is 0 while the number of steps is not known.
    """

    running: bool = False
    text: str = ""
    done: int = 0
    total: int = 0


NO_IMAGE = "Open an image and select its layer."
NO_CLASS = "Add at least one class."
NO_PLANES = "The image has none of the planes that were chosen: choose others."
RUNNING = "Wait for the run to end, or cancel it."


def resolve(
    state: State,
    source: ImageSource | None,
    activity: Activity,
    *,
    undo: str = "",
    redo: str = "",
    planes: bool = True,
) -> Mapping[Action, str]:
    """Return for every action why it cannot be done now; an empty text means that it can.

    ``planes`` says whether the image has any of the planes that were chosen to run on.
    """
    idle = RUNNING if activity.running else ""
    image = NO_IMAGE if source is None else ""
    usable = image or (source.blocked if source is not None else "")
    classes = "" if len(state.vocabulary) else NO_CLASS
    return {
        Action.DESCRIBE: classes or idle,
        Action.SUGGEST: usable or classes or idle,
        Action.TEACH: _teach_reason(state),
        Action.RUN: usable or classes or idle or _run_reason(state) or ("" if planes else NO_PLANES),
        Action.CARRY: usable or idle or _carry_reason(state, source),
        Action.CANCEL: "" if activity.running else "Nothing is running.",
        Action.DECIDE: "" if state.suggestions else "There are no suggestions yet.",
        Action.DRAW: usable or classes or idle,
        Action.CLICK: usable or idle or _click_reason(state, source),
        Action.COMMIT: _commit_reason(state),
        Action.DISCARD: "" if state.draft else "Nothing is being drawn.",
        Action.REVIEW: "" if state.instances else "There are no instances yet.",
        Action.REFINE_EDGES: usable or idle or _edges_reason(state, source),
        Action.UNDO: "" if undo else "There is nothing to undo.",
        Action.REDO: "" if redo else "There is nothing to redo.",
        Action.BRING_IN: usable or idle,
        Action.EXPORT: image or ("" if state.instances else "There are no masks to export yet."),
    }


def _teach_reason(state: State) -> str:
    if not (state.tags or state.caption):
        return "Ask for suggestions first."
    if not any(instance.locked for instance in state.instances):
        return "Accept or draw at least one instance: they say which classes are truly there."
    return ""


def _run_reason(state: State) -> str:
    if not state.suggestions:
        return "Ask for suggestions first."
    if not state.accepted_names:
        return "Accept at least one suggestion."
    return ""


def _carry_reason(state: State, source: ImageSource | None) -> str:
    if source is not None and not any(size > 1 for size in source.depth):
        return "The image has one plane only."
    if not any(instance.locked for instance in state.instances):
        return "Accept or draw an object on one plane first."
    return ""


def _edges_reason(state: State, source: ImageSource | None) -> str:
    if source is not None and not state.on_plane(source.plane):
        return "There are no instances on this plane yet."
    return ""


def _click_reason(state: State, source: ImageSource | None) -> str:
    if state.draft is None:
        return "Start an object first."
    if source is not None and source.plane != state.draft.plane:
        return "The object is being drawn on another plane: go back to it."
    return ""


def _commit_reason(state: State) -> str:
    if state.draft is None:
        return "Nothing is being drawn."
    if not state.draft.answered:
        return "The mask does not follow the last prompt yet: wait, or take the prompt back."
    if state.draft.mask is None or not state.draft.mask.area:
        return "Click on the object first."
    return ""
