"""Objects that a seam cuts have the outlines that a look without tiles gives them."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from numpy.typing import NDArray

from napari_zeroseg.backends.registry import backends_of
from napari_zeroseg.core.compose import Claims
from napari_zeroseg.core.events import FoundMany
from napari_zeroseg.core.image import plane_from_array
from napari_zeroseg.core.instance import Instance, Provenance
from napari_zeroseg.core.mask import Mask
from napari_zeroseg.core.recipe import Parameters, Recipe
from napari_zeroseg.core.tiles import Tile, tiles, whole
from napari_zeroseg.core.vocabulary import Vocabulary
from napari_zeroseg.methods import grounded, tiled
from napari_zeroseg.methods.job import Job

SIDE, TILE, PITCH = 640, 320, 48


def nuclei(seed: int) -> NDArray[np.uint8]:
    """Discs with soft edges and noise, one in each cell of a grid, many of them on a seam."""
    rng = np.random.default_rng(seed)
    yy, xx = np.mgrid[:SIDE, :SIDE]
    image = np.zeros((SIDE, SIDE))
    for cell in np.ndindex(SIDE // PITCH + 1, SIDE // PITCH + 1):
        y, x = (np.array(cell) + rng.uniform(0, 1, 2)) * PITCH
        radius, value = rng.uniform(7, 13), rng.uniform(0.4, 0.9)
        distance = radius - np.hypot(yy - y, xx - x)
        image = np.maximum(image, np.clip(distance / 1.5 + 0.5, 0, 1) * value)
    image += 0.06 + rng.normal(0, 0.02, image.shape)
    return np.asarray(np.clip(image, 0, 1) * 255, np.uint8)


def _looks(seed: int) -> tuple[list[Mask], list[Mask]]:
    """Return what is found in tiles, and in one look that is judged by the same numbers."""
    plane = plane_from_array(nuclei(seed))
    recipe = Recipe().with_vocabulary(Vocabulary.parse("nucleus"))
    backends = backends_of(recipe)
    vocabulary = grounded.described_by(backends.refiner, recipe.vocabulary)
    image = tiled.LargeImage((SIDE, SIDE), lambda window: plane[window])
    parts = tiles(image.shape, TILE, Parameters().tile_overlap)
    job = Job(vocabulary, ["nucleus"], backends, recipe, Provenance())
    one = replace(job, backends=tiled.surveyed(job, tiled.sample_of(image, parts)))
    all_of_it = whole(image.shape)
    return _masks(image, parts, job), _masks(image, [Tile(all_of_it, all_of_it)], one)


def _masks(image: tiled.LargeImage, parts: list[Tile], job: Job) -> list[Mask]:
    events = tiled.segment(image, parts, job, Claims(job.vocabulary), lambda _: Claims(job.vocabulary))
    found: list[Instance] = [i for e in events if isinstance(e, FoundMany) for i in e.instances]
    return [i.mask for i in found]


@pytest.mark.parametrize("seed", range(3))
def test_objects_on_a_seam_are_as_in_one_look(seed: int) -> None:
    in_tiles, at_once = _looks(seed)
    seam = tiles((SIDE, SIDE), TILE, 0)[0].core[0].stop
    cut = [m for m in at_once if any(s.start < seam < s.stop for s in m.slices)]
    assert len(cut) > 3
    assert min(max(m.iou(other) for other in in_tiles) for m in cut) >= 0.98
