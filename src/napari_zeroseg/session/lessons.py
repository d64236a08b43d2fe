"""What a person has corrected, as images to learn from."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from napari_zeroseg.core.compose import semantic_labels
from napari_zeroseg.core.vocabulary import Vocabulary
from napari_zeroseg.methods.learning import UNKNOWN, Corrected
from napari_zeroseg.session.source import seen_at_once

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from napari_zeroseg.session.source import ImageSource, PlaneIndex
    from napari_zeroseg.session.state import State


def corrected_on(source: ImageSource, labels: NDArray[np.uint8], side: int) -> Corrected:
    """Return a plane as a method sees it that looks at all of it at once, and its labels there.

    Parameters
    ----------
    source : ImageSource
        The plane.
    labels : ndarray of uint8, shape (H, W)
        Class ids on the plane.
    side : int
        Largest side of what is seen.
    """
    view = seen_at_once(source, None, 0, side)
    step = int(view.factor[0])
    seen = labels[step // 2 :: step, step // 2 :: step]
    return Corrected(view.pixels, seen[: view.pixels.shape[0], : view.pixels.shape[1]])


def corrected_planes(state: State) -> tuple[PlaneIndex, ...]:
    """Return the planes on which a person answers for at least one mask."""
    return tuple(sorted({i.plane for i in state.instances if i.locked}))


def learnable(state: State) -> set[str]:
    """Return the classes of which a person answers for a mask."""
    return {i.name for i in state.instances if i.locked}


def labels_of(
    state: State, plane: PlaneIndex, vocabulary: Vocabulary, shape: tuple[int, int]
) -> NDArray[np.uint8]:
    """Return what is known of a plane that a person has corrected, as class ids of shape (H, W).

    What she answers for is of its class; what is still proposed is not decided; all else belongs to no
    class, for she has looked at the plane.
    """
    held = state.on_plane(plane)
    known = semantic_labels([i for i in held if i.locked and i.name in vocabulary], vocabulary, shape)
    for instance in held:
        if not instance.locked:
            part = known[instance.mask.slices]
            part[instance.mask.pixels & (part == 0)] = UNKNOWN
    return known
