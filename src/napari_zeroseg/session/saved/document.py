"""What a saved state looks like as JSON: masks are named by their content and lie beside it."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Annotated, Literal, TypeVar

from pydantic import BaseModel, ConfigDict, Field, TypeAdapter

from napari_zeroseg.core.compose import Erasure
from napari_zeroseg.core.instance import Combination, Instance, InstanceState, Provenance
from napari_zeroseg.core.mask import Box, Mask
from napari_zeroseg.core.partition import Partition
from napari_zeroseg.core.prompt import Point, Prompt
from napari_zeroseg.core.suggestion import Idea, PhraseMatch, Suggestion, Tag
from napari_zeroseg.core.vocabulary import TargetClass
from napari_zeroseg.session.history import MAX_STEPS
from napari_zeroseg.session.state import Draft

if TYPE_CHECKING:
    from napari_zeroseg.core.partition import Labels

S = TypeVar("S")
T = TypeVar("T")
Name = Annotated[str, Field(pattern=r"^[0-9a-f]{32}$")]
"""Names a stored thing by what it holds."""
Text = Annotated[str, Field(max_length=100_000)]
Index = Annotated[int, Field(ge=0, le=2**31 - 1)]
Planes = tuple[Index, ...]
Label = Annotated[int, Field(ge=1, le=2**31 - 1)]

Spans = tuple[tuple[Index, Index], tuple[Index, Index]]
"""Rows and columns, from and up to."""
MAX_CLUSTERS = 65536

NamedLabels = Callable[["Labels"], str]
NamedMask = Callable[[Mask], str]
MaskNamed = Callable[[str], Mask]

# a model may score with NaN, which JSON has no word for
_CONFIG = ConfigDict(ser_json_inf_nan="constants")
CLASSES = TypeAdapter(tuple[TargetClass, ...])
TAGS: TypeAdapter[tuple[Tag, ...]] = TypeAdapter(tuple[Tag, ...], config=_CONFIG)
SUGGESTIONS: TypeAdapter[tuple[Suggestion, ...]] = TypeAdapter(tuple[Suggestion, ...], config=_CONFIG)
IDEAS = TypeAdapter(tuple[Idea, ...])
PHRASES: TypeAdapter[tuple[PhraseMatch, ...]] = TypeAdapter(tuple[PhraseMatch, ...], config=_CONFIG)


class _Document(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, ser_json_inf_nan="constants")


class InstanceSpec(_Document):
    """An instance as a document."""

    id: Label
    name: Text
    mask: Name
    score: float
    state: InstanceState
    provenance: Provenance
    plane: Planes

    @classmethod
    def of(cls, instance: Instance, named: NamedMask) -> InstanceSpec:
        return cls(
            id=instance.id,
            name=instance.name,
            mask=named(instance.mask),
            score=instance.score,
            state=instance.state,
            provenance=instance.provenance,
            plane=instance.plane,
        )

    def instance(self, mask: MaskNamed) -> Instance:
        return Instance(
            self.id, self.name, mask(self.mask), self.score, self.state, self.provenance, self.plane
        )


class ErasureSpec(_Document):
    """An erasure as a document."""

    name: Text
    mask: Name
    plane: Planes

    @classmethod
    def of(cls, erasure: Erasure, named: NamedMask) -> ErasureSpec:
        return cls(name=erasure.name, mask=named(erasure.mask), plane=erasure.plane)

    def erasure(self, mask: MaskNamed) -> Erasure:
        return Erasure(self.name, mask(self.mask), self.plane)


class PromptSpec(_Document):
    """A prompt as a document."""

    points: tuple[Point, ...] = ()
    box: Box | None = None
    mask: Name | None = None

    @classmethod
    def of(cls, prompt: Prompt, named: NamedMask) -> PromptSpec:
        return cls(points=prompt.points, box=prompt.box, mask=_maybe(named, prompt.mask))

    def prompt(self, mask: MaskNamed) -> Prompt:
        return Prompt(self.points, self.box, _maybe(mask, self.mask))


class DraftSpec(_Document):
    """An object that is being drawn, as a document."""

    name: Text
    instance_id: Label | None
    plane: Planes
    base: Name | None
    prompt: PromptSpec
    mask: Name | None
    score: float
    combination: Combination
    answered: bool
    segmenter: Text

    @classmethod
    def of(cls, draft: Draft, named: NamedMask) -> DraftSpec:
        return cls(
            name=draft.name,
            instance_id=draft.instance_id,
            plane=draft.plane,
            base=_maybe(named, draft.base),
            prompt=PromptSpec.of(draft.prompt, named),
            mask=_maybe(named, draft.mask),
            score=draft.score,
            combination=draft.combination,
            answered=draft.answered,
            segmenter=draft.segmenter,
        )

    def draft(self, mask: MaskNamed) -> Draft:
        return Draft(
            self.name,
            self.instance_id,
            self.plane,
            _maybe(mask, self.base),
            self.prompt.prompt(mask),
            _maybe(mask, self.mask),
            self.score,
            self.combination,
            self.answered,
            self.segmenter,
        )


class PartitionSpec(_Document):
    """Clusters as a document; their labels lie beside it."""

    labels: Name
    names: Annotated[tuple[Text | None, ...], Field(min_length=1, max_length=MAX_CLUSTERS)]
    scores: tuple[float, ...]
    plane: Planes
    window: Spans | None

    @classmethod
    def of(cls, partition: Partition, named: NamedLabels) -> PartitionSpec:
        window = partition.window
        return cls(
            labels=named(partition.labels),
            names=partition.names,
            scores=partition.scores,
            plane=partition.plane,
            window=None if window is None else tuple((span.start, span.stop) for span in window),
        )

    def partition(self, labels: Labels) -> Partition:
        window = None if self.window is None else (slice(*self.window[0]), slice(*self.window[1]))
        return Partition(labels, self.names, self.scores, self.plane, window)


INSTANCES = TypeAdapter(tuple[InstanceSpec, ...])
ERASURES = TypeAdapter(tuple[ErasureSpec, ...])
NAMES = TypeAdapter(tuple[Name, ...])


class StateSpec(_Document):
    """A state as a document; what it shares with other states is named."""

    vocabulary: Name
    looks: Name
    tags: Name
    caption: Text
    suggestions: Name
    ideas: Name
    phrases: Name
    instances: Name
    erased: Name
    layered: tuple[Text, ...]
    draft: DraftSpec | None
    partition: PartitionSpec | None = None


class StepSpec(_Document):
    """A step as a document; a saved one belongs to no run any more."""

    text: Text
    before: Name


class ImageSpec(_Document):
    """How an image is known again; none of its pixels can be made from it.

    Attributes
    ----------
    name : str
        What a person calls it.
    shape : tuple of int
        (H, W) of a plane.
    depth : tuple of int
        How many planes there are along each axis that is not shown.
    fingerprint : str
        Of its shape, type and a sample of its values.
    """

    name: Annotated[str, Field(max_length=1000)]
    shape: tuple[Index, Index]
    depth: Planes = ()
    fingerprint: Name


class Root(_Document):
    """Where everything that a file holds begins; one of format 1 has neither notes nor a recipe."""

    version: Literal[1] = 1
    image: ImageSpec
    saved: Annotated[str, Field(max_length=50)]
    past: Annotated[tuple[StepSpec, ...], Field(max_length=MAX_STEPS)]
    present: Name
    future: Annotated[tuple[StepSpec, ...], Field(max_length=MAX_STEPS)]
    notes: Name | None = None
    recipe: Name | None = None


def _maybe(function: Callable[[S], T], value: S | None) -> T | None:
    return function(value) if value is not None else None
