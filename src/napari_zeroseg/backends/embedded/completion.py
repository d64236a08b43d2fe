"""The look of what was found finds the rest: pixels of the same colours, parted into objects.

Objects whose outlines are weak, because they touch or hold specks that stand out more than they
themselves do, are missed by a search for crisp regions. Their colours are known by then: a linear
discriminant (Fisher 1936) between the pixels that were found and all others says which further
pixels belong to the class.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from scipy import ndimage as ndi

from napari_zeroseg.backends.embedded.candidates import Candidates
from napari_zeroseg.backends.embedded.parting import MIN_AREA, split, whole
from napari_zeroseg.backends.embedded.regions import Region, measured
from napari_zeroseg.backends.embedded.survey import OWN, Survey
from napari_zeroseg.backends.embedded.words import RegionTable, shape_fit

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from napari_zeroseg.backends.embedded.scene import Scene
    from napari_zeroseg.core.attributes import Attributes

    Floats = NDArray[np.float64]
    Labels = NDArray[np.int32]
    Bools = NDArray[np.bool_]
    Hits = Sequence[tuple[Region, float]]

SIGMAS = (1.0, 3.0)
"""Gaussian sigmas in pixels of the colours that are compared: a pixel's own, and its neighbourhood's."""
NOISE = 0.5
"""Variance in squared CIELAB units that every colour has at least."""
SAMPLED = 500_000
"""About so many pixels of either side are enough to know the colours by."""
AGREEMENT = 0.5
"""Least overlap (IoU) of the pixels of that look with what was found; below, colour does not tell."""
COVERED = 0.7
"""An object of which this part was found needs no completion."""
SMALLEST = 0.3
"""Least area of a further object, as a part of the median one's."""
SHAPED = 0.1
"""Least fit of the words for the shape."""
LIKENESS = 0.45
"""Score of an object that is known by its colours alone."""


def completed(
    scene: Scene, look: Attributes, hits: Hits, others: Bools, survey: Survey = OWN
) -> list[tuple[Region, float]]:
    """Return what was found with the objects of the same colours that were missed.

    A whole object takes the place of the parts of it that were found. The words for the shape hold for
    it too.

    Parameters
    ----------
    scene : Scene
        The image's colours.
    look : Attributes
        The words for the class.
    hits : sequence of (Region, float)
        Regions of one class with scores.
    others : ndarray of bool, shape (H, W)
        Pixels of other classes, which are left to them.
    survey : Survey
        What is usual of the class.
    """
    owner = owners(hits, scene.shape)
    alike = _alike(scene.lab, owner > 0, survey) & ~others
    if survey.usual("agreement", lambda: _iou(alike, owner > 0)) < AGREEMENT:
        return list(hits)
    usual_area = survey.usual("area", lambda: float(np.median([r.mask.area for r, _ in hits])))
    missed, inside = _missed(_parts(alike), owner, hits, usual_area)
    group = Candidates(missed, np.ones(len(inside)))
    found = measured(group, scene.colors, "colours of the class", 1, 0, scene.shape, survey)
    shaped = shape_fit(look.shape, RegionTable.of(found)) > SHAPED
    new = [(region, parts) for region, parts, fits in zip(found, inside, shaped, strict=True) if fits]
    replaced = {i for _, parts in new for i in parts}
    kept = [hit for i, hit in enumerate(hits) if i not in replaced]
    return kept + [(region, _score([hits[i][1] for i in parts])) for region, parts in new]


def _score(of_parts: Sequence[float]) -> float:
    return float(np.mean(of_parts)) if of_parts else LIKENESS


def owners(hits: Hits, shape: tuple[int, int]) -> Labels:
    """Return a plane that holds i + 1 where the i-th hit lies, 0 elsewhere."""
    plane = np.zeros(shape, np.int32)
    for index, (region, _) in enumerate(hits):
        plane[region.mask.slices][region.mask.pixels] = index + 1
    return plane


def _alike(lab: NDArray[np.float32], found: Bools, survey: Survey) -> Bools:
    """Return the pixels that look more like those found than like the others."""
    told_apart = survey.usual("colors", lambda: _telling(_blurred(lab), found))
    if told_apart is None:
        return found
    axis, middle = told_apart
    # of blurred colours the part along an axis is the blurred part along it
    parts = zip(SIGMAS, np.split(axis, len(SIGMAS)), strict=True)
    along = sum(ndi.gaussian_filter(lab @ part, sigma) for sigma, part in parts)
    return np.asarray(along > middle)


def _blurred(lab: NDArray[np.float32]) -> NDArray[np.float32]:
    return np.concatenate([ndi.gaussian_filter(lab, (sigma, sigma, 0)) for sigma in SIGMAS], axis=2)


def _telling(colors: NDArray[np.float32], found: Bools) -> tuple[NDArray[np.float32], float] | None:
    """Return what tells the pixels that were found from the others; None where there is one kind."""
    if not found.any() or found.all():
        return None
    return _discriminant(_sample(colors[found]), _sample(colors[~found]), float(found.mean()))


def _sample(colors: NDArray[np.float32]) -> Floats:
    """Return rows taken at equal steps, enough to know means and covariances by."""
    return colors[:: 1 + len(colors) // SAMPLED].astype(np.float64)


def _discriminant(inside: Floats, outside: Floats, share: float) -> tuple[NDArray[np.float32], float]:
    """Return the axis that tells two sets of colours apart best, and the middle between them on it."""
    within = share * np.cov(inside.T, bias=True) + (1 - share) * np.cov(outside.T, bias=True)
    within += NOISE * np.eye(inside.shape[1])
    first, second = inside.mean(axis=0), outside.mean(axis=0)
    axis = np.linalg.solve(within, first - second)
    return axis.astype(np.float32), float((first + second) @ axis / 2)


def _parts(alike: Bools) -> Labels:
    """Return the objects of a mask, touching ones parted."""
    labels, count = ndi.label(ndi.binary_opening(alike))
    return split(whole(labels.astype(np.int32)), np.ones(count + 1))[0]


def _missed(parts: Labels, owner: Labels, hits: Hits, usual_area: float) -> tuple[Labels, list[list[int]]]:
    """Return the parts that were not found as labels 1..N, and for each which hits lie in it."""
    areas = np.array([region.mask.area for region, _ in hits])
    smallest = max(MIN_AREA, SMALLEST * usual_area)
    labels, inside = np.zeros_like(parts), list[list[int]]()
    for index, where in enumerate(ndi.find_objects(parts)):
        own = parts[where] == index + 1
        area = np.count_nonzero(own)
        shared = np.bincount(owner[where][own], minlength=len(hits) + 1)[1:]
        if area >= smallest and shared.sum() < COVERED * area:
            inside.append(np.flatnonzero(shared > areas / 2).tolist())
            labels[where][own] = len(inside)
    return labels, inside


def _iou(a: Bools, b: Bools) -> float:
    return float(np.count_nonzero(a & b) / max(float(np.count_nonzero(a | b)), 1.0))
