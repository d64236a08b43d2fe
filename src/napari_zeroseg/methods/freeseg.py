"""Part an image into clusters, then name them: FreeSeg-Diff (Corradini et al., arXiv 2403.20105)."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np
from scipy import ndimage as ndi

from napari_zeroseg.backends import minilm
from napari_zeroseg.core.clusters import clustered, silhouette_count, with_places
from napari_zeroseg.core.crf import marginals
from napari_zeroseg.core.detection import Detection
from napari_zeroseg.core.events import (
    Captioned,
    Described,
    Detected,
    Event,
    Found,
    Parted,
    Progress,
    StageStarted,
)
from napari_zeroseg.core.image import shrunk
from napari_zeroseg.core.instance import Instance
from napari_zeroseg.core.mask import Mask
from napari_zeroseg.core.nouns import nearest_names, nouns_of
from napari_zeroseg.core.partition import Partition, compact, nearest
from napari_zeroseg.core.suggestion import Idea
from napari_zeroseg.methods.grounded import described_by

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from numpy.typing import NDArray

    from napari_zeroseg.core.freeseg import FreeSegParameters
    from napari_zeroseg.core.image import Plane
    from napari_zeroseg.core.vocabulary import TargetClass
    from napari_zeroseg.methods.choice import Grants
    from napari_zeroseg.methods.job import Job

    Labels = NDArray[np.unsignedinteger[Any]]
    Floats = NDArray[np.float32]

MAX_SIDE = 1024
"""Of the grid on which clusters are named and drawn; a larger image is shrunk, and its masks enlarged."""
MOST_IDEAS = 5


def segment(image: Plane, job: Job, claims: Grants) -> Iterator[Event]:
    """Find the accepted classes among the clusters of an image.

    Parameters
    ----------
    image : ndarray of float32, shape (H, W, 3)
        RGB in 0..1.
    job : Job
        What is looked for; refiner, feature extractor and region classifier are asked.
    claims : Grants
        Gives the pixels.

    Yields
    ------
    Event
        Stages, ``Described``, ``Captioned``, ``Detected``, ``Found`` by falling likelihood, ``Progress``.
    """
    for event in part(image, job):
        if isinstance(event, Parted):
            yield from draw(image, event.partition, job, claims)
        else:
            yield event


def part(image: Plane, job: Job) -> Iterator[Event]:
    """Find clusters and suggest names for them (steps 1 to 4).

    Without an accepted class, clusters get no names, and the caption tells what could be looked for.

    Yields
    ------
    Event
        Stages, ``Described``, ``Captioned`` where a caption was asked for, and at the end ``Parted``.
    """
    if job.accepted:
        yield StageStarted("Looking for " + ", ".join(job.accepted))
    described = described_by(job.backends.refiner, job.vocabulary)
    yield Described(described.classes)
    names: Sequence[str] = job.accepted
    if job.recipe.freeseg.candidates == "caption" or not names:
        yield StageStarted("Writing a caption")
        caption = job.backends.captioner.caption(image)
        nouns = nouns_of(caption)
        meant = meanings(nouns, job)
        names = [name for name in job.accepted if name in meant.values()]
        yield Captioned(caption, ideas_in([noun for noun in nouns if noun not in meant], job))
    classes = [described[name] for name in names]
    yield StageStarted("Describing every place in numbers")
    features = described_places(image, job)
    yield StageStarted("Grouping places that are alike")
    labels = parted(features, len(classes), job.recipe.freeseg)
    yield StageStarted("Naming the groups")
    yield Parted(Partition(labels, *name(shrunk(image, MAX_SIDE), labels, classes, job)))


def meanings(nouns: Sequence[str], job: Job) -> dict[str, str]:
    """Return the classes that nouns of a caption mean (step 1).

    Each noun means the accepted class whose name is nearest in text embedding, unless it is farther
    than the mean; without an encoder the refiner decides, of all classes.
    """
    encoder = minilm.installed()
    if encoder is not None and nouns and job.accepted:
        near = encoder.encode(nouns) @ encoder.encode(job.accepted).T
        return nearest_names(nouns, job.accepted, near)
    matches = job.backends.refiner.match(nouns, job.vocabulary) if nouns else []
    return {match.phrase: match.name for match in matches if match.name is not None}


def ideas_in(nouns: Sequence[str], job: Job) -> tuple[Idea, ...]:
    """Return the nouns that mean no class, accepted or not, for a person to add."""
    matches = job.backends.refiner.match(nouns, job.vocabulary) if nouns else []
    strange = [match.phrase for match in matches if match.name is None]
    return tuple(Idea(noun, (noun,), "The caption names it.") for noun in strange[:MOST_IDEAS])


def described_places(image: Plane, job: Job) -> Floats:
    """Return the features of each place and where it is (step 2), shape (h, w, d)."""
    return with_places(job.backends.extractor.features(image), job.recipe.freeseg.place_weight)


def parted(features: Floats, wanted: int, parameters: FreeSegParameters) -> Labels:
    """Return the clusters of a grid of features (step 3).

    Parameters
    ----------
    features : ndarray of float32, shape (h, w, d)
        Of each place.
    wanted : int
        Number of candidate classes.
    parameters : FreeSegParameters
        How many clusters.

    Returns
    -------
    ndarray of uint8 or uint16, shape (h, w)
        From 0 without gaps.
    """
    count = count_of(features, wanted, parameters)
    return compact(clustered(features, count, parameters.seed), count)


def count_of(features: Floats, wanted: int, parameters: FreeSegParameters) -> int:
    """Return the number of clusters to look for."""
    if parameters.clusters == "candidates":
        return max(2, wanted + parameters.spare_clusters)
    if parameters.clusters == "silhouette":
        return silhouette_count(features, range(2, parameters.most_clusters + 1), parameters.seed)
    return parameters.clusters


def name(
    image: Plane, labels: Labels, classes: Sequence[TargetClass], job: Job
) -> tuple[tuple[str | None, ...], tuple[float, ...]]:
    """Ask what each cluster shows (step 4): the name of each, None for the background, and how likely it is.

    A cluster has the name of its likeliest class, unless the background is likelier than all of them.
    """
    labels = nearest(labels, image.shape[:2])
    masks = [Mask.from_plane(labels == number) for number in range(int(labels.max()) + 1)]
    if not classes:
        return (None,) * len(masks), (0.0,) * len(masks)
    chances = job.backends.classifier.classify(image, masks, classes)
    if job.recipe.freeseg.one_cluster_per_class:
        chances = np.where(chances == chances.max(axis=0), chances, 0)
    best = chances.argmax(axis=1)
    scores = chances[np.arange(len(masks)), best]
    is_named = chances.sum(axis=1) >= 0.5
    names = tuple(classes[i].name if ok else None for i, ok in zip(best, is_named, strict=True))
    return names, tuple(float(s) for s in scores)


def draw(image: Plane, named: Partition, job: Job, claims: Grants) -> Iterator[Event]:
    """Draw the masks of named clusters to the edges of the image, and propose each piece (step 5)."""
    yield StageStarted("Drawing masks to the edges")
    drawn = refined(image, named, job.recipe.freeseg)
    pieces = sorted(_pieces(drawn, named, job), key=lambda piece: -piece.score)
    boxes = tuple(Detection(p.mask.box, p.score, p.name, p.name) for p in pieces)
    yield Detected(boxes, ())
    for done, proposal in enumerate(pieces, 1):
        granted = claims.claim(proposal)
        if granted is not None:
            yield Found(granted)
        yield Progress(done, len(pieces))


def refined(image: Plane, named: Partition, parameters: FreeSegParameters) -> dict[str, NDArray[np.bool_]]:
    """Return the mask of each class after inference in a dense random field, shape (H, W) of the image.

    All classes and the background share one field, so that masks cannot overlap.
    """
    names = list(dict.fromkeys(n for n in named.names if n is not None))
    if not names:
        return {}
    small = shrunk(image, MAX_SIDE)
    index = np.array([0 if n is None else 1 + names.index(n) for n in named.names])
    owner = nearest(index[named.labels], small.shape[:2])
    if parameters.crf_iterations:
        rest = (1 - parameters.certainty) / len(names)
        sure = owner == np.arange(len(names) + 1)[:, None, None]
        unary = -np.log(np.where(sure, parameters.certainty, rest)).astype(np.float32)
        owner = marginals(unary, small, parameters.crf(max(small.shape))).argmax(axis=0)
    owner = nearest(owner, image.shape[:2])
    return {name: owner == number for number, name in enumerate(names, 1)}


def _pieces(drawn: dict[str, NDArray[np.bool_]], named: Partition, job: Job) -> Iterator[Instance]:
    """Yield an instance per piece that hangs together and is no speck."""
    for name, plane in drawn.items():
        pieces, _ = ndi.label(plane)
        least = job.recipe.freeseg.least_share * plane.size
        score = max(s for n, s in zip(named.names, named.scores, strict=True) if n == name)
        for number, place in enumerate(ndi.find_objects(pieces), 1):
            mask = Mask((place[0].start, place[1].start), pieces[place] == number)
            if mask.area >= least:
                provenance = replace(job.provenance, phrase=name, box=mask.box, quality=score)
                yield Instance(0, name, mask, score, provenance=provenance)
