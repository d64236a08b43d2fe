"""What was done to one image: what a person did, when, and where between it the models' answers came.

Done again in the same order on the same image, with the same weights, it leads to the same masks.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, TypeAdapter

from napari_zeroseg.core.instance import (
    Combination,
    Instance,
    InstanceKey,
    InstanceState,
    Provenance,
)
from napari_zeroseg.core.mask import Box, Mask
from napari_zeroseg.core.prompt import Point
from napari_zeroseg.core.recipe import ClassSpec, Recipe, without_user_info
from napari_zeroseg.core.runs import Runs
from napari_zeroseg.core.sequence import Kind
from napari_zeroseg.core.suggestion import Decision
from napari_zeroseg.core.vocabulary import TargetClass, Vocabulary

MOST_NOTES = 1_000_000

Text = Annotated[str, Field(max_length=100_000)]
Index = Annotated[int, Field(ge=0, le=2**31 - 1)]
Span = tuple[Index, Index]
"""First and last pixel along an axis, the last one exclusive."""
Keys = tuple[InstanceKey, ...]


class _Document(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, ser_json_inf_nan="constants")


def _class_spec(target: Any) -> Any:
    return ClassSpec.of(target) if isinstance(target, TargetClass) else target


def _class_specs(vocabulary: Any) -> Any:
    is_list = isinstance(vocabulary, Vocabulary | tuple | list)
    return tuple(map(_class_spec, vocabulary)) if is_list else vocabulary


def _runs(window: Any) -> Any:
    return Runs.of(window) if hasattr(window, "ravel") else window


def _region(window: Any) -> Any:
    spans = isinstance(window, tuple) and all(isinstance(part, slice) for part in window)
    return tuple((part.start, part.stop) for part in window) if spans else window


Region = Annotated[tuple[Span, Span] | None, BeforeValidator(_region)]


class Action(_Document):
    """One thing that a person can do; its fields are the arguments of the session's method of that name."""

    verb: str

    def arguments(self) -> dict[str, Any]:
        """Return what the session's method gets, by parameter."""
        return {name: getattr(self, name) for name in type(self).model_fields if name != "verb"}


class SetVocabulary(Action):
    """The classes are written, added or removed."""

    verb: Literal["set_vocabulary"]
    vocabulary: Annotated[tuple[ClassSpec, ...], BeforeValidator(_class_specs)]
    text: Text

    def arguments(self) -> dict[str, Any]:
        return {"vocabulary": Vocabulary(tuple(c.target() for c in self.vocabulary)), "text": self.text}


class ChangeClass(Action):
    """A class is renamed, or gets another colour, other words or overlaps."""

    verb: Literal["change_class"]
    name: Text
    target: Annotated[ClassSpec, BeforeValidator(_class_spec)]

    def arguments(self) -> dict[str, Any]:
        return {"name": self.name, "target": self.target.target()}


class MergeClasses(Action):
    """Two classes become one."""

    verb: Literal["merge_classes"]
    name: Text
    into: Text


class ChooseRefiner(Action):
    """Another refiner decides between words."""

    verb: Literal["choose_refiner"]
    name: Annotated[Text, AfterValidator(without_user_info)]


class Plain(Action):
    """What needs no further word."""

    verb: Literal[
        "describe_looks", "suggest", "drop_clusters", "draw_clusters", "commit", "discard", "undo", "redo"
    ]


class Decide(Action):
    """Suggestions are accepted, rejected or reopened."""

    verb: Literal["accept", "reject", "reopen"]
    names: tuple[Text, ...]


class RunOn(Action):
    """Find and draw the accepted classes, on these planes and in this part of them."""

    verb: Literal["run_on"]
    planes: Annotated[tuple[tuple[Index, ...], ...], Field(max_length=MOST_NOTES)]
    region: Region


class SeekClass(Action):
    """Find more of a class."""

    verb: Literal["seek_class"]
    name: Text


class FindClustersIn(Action):
    """Part the plane, or a region of it, into clusters."""

    verb: Literal["find_clusters_in"]
    region: Region


class NameCluster(Action):
    """Say which class a cluster shows."""

    verb: Literal["name_cluster"]
    number: Index
    name: Text | None


class MergeClusters(Action):
    """Make one cluster of several."""

    verb: Literal["merge_clusters"]
    numbers: tuple[Index, ...]


class SplitCluster(Action):
    """Part a cluster in two."""

    verb: Literal["split_cluster"]
    number: Index


class Propagate(Action):
    """Carry objects through planes."""

    verb: Literal["propagate"]
    things: tuple[tuple[Text, Index], ...]
    axis: Index
    first: Index
    last: Index | None
    kind: Kind
    directions: Annotated[tuple[Literal[1, -1], ...], Field(max_length=2)]


class OnInstances(Action):
    """Accept, delete, join or outline masks, named by class, id and plane."""

    verb: Literal["accept_instances", "delete_instances", "merge_instances", "refine_edges"]
    keys: Keys


class RemoveLayer(Action):
    """Take a class's layer away."""

    verb: Literal["remove_layer"]
    name: Text


class Paint(Action):
    """A stroke in a class's layer: its labels afterwards, in a window that holds every changed pixel."""

    verb: Literal["paint"]
    name: Text
    origin: tuple[Index, Index]
    window: Annotated[Runs, BeforeValidator(_runs)]

    def arguments(self) -> dict[str, Any]:
        return super().arguments() | {"window": self.window.window()}


class Begin(Action):
    """Start to draw an object, to correct one, or to draw a part of one."""

    verb: Literal["begin"]
    name: Text
    instance_id: Index | None
    combination: Combination


