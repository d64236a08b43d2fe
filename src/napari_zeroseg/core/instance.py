"""One mask of one class, with its state and where it comes from."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from enum import StrEnum
from typing import NamedTuple

from napari_zeroseg.core.mask import Box, Mask
from napari_zeroseg.core.prompt import Point


class InstanceKey(NamedTuple):
    """Names one mask within an image: the object (class and id), and the plane that it is cut by.

    Parameters
    ----------
    name : str
        The target class.
    id : int
        The same on all planes of an object.
    plane : tuple of int
        Empty for a 2D image.
    """

    name: str
    id: int
    plane: tuple[int, ...] = ()


class InstanceState(StrEnum):
    """Who answers for a mask: the machine, or a person."""

    PROPOSED = "proposed"
    ACCEPTED = "accepted"
    EDITED = "edited"


class Combination(StrEnum):
    """How what was drawn with prompts became a part of the instance."""

    WHOLE = "whole"
    """It is the instance."""
    ADDED = "added"
    """It was united with the instance."""
    SUBTRACTED = "subtracted"
    """It was taken away from the instance."""
    CLASS = "class"
    """It was united with all that was drawn of the class as a whole."""


@dataclass(frozen=True, slots=True)
class Provenance:
    """What made a mask: words, places, models and people.

    Parameters
    ----------
    author, method, detector, segmenter, phrase : str
        Who and what took part, and the words that were answered.
    box : tuple of float or None
        What the detector found or a person drew, (x0, y0, x1, y1) in pixels.
    points : tuple of Point
        What the segmenter was asked with, in the order in which they were set.
    quality : float or None
        The segmenter's own estimate of the mask, 0..1.
    stability : float or None
        How little the mask depends on its threshold, 0..1; see :attr:`Logits.stability`.
    agreement : float or None
        Overlap (IoU) of the masks with and without points; None where there was one pass.
    combination : Combination
        How this step became a part of the mask.
    from_plane : tuple of int or None
        The key plane from which the object was carried here.
    earlier : tuple of Provenance
        The steps before this one, the oldest first; they have no earlier ones of their own.
    """

    author: str = "machine"
    method: str = ""
    detector: str = ""
    segmenter: str = ""
    phrase: str = ""
    box: Box | None = None
    points: tuple[Point, ...] = ()
    quality: float | None = None
    stability: float | None = None
    agreement: float | None = None
    combination: Combination = Combination.WHOLE
    from_plane: tuple[int, ...] | None = None
    earlier: tuple[Provenance, ...] = ()

    @property
    def of_class(self) -> bool:
        """Whether the mask is of the class as a whole, not of one object."""
        return any(step.combination is Combination.CLASS for step in (self, *self.earlier))

    def after(self, before: Provenance) -> Provenance:
        """Return the same as a further step on a mask that was there before."""
        return replace(self, earlier=(*before.earlier, replace(before, earlier=())))


@dataclass(frozen=True, slots=True, eq=False)
class Instance:
    """One mask of one class on one plane of an image.

    An object that goes through several planes has one instance on each, all with the same id.

    Parameters
    ----------
    id : int
        1 or more, the label value. On a plane no other instance of the class has it; on another
        plane it is the same object.
    name : str
        The target class.
    mask : Mask
        The pixels.
    score : float
        0..1.
    state : InstanceState
        Proposed by a model, accepted or edited by a person.
    provenance : Provenance
        What made it.
    plane : tuple of int
        Indices of the image's axes that are not shown; empty for a 2D image.
    """

    id: int
    name: str
    mask: Mask
    score: float
    state: InstanceState = InstanceState.PROPOSED
    provenance: Provenance = field(default_factory=Provenance)
    plane: tuple[int, ...] = ()

    @property
    def locked(self) -> bool:
        """A person answers for it: no run may change it."""
        return self.state is not InstanceState.PROPOSED

    @property
    def key(self) -> InstanceKey:
        """Class name, id and plane, which name the instance within the image."""
        return InstanceKey(self.name, self.id, self.plane)

    @property
    def thing(self) -> tuple[str, int]:
        """Class name and id, which name the object that the instance is a section of."""
        return (self.name, self.id)

    def accepted(self) -> Instance:
        return self if self.locked else replace(self, state=InstanceState.ACCEPTED)

    def edited(self, mask: Mask, provenance: Provenance | None = None) -> Instance:
        return replace(
            self,
            mask=mask,
            state=InstanceState.EDITED,
            provenance=provenance or replace(self.provenance, author="person"),
        )
