"""What a method says while it runs."""

from __future__ import annotations

from dataclasses import dataclass

from napari_zeroseg.core.detection import Detection
from napari_zeroseg.core.instance import Instance
from napari_zeroseg.core.lmseg import HeadReference
from napari_zeroseg.core.mask import Mask
from napari_zeroseg.core.outcome import Outcome
from napari_zeroseg.core.partition import Partition
from napari_zeroseg.core.suggestion import Idea, PhraseMatch, Suggestion, Tag
from napari_zeroseg.core.tiles import Window
from napari_zeroseg.core.vocabulary import TargetClass, Vocabulary


@dataclass(frozen=True, slots=True)
class StageStarted:
    """A stage begins; ``text`` is for a person, in the present tense."""

    text: str


@dataclass(frozen=True, slots=True)
class Progress:
    """``done`` of ``total`` steps of the current stage are over."""

    done: int
    total: int


@dataclass(frozen=True, slots=True)
class Tagged:
    """The recognisers have answered."""

    tags: tuple[Tag, ...]
    caption: str


@dataclass(frozen=True, slots=True)
class Captioned:
    """A method had a caption written; ``ideas`` is what it names and no class means."""

    caption: str
    ideas: tuple[Idea, ...]


@dataclass(frozen=True, slots=True)
class Described:
    """The refiner has filled in how the classes look."""

    classes: tuple[TargetClass, ...]


@dataclass(frozen=True, slots=True)
class Suggested:
    """The refiner has said which classes it believes present, and which the user may have missed."""

    suggestions: tuple[Suggestion, ...]
    ideas: tuple[Idea, ...] = ()


@dataclass(frozen=True, slots=True)
class LooksWritten:
    """A language model has written how classes look; ``asked`` are the classes as they were before."""

    asked: Vocabulary
    described: Vocabulary


@dataclass(frozen=True, slots=True)
class Billed:
    """What each language model took for the work, one line for a person each; none asked, no line."""

    lines: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Detected:
    """Boxes with their classes, and how their phrases were understood, on one plane of an image.

    ``window`` is the part of the plane that the run looks at (rows, columns), None for all of it.
    With the ``first`` boxes of a plane, what was proposed there before is void.
    """

    detections: tuple[Detection, ...]
    matches: tuple[PhraseMatch, ...]
    plane: tuple[int, ...] = ()
    window: Window | None = None
    first: bool = True


@dataclass(frozen=True, slots=True, eq=False)
class Parted:
    """An image is in clusters, with names suggested for them; ``split`` is the one that became two."""

    partition: Partition
    split: int | None = None


@dataclass(frozen=True, slots=True)
class Sought:
    """What is alike to the accepted instances of a class is known, on one plane of an image."""

    name: str
    plane: tuple[int, ...] = ()


@dataclass(frozen=True, slots=True, eq=False)
class Found:
    """One instance is there; its pixels are its own."""

    instance: Instance


@dataclass(frozen=True, slots=True, eq=False)
class Carried:
    """What of some objects (class and id) was found on a plane; without any, they are not there."""

    plane: tuple[int, ...]
    things: tuple[tuple[str, int], ...]
    instances: tuple[Instance, ...]


@dataclass(frozen=True, slots=True, eq=False)
class Outlined:
    """Instances as they were, each with the mask that follows the edges of the image."""

    refined: tuple[tuple[Instance, Mask], ...]


@dataclass(frozen=True, slots=True, eq=False)
class Compared:
    """One of several methods is through; nothing of what it found is in the layers."""

    outcome: Outcome


@dataclass(frozen=True, slots=True)
class HeadLearned:
    """A head is there that was learned from corrected masks; there may be a better one to come.

    ``before`` and ``after`` are the mean intersection over union on what was held out of the
    ``images``, without the head and with it.
    """

    head: HeadReference
    images: int
    before: float
    after: float


@dataclass(frozen=True, slots=True)
class Remarked:
    """Something worth telling a person; ``text`` is a sentence or two."""

    text: str


@dataclass(frozen=True, slots=True, eq=False)
class FoundMany:
    """All that was found in one part of a plane; the instances' pixels are their own."""

    instances: tuple[Instance, ...]


Event = (
    StageStarted
    | Progress
    | Tagged
    | Captioned
    | Described
    | Suggested
    | LooksWritten
    | Billed
    | Parted
    | Detected
    | Sought
    | Found
    | Carried
    | Outlined
    | Compared
    | HeadLearned
    | Remarked
    | FoundMany
)
