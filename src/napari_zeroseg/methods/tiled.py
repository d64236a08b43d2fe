"""The method ``grounded`` on images too large to be looked at at once: tile by tile, as if at once."""

from __future__ import annotations

from dataclasses import dataclass, replace
from heapq import nlargest
from typing import TYPE_CHECKING

import numpy as np

from napari_zeroseg.backends.allocator import give_back
from napari_zeroseg.backends.roles import SurveyingDetector, SurveyingSegmenter
from napari_zeroseg.core.boxes import box_iou
from napari_zeroseg.core.events import Described, Detected, Event, FoundMany, Progress, StageStarted
from napari_zeroseg.core.tiles import DOUBT, Piece, Tile, covered, joined, placed, sample_windows
from napari_zeroseg.methods import grounded
from napari_zeroseg.methods.job import Job

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from napari_zeroseg.backends.registry import Backends
    from napari_zeroseg.core.compose import Claims
    from napari_zeroseg.core.detection import Detection
    from napari_zeroseg.core.image import Plane
    from napari_zeroseg.core.instance import Instance
    from napari_zeroseg.core.mask import Box
    from napari_zeroseg.core.suggestion import PhraseMatch
    from napari_zeroseg.core.tiles import Window

SAMPLE_SIDE = 384
"""Side in pixels of the parts of an image from which it is told what is usual in it."""
SAMPLES = 3
"""So many of them make up a row, and a column."""
LOOKED_AT = 6
"""They are those with most to see among so many in a row and a column."""


@dataclass(frozen=True)
class LargeImage:
    """One plane of an image, at the level at which it is looked at, that is read in parts.

    Parameters
    ----------
    shape : tuple of int
        (H, W) at this level.
    read : callable
        Returns a window as float32 of shape (h, w, 3), RGB in 0..1.
    factor : tuple of float
        Pixels of the full plane per pixel of this level, along rows and columns.
    """

    shape: tuple[int, int]
    read: Callable[[Window], Plane]
    factor: tuple[float, float] = (1.0, 1.0)


def segment(
    image: LargeImage,
    tiles: Sequence[Tile],
    job: Job,
    claims: Claims,
    claims_in: Callable[[Window], Claims],
) -> Iterator[Event]:
    """Detect and segment the accepted classes in every tile (steps 3 to 8).

    What is usual in the image is measured once, on a sample of it, where the backends can make use
    of that; so objects on both sides of a seam are judged alike. An object belongs to the tile that
    holds its centre; what no tile sees as a whole is put together from its pieces at the end.

    Parameters
    ----------
    image : LargeImage
        The plane.
    tiles : sequence of Tile
        In pixels of the level that is looked at.
    job : Job
        What is looked for.
    claims : Claims
        Gives ids, and pixels where tiles meet; knows which are a person's.
    claims_in : callable
        Returns new claims that know which pixels in a window of the full plane are a person's.

    Yields
    ------
    Event
        Stages, ``Described``, for every tile ``Detected``, ``FoundMany`` and ``Progress``, and at the
        end ``FoundMany`` with what was put together.
    """
    yield StageStarted("Looking for " + ", ".join(job.accepted))
    job = replace(job, vocabulary=grounded.described_by(job.backends.refiner, job.vocabulary))
    yield Described(job.vocabulary.classes)
    if len(tiles) > 1:
        yield StageStarted("Finding out what is usual in the image")
        job = replace(job, backends=surveyed(job, sample_of(image, tiles)))
    yield StageStarted("Looking for " + ", ".join(job.accepted))
    yield Progress(0, len(tiles))
    matches: dict[str, PhraseMatch] = {}
    cut: list[Piece] = []
    for number, tile in enumerate(tiles, 1):
        look = _Look(image, tile, job, matches)
        yield replace(look.detected(), window=covered(tiles, image.factor), first=number == 1)
        for _ in look.batches(claims_in):
            yield Progress(number - 1, len(tiles))  # between any two events Cancel bites
        found, pieces = look.sorted_out(claims)
        cut += pieces
        del look  # its pixels, before the next tile is read
        give_back()  # small objects that stay lie among them, and would keep all of it from the system
        yield FoundMany(found)
        yield Progress(number, len(tiles))
    yield FoundMany(tuple(g for i in joined(cut) if (g := claims.claim(i)) is not None))


