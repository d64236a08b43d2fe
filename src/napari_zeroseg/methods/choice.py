"""The methods as a person chooses among them, and how each is run."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

from napari_zeroseg.backends.entry import Role
from napari_zeroseg.core.method import Method
from napari_zeroseg.methods import freeseg, lmseg

if TYPE_CHECKING:
    from napari_zeroseg.core.events import Event
    from napari_zeroseg.core.image import Plane
    from napari_zeroseg.core.instance import Instance
    from napari_zeroseg.methods.job import Job


class Grants(Protocol):
    """Gives pixels to proposals, which come in order of falling score."""

    def claim(self, proposal: Instance) -> Instance | None:
        """Return the proposal with the pixels it may have and an id of its own, or None."""
        ...


Run = Callable[["Plane", "Job", Grants], "Iterator[Event]"]
"""Finds and draws the accepted classes on a plane, float32 of shape (H, W, 3), RGB in 0..1."""


@dataclass(frozen=True, slots=True)
class Choice:
    """One method.

    Parameters
    ----------
    title : str
        What a person calls it.
    teaches : str
        When to use it, in a sentence or two.
    found_by, drawn_by : Role
        Whose backends are named in the provenance of a mask as detector and segmenter.
    run : callable or None
        Looks at a plane at once, a large one shrunk; None for ``grounded``, which looks at large
        planes in tiles.
    """

    title: str
    teaches: str
    found_by: Role
    drawn_by: Role
    run: Run | None = None


CHOICES: dict[Method, Choice] = {
    Method.GROUNDED: Choice(
        "Grounded: find objects, then draw them",
        "A detector finds objects by their words, and a segmenter draws each.\n"
        "The choice for objects that can be counted: cells, nuclei, cars",
        Role.DETECTOR,
        Role.SEGMENTER,
    ),
    Method.FREESEG_DIFF: Choice(
        "FreeSeg-Diff: group places, name groups",
        "What looks alike becomes a cluster, and each cluster gets the class that fits it best.\n"
        "The choice for areas without a clear outline: tissue, sky, road, cytoplasm",
        Role.CLASSIFIER,
        Role.EXTRACTOR,
        freeseg.segment,
    ),
    Method.LMSEG: Choice(
        "LMSeg: words for every place, and learning",
        "Every place of the image is compared with the words for each class.\n"
        "The choice for areas rather than objects, and to learn from your corrections",
        Role.ENCODER,
        Role.DETAIL,
        lmseg.segment,
    ),
}
