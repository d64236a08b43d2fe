"""More of the same: regions of an image that are alike to what a person has accepted."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from scipy import ndimage as ndi

from napari_zeroseg.backends.embedded.candidates import Candidates, candidates
from napari_zeroseg.backends.embedded.learned_channel import learned_channel
from napari_zeroseg.backends.embedded.likeness import described, likeness
from napari_zeroseg.backends.embedded.measure import Colors
from napari_zeroseg.backends.embedded.regions import Region, distinct, measured, octaves
from napari_zeroseg.backends.embedded.scene import Scene, objectness
from napari_zeroseg.backends.embedded.selection import best_disjoint, nesting
from napari_zeroseg.backends.embedded.words import RegionTable, ramp
from napari_zeroseg.core.exemplars import Alike

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from napari_zeroseg.core.exemplars import Exemplars
    from napari_zeroseg.core.image import Plane
    from napari_zeroseg.core.mask import Mask

    Floats = NDArray[np.float64]

AROUND = (1.0, 0.35, 3.0)
"""What is surely outside an example begins so many pixels from it, and is as wide as this part of its
diameter, or so many pixels."""
SIZES = (0.4, 2.5)
"""Diameters that are looked for, as parts of that of the examples."""
SCALES = (5.0, 30.0)
"""They are looked for where the examples have such a diameter in pixels of the shrunk image."""
LIKE_INSIDE = (0.3, 0.8)
"""Mean of the learned channel at which a region begins to look like the examples, and fully does."""
SAME = 0.5
"""A region that overlaps an example by more is another view of it."""
NEW = 0.7
"""Factor on what no earlier search had proposed."""
PROPOSED = (0.02, 0.5)
"""Of what was proposed before: the likeness below which it goes, and its worth at the least otherwise."""
WORTH_TAKING = 0.3


class EmbeddedSeeker:
    """Compares measurements, and learns a channel in which the examples stand out."""

    def seek(self, image: Plane, exemplars: Exemplars) -> list[Alike]:
        """Return masks that are alike to the examples, best first, the examples themselves among them."""
        scene = Scene.of(image)
        colors = scene.colors
        inside = _union(exemplars.accepted, scene.shape)
        channel = learned_channel(scene.lab, inside, _outside(exemplars, inside))
        regions = _regions(scene, channel, _diameter(exemplars.accepted))
        shown = _measured(exemplars.accepted, colors)
        known = _measured(exemplars.proposed, colors)
        fit = _fit(regions, known, shown, channel, exemplars.accepted)
        masks = [region.mask for region in (*regions, *known)]
        return _chosen(masks, fit, scene.shape)


def _union(masks: Sequence[Mask], shape: tuple[int, int]) -> NDArray[np.bool_]:
    plane = np.zeros(shape, bool)
    for mask in masks:
        plane[mask.slices] |= mask.pixels
    return plane


def _diameter(masks: Sequence[Mask]) -> float:
    return float(np.median([np.sqrt(4 * mask.area / np.pi) for mask in masks]))


def _outside(exemplars: Exemplars, inside: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """Return what is surely not of the class: a ring around each example, and what was rejected."""
    gap, part, least = AROUND
    distance = ndi.distance_transform_edt(~inside)
    ring = (distance > gap) & (distance <= max(least, part * _diameter(exemplars.accepted)))
    return np.asarray(ring | (_union(exemplars.rejected, inside.shape) & ~inside))


def _regions(scene: Scene, channel: NDArray[np.float32], diameter: float) -> list[Region]:
    """Return the regions of the image, with those that stand out in the learned channel."""
    found = list(scene.regions)
    for scale, (plane, lab) in enumerate(zip(octaves(channel), octaves(scene.lab), strict=True)):
        size = diameter / 2**scale
        if SCALES[0] <= size <= SCALES[1]:
            band = (SIZES[0] * size, SIZES[1] * size)
            for group in candidates(plane, [band]):
                found += measured(group, Colors.of(lab), "like the examples", 1, scale, scene.shape)
    return distinct(sorted(found, key=lambda r: -r.worth))


def _measured(masks: Sequence[Mask], colors: Colors) -> list[Region]:
    """Return masks of any origin as regions; of those that overlap the later one shows."""
    shape = (colors.lab.shape[0], colors.lab.shape[1])
    labels = np.zeros(shape, np.int32)
    for index, mask in enumerate(masks, 1):
        labels[mask.slices][mask.pixels] = index
    present = np.unique(labels[labels > 0])
    numbers = np.zeros(len(masks) + 1, np.int32)
    numbers[present] = np.arange(1, len(present) + 1)
    return measured(Candidates(numbers[labels], np.ones(len(present))), colors, "given", 1, 0, shape)


def _fit(
    regions: list[Region],
    known: list[Region],
    shown: list[Region],
    channel: NDArray[np.float32],
    accepted: Sequence[Mask],
) -> Floats:
    """Return how well each region and each earlier proposal fits the examples, 0..1."""
    table = RegionTable.of(regions)
    rows = described(table)
    again = _views_of(regions, accepted)
    examples = np.concatenate((described(RegionTable.of(shown)), rows[again]))
    solid = objectness(table) if regions else np.zeros(0)
    usual = float(solid[again].mean()) if again else float(np.median(solid)) if regions else 1.0
    inside = [channel[r.mask.slices][r.mask.pixels].mean() for r in regions]
    fit = likeness(rows, examples) * ramp(np.array(inside), *LIKE_INSIDE)
    fit = NEW * fit * np.clip(solid / max(usual, 1e-3), 0, 1)
    return np.concatenate((fit, _fit_of_known(likeness(described(RegionTable.of(known)), examples))))


def _fit_of_known(alike: Floats) -> Floats:
    least, worth = PROPOSED
    return np.where(alike < least, 0.0, worth + (1 - worth) * alike)


def _views_of(regions: Sequence[Region], accepted: Sequence[Mask]) -> list[int]:
    """Return for each example the region that overlaps it most, where one does."""
    views = []
    for mask in accepted:
        iou = [region.mask.iou(mask) for region in regions]
        if iou and max(iou) > SAME:
            views.append(int(np.argmax(iou)))
    return views


def _chosen(masks: list[Mask], fit: Floats, shape: tuple[int, int]) -> list[Alike]:
    """Return what fits best without overlap."""
    usable = np.flatnonzero(fit > WORTH_TAKING)
    some = [masks[i] for i in usable]
    value = (fit[usable] - WORTH_TAKING) * np.sqrt([mask.area for mask in some])
    kept = best_disjoint(some, value, shape, nesting(some, shape))
    found = [Alike(some[i], float(fit[usable[i]])) for i in kept]
    return sorted(found, key=lambda alike: -alike.score)