class DrawBox(Action):
    """Give the draft a box, or none."""

    verb: Literal["draw_box"]
    box: Box | None


def _plain_point(point: Any) -> Any:
    return Point(float(point.x), float(point.y), bool(point.positive)) if isinstance(point, Point) else point


class SetPoints(Action):
    """All points of the draft, after some were added, moved or deleted."""

    verb: Literal["set_points"]
    points: tuple[Annotated[Point, BeforeValidator(_plain_point)], ...]
    text: Text


class Cancel(Action):
    """Stop what is running."""

    verb: Literal["cancel"]
    why: Text


class Drawn(_Document):
    """An instance with its pixels."""

    id: Annotated[int, Field(ge=1, le=2**31 - 1)]
    name: Text
    score: float
    state: InstanceState
    provenance: Provenance
    plane: tuple[Index, ...]
    origin: tuple[Index, Index]
    pixels: Runs

    @classmethod
    def of(cls, instance: Instance) -> Drawn:
        return cls(
            id=instance.id,
            name=instance.name,
            score=instance.score,
            state=instance.state,
            provenance=instance.provenance,
            plane=instance.plane,
            origin=instance.mask.origin,
            pixels=Runs.of(instance.mask.pixels),
        )

    def instance(self) -> Instance:
        mask = Mask(self.origin, self.pixels.window().astype(bool))
        return Instance(self.id, self.name, mask, self.score, self.state, self.provenance, self.plane)


def _drawn(instances: Any) -> Any:
    return tuple(Drawn.of(i) if isinstance(i, Instance) else i for i in instances)


class TakeMasks(Action):
    """Take the masks of one of the compared methods, which are kept here as they were."""

    verb: Literal["take_masks"]
    name: Text
    instances: Annotated[tuple[Drawn, ...], BeforeValidator(_drawn)]

    def arguments(self) -> dict[str, Any]:
        return {"name": self.name, "instances": tuple(drawn.instance() for drawn in self.instances)}


class BringIn(Action):
    """Take classes and masks of another tool's file, which are kept here as they were."""

    verb: Literal["bring_in"]
    name: Text
    classes: Annotated[tuple[ClassSpec, ...], BeforeValidator(_class_specs)]
    instances: Annotated[tuple[Drawn, ...], BeforeValidator(_drawn)]

    def arguments(self) -> dict[str, Any]:
        return {
            "name": self.name,
            "classes": tuple(c.target() for c in self.classes),
            "instances": tuple(drawn.instance() for drawn in self.instances),
        }


AnyAction = Annotated[
    SetVocabulary
    | ChangeClass
    | MergeClasses
    | ChooseRefiner
    | Plain
    | Decide
    | RunOn
    | SeekClass
    | FindClustersIn
    | NameCluster
    | MergeClusters
    | SplitCluster
    | Propagate
    | OnInstances
    | RemoveLayer
    | Paint
    | Begin
    | DrawBox
    | SetPoints
    | Cancel
    | TakeMasks
    | BringIn,
    Field(discriminator="verb"),
]
ACTION: TypeAdapter[Action] = TypeAdapter(AnyAction)


Author = Literal["person", "recipe"]


class Given(_Document):
    """What holds from here on: chosen for all images, or on another one.

    Attributes
    ----------
    recipe : Recipe
        With the classes, and with how the image is shown.
    decisions : dict of str to Decision
        What was decided before on images with the same classes.
    """

    kind: Literal["given"] = "given"
    recipe: Recipe
    decisions: dict[Text, Decision] = Field(default_factory=dict)


class Act(_Document):
    """Something that was done.

    Attributes
    ----------
    by : str
        Who did it: a person, or the recipe that runs without one.
    when : str
        UTC, ISO 8601.
    plane : tuple of int
        Which plane was shown.
    action : Action
        What was done.
    """

    kind: Literal["act"] = "act"
    by: Author = "person"
    when: Annotated[str, Field(max_length=50)]
    plane: tuple[Index, ...] = ()
    action: AnyAction


class Answer(_Document):
    """The answer to the latest prompt came, or to the latest question how the classes look."""

    kind: Literal["answer"] = "answer"
    by: Literal["method"] = "method"
    topic: Literal["prompt", "looks"] = "prompt"


class Events(_Document):
    """What the present run found came in: so many events of it, and its end."""

    kind: Literal["events"] = "events"
    by: Literal["method"] = "method"
    count: Index = 0
    ended: bool = False


class Unrecorded(_Document):
    """From here backwards something was done of which there is no note, so that it cannot be done again."""

    kind: Literal["unrecorded"] = "unrecorded"


Note = Annotated[Given | Act | Answer | Events | Unrecorded, Field(discriminator="kind")]
NOTES: TypeAdapter[tuple[Given | Act | Answer | Events | Unrecorded, ...]] = TypeAdapter(
    Annotated[tuple[Note, ...], Field(max_length=MOST_NOTES)],
    config=ConfigDict(ser_json_inf_nan="constants"),
)
AnyNote = Given | Act | Answer | Events | Unrecorded


def is_by_a_person(notes: Iterable[AnyNote]) -> bool:
    """Return whether a person did anything of it."""
    return any(isinstance(note, Act) and note.by == "person" for note in notes)


@dataclass(frozen=True)
class Script:
    """What was done to an image.

    Parameters
    ----------
    name : str
        What the image was called.
    shape : tuple of int
        (H, W) of a plane.
    notes : tuple of Note
        From the beginning.
    """

    name: str
    shape: tuple[int, int]
    notes: tuple[AnyNote, ...]
