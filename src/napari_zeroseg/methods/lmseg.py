"""Compare every place with the words for each class: LMSeg (Tang et al., arXiv 2412.00364)."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np
from scipy.ndimage import find_objects
from scipy.ndimage import label as labelled

from napari_zeroseg.backends.entry import Role
from napari_zeroseg.backends.lmseg.head import held
from napari_zeroseg.backends.registry import names_of
from napari_zeroseg.core.cost_map import Aligned, fused, shares
from napari_zeroseg.core.detection import Detection
from napari_zeroseg.core.events import Described, Detected, Event, Found, Progress, StageStarted
from napari_zeroseg.core.grid import grid_shape, on_grid
from napari_zeroseg.core.instance import Instance
from napari_zeroseg.core.mask import Mask
from napari_zeroseg.methods.grounded import described_by

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from numpy.typing import NDArray

    from napari_zeroseg.backends.registry import Backends
    from napari_zeroseg.core.image import Plane
    from napari_zeroseg.core.vocabulary import TargetClass
    from napari_zeroseg.methods.choice import Grants
    from napari_zeroseg.methods.job import Job

    Floats = NDArray[np.float32]

_TOUCHING = np.ones((3, 3), int)
"""Pixels that meet at a corner are of one piece."""


@dataclass(frozen=True, slots=True, eq=False)
class Features:
    """What is known of an image before any fusion.

    Parameters
    ----------
    aligned : Aligned
        The image in the space of words, F_c, on the grid.
    detail : ndarray of float32, shape (h, w, e)
        Features of another kind on the same grid, F_s.
    """

    aligned: Aligned
    detail: Floats


def features_of(image: Plane, classes: Sequence[TargetClass], backends: Backends, side: int) -> Features:
    """Return both kinds of features on one grid.

    Parameters
    ----------
    image : ndarray of float32, shape (H, W, 3)
        RGB in 0..1.
    classes : sequence of TargetClass
        With their looks.
    backends : Backends
        Image-text encoder and detail extractor are asked.
    side : int
        Longest side of the grid; of a smaller image each pixel is a place.
    """
    shape = grid_shape((image.shape[0], image.shape[1]), side)
    aligned = backends.encoder.encode(image, classes)
    detail = backends.detail.features(image)
    return Features(replace(aligned, dense=on_grid(aligned.dense, shape)), on_grid(detail, shape))


def segment(image: Plane, job: Job, claims: Grants) -> Iterator[Event]:
    """Find the accepted classes on a plane.

    Parameters
    ----------
    image : ndarray of float32, shape (H, W, 3)
        RGB in 0..1.
    job : Job
        What is looked for; refiner, image-text encoder and detail extractor are asked.
    claims : Grants
        Gives the pixels.

    Yields
    ------
    Event
        Stages, ``Described``, ``Detected``, ``Found`` by falling score, ``Progress``.
    """
    numbers = job.recipe.lmseg
    yield StageStarted("Looking for " + ", ".join(job.accepted))
    described = described_by(job.backends.refiner, job.vocabulary)
    yield Described(described.classes)
    yield StageStarted("Comparing the image with the words")
    view = _view(job)
    features = features_of(image, [described[name] for name in view.names], job.backends, numbers.grid)
    probable = view.probabilities(features)
    yield StageStarted("Drawing masks")
    found = pieces(probable, (image.shape[0], image.shape[1]), view.threshold, numbers.least_area)
    named = ((piece, view.names[piece.number]) for piece in found)
    proposals = [_proposal(piece, name, job) for piece, name in named if name in job.accepted]
    yield Detected(tuple(_detection(p) for p in proposals), ())
    for done, proposal in enumerate(proposals, start=1):
        granted = claims.claim(proposal)
        if granted is not None:
            yield Found(granted)
        yield Progress(done, len(proposals))


@dataclass(frozen=True, slots=True, eq=False)
class _View:
    """How features become probabilities: by the formula, or by a learned head."""

    names: Sequence[str]
    probabilities: Callable[[Features], Floats]
    threshold: float


def _view(job: Job) -> _View:
    numbers = job.recipe.lmseg
    if numbers.head is None:

        def by_formula(features: Features) -> Floats:
            aligned = features.aligned
            return shares(fused(aligned.dense, features.detail, numbers.weight), aligned)

        return _View(job.accepted, by_formula, numbers.threshold)
    head, used = held(numbers.head), names_of(job.recipe)
    head.check(job.vocabulary.names, job.accepted, used[Role.ENCODER], used[Role.DETAIL], numbers.grid)
    # what belongs to no class, it has learned
    return _View(head.card.classes, lambda f: head.probabilities(f.aligned, f.detail), 0.0)


@dataclass(frozen=True, slots=True, eq=False)
class Piece:
    """A connected part of the image that is of one class.

    Parameters
    ----------
    number : int
        Of the class, from 0.
    mask : Mask
        Its pixels.
    score : float
        Mean probability of the class there.
    """

    number: int
    mask: Mask
    score: float


def pieces(probable: Floats, shape: tuple[int, int], threshold: float, least_area: int) -> list[Piece]:
    """Return the connected parts of the most probable classes, best first.

    Parameters
    ----------
    probable : ndarray of float32, shape (1 + N, h, w)
        Probabilities on the grid, those of no class first.
    shape : tuple of int
        (H, W) of the image.
    threshold : float
        Least probability of a class.
    least_area : int
        Smallest piece in pixels.
    """
    best, winner = _best(probable, shape)
    winner[best < threshold] = 0
    found = [
        Piece(number - 1, mask, float(best[mask.slices][mask.pixels].mean()))
        for number in range(1, len(probable))
        for mask in _connected(winner == number)
        if mask.area >= least_area
    ]
    return sorted(found, key=lambda piece: -piece.score)


def _best(probable: Floats, shape: tuple[int, int]) -> tuple[Floats, NDArray[np.intp]]:
    """Return for each pixel the highest probability and whose it is, one class in memory at a time."""
    best = np.zeros(shape, np.float32)
    winner = np.zeros(shape, np.intp)
    for number, share in enumerate(probable):
        fine = on_grid(share[..., None], shape)[..., 0]
        better = fine > best
        best[better], winner[better] = fine[better], number
    return best, winner


def _connected(pixels: NDArray[np.bool_]) -> Iterator[Mask]:
    parts, _ = labelled(pixels, _TOUCHING)
    for number, box in enumerate(find_objects(parts), start=1):
        yield Mask((box[0].start, box[1].start), parts[box] == number)


def _proposal(piece: Piece, name: str, job: Job) -> Instance:
    provenance = replace(job.provenance, phrase=name, box=piece.mask.box)
    return Instance(0, name, piece.mask, piece.score, provenance=provenance)  # the claims give the id


def _detection(proposal: Instance) -> Detection:
    return Detection(proposal.mask.box, proposal.score, proposal.name, proposal.name)
