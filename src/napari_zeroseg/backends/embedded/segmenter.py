"""From clicks, a box or an earlier mask to the outline that the image supports best."""

from __future__ import annotations

from collections import OrderedDict
from dataclasses import dataclass, field
from functools import cached_property, lru_cache
from typing import TYPE_CHECKING

import numpy as np
from scipy import ndimage

from napari_zeroseg.backends.embedded.contours import (
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
from napari_zeroseg.backends.embedded.detector import surveyed
from napari_zeroseg.backends.embedded.merits import agreement, box_fit, merits
from napari_zeroseg.backends.embedded.pyramid import Pyramid
from napari_zeroseg.backends.embedded.regions import regions_of
from napari_zeroseg.backends.embedded.survey import OWN, Survey
from napari_zeroseg.backends.embedded.tracker import EmbeddedTracker
from napari_zeroseg.core.boxes import box_iou
from napari_zeroseg.core.mask import Logits
from napari_zeroseg.core.prompt import Prompt

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from napari_zeroseg.backends.embedded.regions import Region
    from napari_zeroseg.core.image import Plane
    from napari_zeroseg.core.mask import Box, Mask
    from napari_zeroseg.core.vocabulary import TargetClass


BOX_PARTS = (0.7, 0.85, 1.0)
"""Sizes of the frames that fill a box, as parts of it."""
SLANTS = (-0.6, 0.6)
"""Correlation of rows and columns in the frames along its diagonals."""
FRAMES = len(BOX_PARTS) + len(SLANTS)
"""So many frames for a box."""
SIZES = (0.8, 1.0, 1.25)
"""Sizes of the frames around an earlier mask, as parts of it."""
SEEN = 0.1
"""Step in the evidence from which an outline is seen."""
SMALLEST = 3.0
"""Radius in pixels of the smallest frame."""
SHAPES = ((1.0, 1.3, 1), (2.2, 1.45, 4))
"""Aspect ratio of frames, factor from one size to the next, number of orientations."""
THIN = 0.3
"""An error this thin beside the depth of the mask is one of its outline, not of its extent."""
GROSS = 0.35
"""An error this thick beside the radius of the mask means that the mask is of something else."""
MEANT = 2.0
"""Weight of missing the far side of the errors clicked on, per e-fold of the radius."""
STEADY = 2.0
"""Weight per click of agreement with an earlier mask."""
EDIT = 1.0
"""Merit that a contour may cost; where the best costs more, the mask is edited instead."""
SOFT = 1.5
"""Depth in pixels from which an earlier mask is fully believed."""
KEPT = 12
"""Number of leading contours that are compared with an earlier mask."""
PATIENCE = 6
"""Clicks after which leaps to other objects become rarer."""
BROKEN = -50.0
"""Merit below which a contour breaks a limit."""
OUTLINE_SCORE = 0.5
"""Score of a mask whose outline was moved: the image was not asked."""
BOX_FIT = 4.0
"""Weight of the log of how well a contour fills a box."""
FILLS = 0.9
"""Least overlap of a region's bounds with a box that it fills."""
FOLLOWED = 0.8
"""A contour that overlaps a region by less does not follow it."""
TOGETHER = 16
"""Boxes are searched together, so many at a time."""


@dataclass(frozen=True, eq=False)
class EmbeddedImage:
    """What all prompts on an image share."""

    image: Plane
    pyramid: Pyramid
    survey: Survey = OWN
    """What is usual in the image that this one is a part of."""
    in_boxes: OrderedDict[Box, Logits] = field(default_factory=OrderedDict)
    """Answers to the last boxes, which those to boxes with points start from."""

    @property
    def nbytes(self) -> int:
        """Memory that it takes, without the proposals, which are small."""
        return self.image.nbytes + sum(level.nbytes for level in self.pyramid.levels)

    @cached_property
    def regions(self) -> tuple[Region, ...]:
        """Proposals, which only boxes ask for."""
        return regions_of(self.image, self.survey)

    def region_in(self, box: Box, clicks: Sequence[Click]) -> Mask | None:
        """Return the proposed region that fills a box and agrees with all clicks, if there is one."""
        # boxes that overlap so much begin no farther apart than this
        near = np.flatnonzero(abs(self._bounds[:, 0] - box[0]) <= (1 - FILLS) / FILLS * (box[2] - box[0]))
        fit = box_iou(np.array([box], float), self._bounds[near])[0]
        filling = np.flatnonzero(fit >= FILLS)
        for index in near[filling[np.argsort(-fit[filling], kind="stable")]]:
            mask: Mask = self.regions[index].mask
            if _agrees(mask, clicks):
                return mask
        return None

    @cached_property
    def _bounds(self) -> NDArray[np.float64]:
        return np.array([r.mask.box for r in self.regions]).reshape(-1, 4)


def _agrees(mask: Mask, clicks: Sequence[Click]) -> bool:
    places = np.rint([(c.row, c.col) for c in clicks]).astype(np.intp).reshape(-1, 2)
    return bool((mask.holds(places[:, 0], places[:, 1]) == [c.inside for c in clicks]).all())


class EmbeddedSegmenter:
    """Finds outlines by dynamic programming around clicks and in boxes; needs no weights.

    An answer costs the same on images of any size. Its values are depths under the outline in
    pixels.

    Parameters
    ----------
    survey : Survey
        What is usual in the image that all images to come are parts of.
    """

    def __init__(self, survey: Survey = OWN) -> None:
        self._survey = survey

    def surveyed(self, sample: Plane, classes: Sequence[TargetClass]) -> EmbeddedSegmenter:
        """Return a segmenter for the parts of an image, of which ``sample`` shows what is usual."""
        return EmbeddedSegmenter(surveyed(sample, tuple(classes))[0])

    def embed(self, image: Plane) -> EmbeddedImage:
        """Return the features of an image, float32 of shape (H, W, 3), RGB in 0..1."""
        return EmbeddedImage(image, Pyramid.of(image, self._survey), self._survey)

    def tracker(self) -> EmbeddedTracker:
        """Return what follows objects from plane to plane."""
        return EmbeddedTracker()

    def segment(self, embedding: EmbeddedImage, prompts: Sequence[Prompt]) -> list[Logits]:
        """Return one answer per prompt, in order; an empty one where a prompt names no place."""
        answers = []
        for start in range(0, len(prompts), TOGETHER):
            some = prompts[start : start + TOGETHER]
            _look_into_boxes(embedding, some)
            answers += [_answer(embedding, prompt) for prompt in some]
        return answers


def _look_into_boxes(embedding: EmbeddedImage, prompts: Sequence[Prompt]) -> None:
    """Find what each box holds, as far as it is not known."""
    known = embedding.in_boxes
    in_question = dict.fromkeys(p.box for p in prompts if p.box is not None and p.mask is None)
    asked = [box for box in in_question if box not in known]
    while known and len(known) + len(asked) > 2 * TOGETHER:
        known.popitem(last=False)
    if not asked:
        return
    boxes = np.repeat(np.array(asked, float), FRAMES, axis=0)
    frames = _box_frames(boxes[::FRAMES])
    limits = _within(limits_of(frames, ()), frames, boxes)
    contours = find_contours(embedding.pyramid, frames, limits)
    values = merits(contours, limits, FRAMES) + _filling(contours, boxes)
    for index, box in enumerate(asked):
        own = slice(index * FRAMES, (index + 1) * FRAMES)
        known[box] = _best(embedding, Prompt(box=box), contours.rows(own), values[own], ())


def _answer(embedding: EmbeddedImage, prompt: Prompt) -> Logits:
    pyramid = embedding.pyramid
    prior = DepthMap.of(prompt.mask) if prompt.mask is not None and prompt.mask.area else None
    clicks = clicks_of(prompt.points, prior)
    if prior is not None:
        return _revised(pyramid, prompt, prior, clicks)
    center = _center(prompt)
    if center is None:
        return Logits((0, 0), np.zeros((0, 0), np.float32), 0.0)
    first = None if prompt.box is None else embedding.in_boxes.get(prompt.box)
    # points that the answer to their box agrees with say nothing new
    if first is not None and _agrees(first.mask(), clicks):
        return first
    contours, values = _found(pyramid, _frames(pyramid, prompt, center), prompt, clicks)
    return _best(embedding, prompt, contours, values, clicks)


def _best(
    embedding: EmbeddedImage,
    prompt: Prompt,
    contours: Contours,
    values: NDArray[np.float64],
    clicks: Sequence[Click],
) -> Logits:
    best = int(values.argmax())
    score = _score(contours, best)
    answer = _sided(drawn(contours, best), clicks).logits(embedding.pyramid.shape, score)
    region = None if prompt.box is None else embedding.region_in(prompt.box, clicks)
    # a region that a contour cannot follow: branched, hollow, or held together otherwise
    if region is not None and answer.mask().iou(region) < FOLLOWED:
        return _depths(region, score)
    return answer


def _depths(mask: Mask, score: float) -> Logits:
    """Return the very pixels of a mask as logits."""
    pixels = np.pad(mask.pixels, 1)
    depth = ndimage.distance_transform_edt(pixels) - 0.5
    values = depth[1:-1, 1:-1].astype(np.float32)
    return Logits(mask.origin, values, score)


def _sided(mask: DepthMap, clicks: Sequence[Click]) -> DepthMap:
    """Put every click within the window on its side, also where no contour could."""
    return edited(mask, clicks, least_only=True)


def _center(prompt: Prompt) -> tuple[float, float] | None:
    if prompt.box is not None:
        return _box_center(prompt.box)
    return (prompt.positives[0].y, prompt.positives[0].x) if prompt.positives else None


def _box_center(box: Box) -> tuple[float, float]:
    x0, y0, x1, y1 = box
    return (y0 + y1 - 1) / 2, (x0 + x1 - 1) / 2


def _frames(pyramid: Pyramid, prompt: Prompt, center: tuple[float, float]) -> Frames:
    if prompt.box is not None:
        return _box_frames(np.array([prompt.box], float))
    axes = _axes(max(pyramid.shape))
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


def _box_frames(boxes: NDArray[np.float64]) -> Frames:
    """Frames that fill boxes of shape (B, 4), and elongated ones along their diagonals; FRAMES of each."""
    low, high = boxes[:, [1, 0]], boxes[:, [3, 2]]
    half = np.maximum(high - low, 2) / 2
    upright = [np.eye(2) * (half * scale)[:, None] for scale in BOX_PARTS]
    axes = np.stack([*upright, *(_sheared(half, slant) for slant in SLANTS)], axis=1)
    return Frames(np.repeat((low + high - 1) / 2, FRAMES, axis=0), axes.reshape(-1, 2, 2))


def _sheared(half: NDArray[np.float64], slant: float) -> NDArray[np.float64]:
    """Return the ellipses that touch the sides of boxes and lean to one of their corners."""
    moments = half[:, :, None] * half[:, None, :] * np.array([[1, slant], [slant, 1]])
    values, vectors = np.linalg.eigh(moments)
    return np.asarray((vectors * np.sqrt(values)[:, None]) @ vectors.swapaxes(1, 2))


def _found(
    pyramid: Pyramid,
    frames: Frames,
    prompt: Prompt,
    clicks: Sequence[Click],
    belief: DepthMap | None = None,
) -> tuple[Contours, NDArray[np.float64]]:
    """Contours and their merits."""
    limits = _limits(frames, prompt, clicks)
    contours = find_contours(pyramid, frames, limits, None if belief is None else belief.at)
    return contours, _values(contours, limits, prompt, clicks)


def _limits(frames: Frames, prompt: Prompt, clicks: Sequence[Click]) -> Limits:
    limits = limits_of(frames, clicks)
    return limits if prompt.box is None else _within(limits, frames, np.array([prompt.box], float))


def _values(
    contours: Contours, limits: Limits, prompt: Prompt, clicks: Sequence[Click]
) -> NDArray[np.float64]:
    values = merits(contours, limits) - MEANT * misses(contours, clicks)
    if prompt.box is not None:
        values = values + _filling(contours, np.array([prompt.box], float))
    return values


def _filling(contours: Contours, boxes: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return how much speaks for each contour because it fills its box, or all their box."""
    return np.asarray(BOX_FIT * np.log(box_fit(contours, boxes) + 1e-3))


def _within(limits: Limits, frames: Frames, boxes: NDArray[np.float64]) -> Limits:
    """Keep each contour in its box, or all in one box: a ray may go to where it leaves it."""
    directions = np.einsum("sij,aj->sai", frames.axes, DIRECTIONS)
    low = boxes[:, [1, 0]] - 1.0 - frames.centers
    high = boxes[:, [3, 2]] - frames.centers
    side = np.where(directions > 0, high[:, None], low[:, None])
    exits = (side / np.where(np.abs(directions) < 1e-9, 1e-9, directions)).min(2)
    most = np.minimum(limits.most, np.maximum(exits, 0))
    return Limits(np.minimum(limits.least, most), most)


def _revised(pyramid: Pyramid, prompt: Prompt, prior: DepthMap, clicks: tuple[Click, ...]) -> Logits:
    """Correct an earlier mask: its outline, its extent, or everything, by how wrong it is."""
    worst = max((c.error for c in clicks), default=0.0)
    if 0 < worst < THIN * prior.greatest:
        return shifted(prior, clicks).logits(pyramid.shape, OUTLINE_SCORE)
    changed, trust = edited(prior, clicks), trust_in(prior, clicks)
    faith = _faith(prior, worst, len(clicks))
    belief = prior.with_values(faith * trust * np.clip(changed.values / SOFT, -1, 1) / 2)
    center = _center(prompt) or changed.deepest()
    frames = _frames(pyramid, prompt, center).joined(_fitted(changed))
    contours, values = _found(pyramid, frames, prompt, clicks, belief)
    weight = STEADY * max(len(clicks), 1) * faith
    chosen, score = _steadiest(contours, values, changed, trust, weight)
    return _sided(chosen, clicks).logits(pyramid.shape, score)


def _faith(prior: DepthMap, worst: float, clicks: int) -> float:
    """How far an earlier mask is one of the same object, 0..1.

    After many clicks it is taken as such in any case: small steps then, but no more leaps.
    """
    right = 1 - max(worst, 0) / (GROSS * float(np.sqrt(prior.area / np.pi)))
    return float(np.clip(max(right, (clicks - PATIENCE) / PATIENCE), 0, 1))


def _fitted(mask: DepthMap) -> Frames:
    """Frames with the second moments of a mask."""
    rows, cols = np.nonzero(mask.values > 0)
    places = np.stack([rows, cols]) * mask.step
    # a pixel is no point: its own spread keeps the axes of the thinnest mask apart from 0
    values, vectors = np.linalg.eigh(np.cov(places, bias=True) + np.eye(2) * (mask.step**2 / 12))
    axes = (vectors * np.sqrt(values) * 2) @ vectors.T
    center = places.mean(1) + mask.origin
    if mask.at(*center) <= 0:
        center = np.array(mask.deepest())
    return Frames(np.tile(center, (3, 1)), np.stack([axes * scale for scale in SIZES]))


def _steadiest(
    contours: Contours,
    values: NDArray[np.float64],
    changed: DepthMap,
    trust: NDArray[np.float32],
    weight: float,
) -> tuple[DepthMap, float]:
    """Return the best contour that also keeps what was right, or the edited mask itself."""
    leading = np.union1d(np.argsort(-values)[:KEPT], np.arange(len(values) - 3, len(values)))
    depths = {int(i): drawn(contours, int(i)) for i in leading}
    kept = {i: weight * agreement(depth, changed, trust) for i, depth in depths.items()}
    best = max(kept, key=lambda i: values[i] + kept[i])
    fits = values[best] > BROKEN and weight - kept[best] <= EDIT
    return depths[best] if fits else changed, _score(contours, best)


def _score(contours: Contours, which: int) -> float:
    """Confidence: how well the contour parts, and on how much of its length."""
    separation = max(float(contours.separation[which]), 0.0)
    return separation / (1 + separation) * float((contours.steps[which] > SEEN).mean())
