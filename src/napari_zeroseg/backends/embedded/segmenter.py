"""From clicks, a box or an earlier mask to the outline that the image supports best."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING

import numpy as np

from napari_zeroseg.backends.embedded.clicked import Prior, discs_of, limits_of
from napari_zeroseg.backends.embedded.contours import (
    DIRECTIONS,
    Contours,
    Frames,
    drawn,
    elliptic_axes,
    find_contours,
)
from napari_zeroseg.backends.embedded.pyramid import Pyramid
from napari_zeroseg.core.mask import Logits

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from napari_zeroseg.core.image import Plane
    from napari_zeroseg.core.mask import Box
    from napari_zeroseg.core.prompt import Prompt

SMALLEST = 3.0
"""Radius in pixels of the smallest frame."""
SHAPES = ((1.0, 1.3, 1), (2.2, 1.45, 4))
"""Aspect ratio of frames, factor from one size to the next, number of orientations."""


@dataclass(frozen=True, slots=True, eq=False)
class EmbeddedImage:
    """What all prompts on an image share."""

    pyramid: Pyramid


class EmbeddedSegmenter:
    """Finds outlines by dynamic programming around clicks and in boxes."""

    def embed(self, image: Plane) -> EmbeddedImage:
        """Return the features of an image, float32 of shape (H, W, 3), RGB in 0..1."""
        return EmbeddedImage(Pyramid.of(image))

    def segment(self, embedding: EmbeddedImage, prompts: Sequence[Prompt]) -> list[Logits]:
        """Return one answer per prompt, in order: depth under the outline in pixels."""
        return [_answer(embedding, prompt) for prompt in prompts]


def _answer(embedding: EmbeddedImage, prompt: Prompt) -> Logits:
    pyramid = embedding.pyramid
    prior = Prior.of(prompt.mask) if prompt.mask is not None and prompt.mask.area else None
    center = _center(prompt, prior)
    if center is None:
        return Logits((0, 0), np.zeros((0, 0), np.float32), 0.0)
    frames = Frames(center, _frame_axes(pyramid.shape))
    limits = limits_of(frames, discs_of(prompt.points, prior))
    weight = PRIOR_WEIGHT * len(prompt.points)
    belief = None if prior is None else (lambda rows, cols: weight * np.clip(prior.at(rows, cols) / 2, -0.5, 0.5))
    contours = find_contours(pyramid, frames, limits, belief)
    ranked = np.argsort(-_merit(contours, limits))
    best = int(ranked[0])
    if prior is not None:
        ranked = ranked[:KEPT]
        m=_merit(contours, limits)
        best = int(max(ranked, key=lambda i: m[i]+AGREE*len(prompt.points)*_agreement(contours,int(i),prompt.mask,pyramid.shape)))
    origin, depth = drawn(frames, best, contours.radii[best], pyramid.shape)
    return Logits(origin, depth, 0.5)

PRIOR_WEIGHT=0.1
AGREE=1.0
KEPT=12
def _agreement(contours,i,mask,shape):
    origin, depth = drawn(contours.frames, i, contours.radii[i], shape)
    return Logits(origin,depth,0).mask().iou(mask)

def _center(prompt: Prompt, prior: Prior | None) -> tuple[float, float] | None:
    if prompt.box is not None:
        x0, y0, x1, y1 = prompt.box
        return (y0 + y1 - 1) / 2, (x0 + x1 - 1) / 2
    if prompt.positives:
        return prompt.positives[0].y, prompt.positives[0].x
    return None if prior is None else prior.deepest()


@cache
def _frame_axes(shape: tuple[int, int]) -> NDArray[np.float64]:
    """Axes of frames of every size up to half the image, round and elongated."""
    return np.array(
        [
            elliptic_axes(size, aspect, turn * np.pi / turns)
            for aspect, factor, turns in SHAPES
            for size in np.exp(np.arange(np.log(SMALLEST), np.log(max(shape) / 2), np.log(factor)))
            for turn in range(turns)
        ]
    )


def _merit(contours: Contours, limits) -> NDArray[np.float64]:
    """How much each contour looks like the outline of the one object that was meant.

    The smallest outline that parts well on all sides: a bigger one must part that much better.
    """
    sizes = contours.frames.sizes * np.sqrt((contours.radii**2).mean(1))
    even = np.percentile(contours.steps, 20, axis=1) / np.maximum(contours.steps.mean(1), 1e-3)
    strained=((contours.radii<limits.least*.97)|(contours.radii>limits.most*1.03)).mean(1)
    return np.log(contours.separation + 1e-3) - np.log(sizes) + 0.5 * np.clip(even, -1, 1) -3*strained