class _Look:
    """A look at one tile."""

    def __init__(self, image: LargeImage, tile: Tile, job: Job, matches: dict[str, PhraseMatch]) -> None:
        self._image, self._tile, self._job, self._matches = image, tile, job, matches
        self._on_plane = tile.scaled(image.factor)
        self._origin = (tile.window[0].start, tile.window[1].start)
        self._pixels = image.read(tile.window)
        self._boxes = self._usable_boxes(self._pixels)
        self._instances: list[Instance] = []

    def detected(self) -> Detected:
        """Return the boxes that are the tile's own."""
        boxes = [replace(d, box=self._box_on_plane(d.box)) for d in self._boxes]
        own = tuple(d for d in boxes if self._on_plane.owns(d.box))
        return Detected(own, tuple(self._matches.values()))

    def batches(self, claims_in: Callable[[Window], Claims]) -> Iterator[None]:
        """Segment what is in the boxes, a few at a time."""
        if not self._boxes:
            return
        job, segmenter = self._job, self._job.backends.segmenter
        claims = claims_in(self._on_plane.window)
        embedding = segmenter.embed(self._pixels)
        for start in range(0, len(self._boxes), grounded.BATCH):
            batch = self._boxes[start : start + grounded.BATCH]
            for proposal in grounded.proposals(embedding, batch, segmenter, job.parameters, job.provenance):
                granted = claims.claim(placed(proposal, self._origin, self._image.factor))
                if granted is not None:
                    self._instances.append(granted)
            yield

    def _usable_boxes(self, pixels: Plane) -> list[Detection]:
        if pixels.min() == pixels.max():
            return []
        job, matches = self._job, self._matches
        detections = job.backends.detector.detect(pixels, job.wanted)
        new = [d for d in detections if d.phrase not in matches]
        matches |= grounded.match_phrases(new, job.vocabulary, job.backends.refiner)
        return self._needed(grounded.usable(detections, matches, job.accepted, job.parameters))

    def _needed(self, boxes: list[Detection]) -> list[Detection]:
        """Return the boxes that meet the core, and those that may take pixels from them."""
        bounds = np.array([self._box_on_plane(d.box) for d in boxes]).reshape(-1, 4)
        rows, cols = self._on_plane.core
        grown = np.array([[cols.start, rows.start, cols.stop, rows.stop]]) + DOUBT * np.array([-1, -1, 1, 1])
        own = box_iou(bounds, grown)[:, 0] > 0
        needed = own.copy()
        needed[~own] = (box_iou(bounds[~own], bounds[own]) > 0).any(axis=1)
        return [d for d, is_needed in zip(boxes, needed, strict=True) if is_needed]

    def _box_on_plane(self, box: Box) -> Box:
        (top, left), (down, along) = self._origin, self._image.factor
        x0, y0, x1, y1 = box
        return ((x0 + left) * along, (y0 + top) * down, (x1 + left) * along, (y1 + top) * down)

    def sorted_out(self, claims: Claims) -> tuple[tuple[Instance, ...], list[Piece]]:
        """Return what is the tile's own, and what is left to the end: pieces, and what may be its own."""
        tile = self._on_plane
        found: list[Instance] = []
        cut: list[Piece] = []
        size = (
            round(self._image.shape[0] * self._image.factor[0]),
            round(self._image.shape[1] * self._image.factor[1]),
        )
        for instance in self._instances:
            if tile.cuts(instance.mask, size):
                if tile.reaches_core(instance.mask):
                    cut.append(Piece(tile, instance))
            elif tile.owns(instance.mask.box):
                # far from its seams nobody else looks, and nothing needs to be noted
                grant = claims.claim if tile.near_seam(instance.mask) else claims.numbered
                granted = grant(instance)
                if granted is not None:
                    found.append(granted)
            elif tile.owns(instance.mask.box, DOUBT):
                # the neighbour, who sees more of what is around it, comes first
                cut.append(Piece(tile, instance))
        return tuple(found), cut


def sample_of(image: LargeImage, tiles: Sequence[Tile]) -> Plane:
    """Return parts of the region that tiles cover, side by side: those with most to see."""
    windows = sample_windows(covered(tiles), SAMPLE_SIDE, LOOKED_AT)
    count = min(SAMPLES, int(np.sqrt(len(windows))))
    parts = nlargest(count**2, map(image.read, windows), key=lambda part: float(part.std()))
    return np.concatenate([np.concatenate(parts[i * count : (i + 1) * count], axis=1) for i in range(count)])


def surveyed(job: Job, sample: Plane) -> Backends:
    """Return the backends as they judge the parts of the image that a sample was taken of."""
    detector, segmenter = job.backends.detector, job.backends.segmenter
    if isinstance(detector, SurveyingDetector):
        detector = detector.surveyed(sample, job.wanted)
    if isinstance(segmenter, SurveyingSegmenter):
        segmenter = segmenter.surveyed(sample, job.wanted)
    return replace(job.backends, detector=detector, segmenter=segmenter)
