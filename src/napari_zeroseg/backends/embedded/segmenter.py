"""From clicks, a box or an earlier mask to the outline that the image supports best."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import lru_cache
from typing import TYPE_CHECKING

import numpy as np

from napari_zeroseg.backends.embedded.contours import (
    ANGLES,
    DIRECTIONS,
    Contours,
    Frames,
    Limits,
    drawn,
    elliptic_axes,
    find_contours,
)
from napari_zeroseg.backends.embedded.corrections import (
    Click,
    clicks_of,
    edited,
    limits_of,
    misses,
    shifted,
    trust_in,
)
from napari_zeroseg.backends.embedded.depths import DepthMap
from napari_zeroseg.backends.embedded.merits import agreement, box_fit, merits
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
THIN = 0.3
"""An error this thin beside the depth of the mask is one of its outline, not of its extent."""
GROSS = 0.35
"""An error this thick beside the radius of the mask means that the mask is of something else."""
MEANT = 2.0
STEADY = 2.0
EDIT = 1.0
SOFT = 1.5
KEPT = 12
BOX_FIT = 4.0


@dataclass(frozen=True, slots=True, eq=False)
class EmbeddedImage:
    """What all prompts on an image share."""

    pyramid: Pyramid


class EmbeddedSegmenter:
    """Finds outlines by dynamic programming around clicks and in boxes; needs no weights.

    An answer costs the same on images of any size. Its values are depths under the outline in
    pixels.
    """

    def embed(self, image: Plane) -> EmbeddedImage:
        """Return the features of an image, float32 of shape (H, W, 3), RGB in 0..1."""
        return EmbeddedImage(Pyramid.of(image))

    def segment(self, embedding: EmbeddedImage, prompts: Sequence[Prompt]) -> list[Logits]:
        """Return one answer per prompt, in order; an empty one where a prompt names no place."""
        return [_answer(embedding.pyramid, prompt) for prompt in prompts]


def _answer(pyramid: Pyramid, prompt: Prompt) -> Logits:
    prior = DepthMap.of(prompt.mask) if prompt.mask is not None and prompt.mask.area else None
    clicks = clicks_of(prompt.points, prior)
    if prior is not None:
        return _revised(pyramid, prompt, prior, clicks)
    center = _center(prompt)
    if center is None:
        return Logits((0, 0), np.zeros((0, 0), np.float32), 0.0)
    contours, values = _found(pyramid, _frames(pyramid, prompt, center), prompt, clicks)
    best = int(values.argmax())
    return drawn(contours, best).logits(pyramid.shape, _score(contours, best))


def _center(prompt: Prompt) -> tuple[float, float] | None:
    if prompt.box is not None:
        x0, y0, x1, y1 = prompt.box
        return (y0 + y1 - 1) / 2, (x0 + x1 - 1) / 2
    return (prompt.positives[0].y, prompt.positives[0].x) if prompt.positives else None


def _frames(pyramid: Pyramid, prompt: Prompt, center: tuple[float, float]) -> Frames:
    axes = _axes(max(pyramid.shape)) if prompt.box is None else _box_axes(prompt.box)
    return Frames(np.tile(center, (len(axes), 1)), axes)


@lru_cache(maxsize=8)
def _axes(side: int) -> NDArray[np.float64]:
    """Frames of every size up to half the image, round and elongated."""
    return np.array(
        [
            elliptic_axes(size, aspect, turn * np.pi / turns)
            for aspect, factor, turns in SHAPES
            for size in np.exp(np.arange(np.log(SMALLEST), np.log(max(side / 2, 4)), np.log(factor)))
            for turn in range(turns)
        ]
    )


def _box_axes(box: Box) -> NDArray[np.float64]:
    """Frames that fill a box, and elongated ones along its diagonals."""
    half = np.maximum((box[3] - box[1], box[2] - box[0]), 2) / 2
    upright = [np.diag(half * scale) for scale in (0.7, 0.85, 1.0)]
    return np.array([*upright, *(_sheared(half, slant) for slant in (-0.6, 0.6))])


def _sheared(half: NDArray[np.float64], slant: float) -> NDArray[np.float64]:
    """The ellipse that touches the sides of a box and leans to one of its corners."""
    values, vectors = np.linalg.eigh(np.outer(half, half) * np.array([[1, slant], [slant, 1]]))
    return np.asarray((vectors * np.sqrt(values)) @ vectors.T)


def _found(
    pyramid: Pyramid,
    frames: Frames,
    prompt: Prompt,
    clicks: Sequence[Click],
    belief: DepthMap | None = None,
) -> tuple[Contours, NDArray[np.float64]]:
    """Contours and their merits."""
    limits = limits_of(frames, clicks)
    if prompt.box is not None:
        limits = _within(limits, frames, prompt.box)
    contours = find_contours(pyramid, frames, limits, None if belief is None else belief.at)
    values = merits(contours, limits) - MEANT * misses(contours, clicks)
    if prompt.box is not None:
        values = values + BOX_FIT * np.log(box_fit(contours, prompt.box) + 1e-3)
    return contours, values


def _within(limits: Limits, frames: Frames, box: Box) -> Limits:
    """Keep contours in a box: a ray may go to where it leaves it."""
    directions = np.einsum("sij,aj->sai", frames.axes, DIRECTIONS)
    low = np.array([box[1], box[0]]) - 1.0 - frames.centers
    high = np.array([box[3], box[2]]) - frames.centers
    side = np.where(directions > 0, high[:, None], low[:, None])
    exits = (side / np.where(np.abs(directions) < 1e-9, 1e-9, directions)).min(2)
    most = np.minimum(limits.most, np.maximum(exits, 0))
    return Limits(np.minimum(limits.least, most), most)


def _revised(pyramid: Pyramid, prompt: Prompt, prior: DepthMap, clicks: tuple[Click, ...]) -> Logits:
    """Correct an earlier mask: its outline, its extent, or everything, by how wrong it is."""
    worst = max((c.error for c in clicks), default=0.0)
    if 0 < worst < THIN * prior.greatest:
        moved = shifted(prior, clicks)
        return moved.logits(pyramid.shape, 0.5)
    changed, trust = edited(prior, clicks), trust_in(prior, clicks)
    faith = float(np.clip(1 - max(worst, 0) / (GROSS * np.sqrt(prior.area / np.pi)), 0, 1))
    belief = prior.with_values(faith * trust * np.clip(changed.values / SOFT, -1, 1) / 2)
    center = _center(prompt) or changed.deepest()
    frames = _frames(pyramid, prompt, center).joined(_fitted(changed))
    contours, values = _found(pyramid, frames, prompt, clicks, belief)
    weight = STEADY * max(len(clicks), 1) * faith
    return _steadiest(pyramid, contours, values, changed, trust, weight)


def _fitted(mask: DepthMap) -> Frames:
    """Frames with the second moments of a mask."""
    rows, cols = np.nonzero(mask.values > 0)
    places = np.stack([rows, cols]) * mask.step
    values, vectors = np.linalg.eigh(np.cov(places) + np.eye(2) * (1 + mask.step**2 / 12) if rows.size > 1 else np.eye(2))
    axes = (vectors * np.sqrt(values) * 2) @ vectors.T
    center = places.mean(1) + mask.origin
    if mask.at(np.float32(center[0]), np.float32(center[1])) <= 0:
        center = np.array(mask.deepest())
    return Frames(np.tile(center, (3, 1)), np.stack([axes * scale for scale in (0.8, 1.0, 1.25)]))


def _steadiest(
    pyramid: Pyramid,
    contours: Contours,
    values: NDArray[np.float64],
    changed: DepthMap,
    trust: NDArray[np.float32],
    weight: float,
) -> Logits:
    """Return the best contour that also keeps what was right, or the edited mask itself."""
    leading = np.union1d(np.argsort(-values)[:KEPT], np.arange(len(values) - 3, len(values)))
    depths = {int(i): drawn(contours, int(i)) for i in leading}
    kept = {i: weight * agreement(depth, changed, trust) for i, depth in depths.items()}
    best = max(kept, key=lambda i: values[i] + kept[i])
    chosen = depths[best] if weight - kept[best] <= EDIT else changed
    return chosen.logits(pyramid.shape, _score(contours, best))


def _score(contours: Contours, which: int) -> float:
    """Confidence: how well the contour parts, and on how much of its length."""
    separation = max(float(contours.separation[which]), 0.0)
    return separation / (1 + separation) * float((contours.steps[which] > 0.1).mean())
