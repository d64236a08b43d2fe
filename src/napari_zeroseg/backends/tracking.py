"""Finding the same objects again on the next plane, as protocols, and who does it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol, runtime_checkable

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping

    from napari_zeroseg.backends.roles import Segmenter
    from napari_zeroseg.core.image import Plane
    from napari_zeroseg.core.mask import Logits, Mask
    from napari_zeroseg.core.sequence import Kind


class Track(Protocol):
    """Objects that are followed through planes shown one after the other.

    For every plane: :meth:`look`, then :meth:`settle`.
    """

    def look(self, image: Plane) -> dict[int, Logits]:
        """Take the next plane; return where each followed object is on it.

        The score is how much that looks like the object, 0..1. An object that is not seen has an
        empty answer, or none.
        """
        ...

    def settle(self, masks: Mapping[int, Mask], keys: Collection[int] = ()) -> None:
        """Say where objects truly lie on the plane that was shown last.

        ``keys`` are those whose mask a person answers for; they are followed from here on.
        """
        ...

    def forget(self, numbers: Collection[int]) -> None:
        """Follow these no longer."""
        ...


class Tracker(Protocol):
    """Follows objects from plane to plane."""

    def track(self, kind: Kind) -> Track:
        """Return a track without objects."""
        ...


@runtime_checkable
class Following(Protocol):
    """A segmenter that has a way of its own to follow objects."""

    def tracker(self) -> Tracker:
        """Return what follows them."""
        ...


def tracker_of(segmenter: Segmenter) -> Tracker:
    """Return what follows objects for a segmenter.

    One without a way of its own is prompted with what the embedded tracker finds.
    """
    if isinstance(segmenter, Following):
        return segmenter.tracker()
    from napari_zeroseg.backends.prompted_tracker import PromptedTracker

    return PromptedTracker(segmenter)
