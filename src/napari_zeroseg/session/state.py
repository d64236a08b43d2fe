"""What is known of one image at one moment, as an immutable value."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from napari_zeroseg.core.instance import Combination, InstanceKey
from napari_zeroseg.core.prompt import Prompt
from napari_zeroseg.core.suggestion import Decision
from napari_zeroseg.core.vocabulary import TargetClass, Vocabulary

if TYPE_CHECKING:
    from napari_zeroseg.core.compose import Erasure
    from napari_zeroseg.core.instance import Instance
    from napari_zeroseg.core.mask import Mask
    from napari_zeroseg.core.partition import Partition
    from napari_zeroseg.core.suggestion import Idea, PhraseMatch, Suggestion, Tag
    from napari_zeroseg.session.source import PlaneIndex


@dataclass(frozen=True, slots=True, eq=False)
class Draft:
    """An object that is being drawn with prompts, not committed yet.

    Parameters
    ----------
    name : str
        Its class.
    instance_id : int or None
        The object that is being corrected, None for a new one. Where it has no instance on the
        plane yet, it gets one.
    plane : tuple of int
        The plane it lies in.
    base : Mask or None
        The mask of the instance before.
    prompt : Prompt
        Points and box so far, and the mask that the latest of them corrects.
    mask : Mask or None
        The model's latest answer.
    score : float
        The model's confidence in it.
    combination : Combination
        What the commit does with the mask.
    answered : bool
        Whether the mask is the answer to the prompt as it is now.
    segmenter : str
        Which backend answered.
    """

    name: str
    instance_id: int | None
    plane: PlaneIndex
    base: Mask | None = None
    prompt: Prompt = Prompt()
    mask: Mask | None = None
    score: float = 0.0
    combination: Combination = Combination.WHOLE
    answered: bool = True
    segmenter: str = ""

    @property
    def prior(self) -> Mask | None:
        """The mask that the first prompt corrects: a part of an instance begins with none."""
        return self.base if self.combination is Combination.WHOLE else None

    @property
    def replaces(self) -> InstanceKey | None:
        """The instance that it is shown in the place of; None where it is a part of one or new."""
        return self.key if self.combination is Combination.WHOLE else None

    @property
    def key(self) -> InstanceKey | None:
        """The instance that the commit changes; None for a new object."""
        return InstanceKey(self.name, self.instance_id, self.plane) if self.instance_id else None


@dataclass(frozen=True, slots=True, eq=False)
class State:
    """Vocabulary, suggestions, instances and the draft of one image.

    Parameters
    ----------
    vocabulary : Vocabulary
        The target classes as the user wrote them.
    looks : tuple of TargetClass
        The classes with attributes filled in by the refiner, where the user gave none.
    tags, caption
        What the recognisers said.
    suggestions : tuple of Suggestion
        In the order of the vocabulary; none before the first recognition.
    ideas : tuple of Idea
        Classes that a language model misses in the vocabulary, or that the caption names.
    phrases : tuple of PhraseMatch
        How the detector's phrases were understood.
    instances : tuple of Instance
        On all planes.
    erased : tuple of Erasure
        What a person took away; no run gives it back.
    layered : tuple of str
        Classes that have a Labels layer.
    draft : Draft or None
        What is being drawn.
    partition : Partition or None
        Clusters that wait to be named.
    """

    vocabulary: Vocabulary = Vocabulary()
    looks: tuple[TargetClass, ...] = ()
    tags: tuple[Tag, ...] = ()
    caption: str = ""
    suggestions: tuple[Suggestion, ...] = ()
    ideas: tuple[Idea, ...] = ()
    phrases: tuple[PhraseMatch, ...] = ()
    instances: tuple[Instance, ...] = ()
    erased: tuple[Erasure, ...] = ()
    layered: tuple[str, ...] = ()
    draft: Draft | None = None
    partition: Partition | None = None

    @property
    def accepted_names(self) -> tuple[str, ...]:
        """Classes whose suggestion the user accepted."""
        return tuple(s.name for s in self.suggestions if s.decision is Decision.ACCEPTED)

    @property
    def unsuggested_names(self) -> tuple[str, ...]:
        """Classes that came after the last recognition."""
        known = {s.name for s in self.suggestions}
        return tuple(n for n in self.vocabulary.names if n not in known)

    def on_plane(self, plane: PlaneIndex) -> tuple[Instance, ...]:
        """Return the instances of one plane."""
        return tuple(i for i in self.instances if i.plane == plane)

    def sections(self, name: str, instance_id: int) -> tuple[Instance, ...]:
        """Return the instances of one object, in the order of their planes."""
        own = (i for i in self.instances if i.thing == (name, instance_id))
        return tuple(sorted(own, key=lambda i: i.plane))

    def region_id(self, name: str) -> int | None:
        """Return the id of what was drawn of a class as a whole, None where nothing was."""
        return next((i.id for i in self.instances if i.name == name and i.provenance.of_class), None)

    def find(self, key: InstanceKey) -> Instance | None:
        """Return one instance, None where it is not."""
        return next((i for i in self.instances if i.key == key), None)

    def instance(self, name: str, instance_id: int, plane: PlaneIndex = ()) -> Instance:
        """Return one instance, or raise KeyError."""
        key = InstanceKey(name, instance_id, plane)
        found = self.find(key)
        if found is None:
            raise KeyError(key)
        return found

    def next_id(self, name: str) -> int:
        """Return an id that no object of the class has, on any plane."""
        return max((i.id for i in self.instances if i.name == name), default=0) + 1
