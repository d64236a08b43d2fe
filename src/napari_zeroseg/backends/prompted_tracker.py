"""Lets any segmenter follow objects: prompted with where the embedded tracker expects them."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np
from scipy import ndimage as ndi

from napari_zeroseg.backends.embedded.tracker import EmbeddedTracker
from napari_zeroseg.core.prompt import Point, Prompt

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping

    from napari_zeroseg.backends.roles import Segmenter
    from napari_zeroseg.backends.tracking import Track
    from napari_zeroseg.core.image import Plane
    from napari_zeroseg.core.mask import Logits, Mask
    from napari_zeroseg.core.sequence import Kind

SAME = 0.5
"""Least overlap (IoU) of an answer with what was expected; below, it is of something else."""


class PromptedTracker:
    """Follows objects with a segmenter that knows single images only.

    Parameters
    ----------
    segmenter : Segmenter
        Draws the outlines.
    """

    def __init__(self, segmenter: Segmenter) -> None:
        self._segmenter = segmenter

    def track(self, kind: Kind) -> PromptedTrack:
        return PromptedTrack(self._segmenter, EmbeddedTracker().track(kind))


class PromptedTrack:
    """Objects that are followed, see :class:`napari_zeroseg.backends.tracking.Track`.

    Parameters
    ----------
    segmenter : Segmenter
        Draws the outlines.
    guesses : Track
        Says where to look; its masks, boxes and inner-most points are the prompts.
    """

    def __init__(self, segmenter: Segmenter, guesses: Track) -> None:
        self._segmenter = segmenter
        self._guesses = guesses

    def look(self, image: Plane) -> dict[int, Logits]:
        guesses = self._guesses.look(image)
        # what looks like the surround is not there: no need to encode the plane for it
        asked = {n: mask for n, guess in guesses.items() if guess.score and (mask := guess.mask()).area}
        if not asked:
            return guesses
        embedding = self._segmenter.embed(image)
        answers = self._segmenter.segment(embedding, [_prompt(mask) for mask in asked.values()])
        drawn = {
            n: _trusted(answer, mask, guesses[n])
            for (n, mask), answer in zip(asked.items(), answers, strict=True)
        }
        return guesses | drawn

    def settle(self, masks: Mapping[int, Mask], keys: Collection[int] = ()) -> None:
        self._guesses.settle(masks, keys)

    def forget(self, numbers: Collection[int]) -> None:
        self._guesses.forget(numbers)


def _prompt(mask: Mask) -> Prompt:
    depth = ndi.distance_transform_edt(np.pad(mask.pixels, 1))[1:-1, 1:-1]
    row, col = np.unravel_index(int(depth.argmax()), depth.shape)
    inside = Point(float(mask.origin[1] + col), float(mask.origin[0] + row))
    return Prompt((inside,), mask.box, mask)


def _trusted(answer: Logits, expected: Mask, guess: Logits) -> Logits:
    """Return the segmenter's answer where it is of the object, with its disagreement as doubt."""
    overlap = answer.mask().iou(expected)
    if overlap < SAME:
        return replace(guess, score=guess.score * SAME)
    return replace(answer, score=guess.score * overlap)
