"""Region proposals: what stands out in an image at several scales, with its measurements."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING

import numpy as np
from scipy.spatial import KDTree

from napari_zeroseg.backends.embedded import stains
from napari_zeroseg.backends.embedded.candidates import BANDS, Candidates, candidates, large_enough
from napari_zeroseg.backends.embedded.measure import Colors, Measurements, measure
from napari_zeroseg.backends.embedded.noise import calmed
from napari_zeroseg.backends.embedded.per_image import per_image
from napari_zeroseg.backends.embedded.survey import OWN, Survey, holding_for
from napari_zeroseg.core.mask import Mask

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from napari_zeroseg.core.image import Plane

MIN_SIDE = 32
"""Octaves end when a side of the halved image is shorter, in pixels."""
SAME = 0.85
"""Regions that overlap by more are one; the one with the better outline is kept."""
SAME_BOX = 0.75
"""Only regions whose boxes overlap by this much are compared."""

LEAST_OF_OCTAVE = 0.35 * BANDS[-1][0]
"""Least diameter of a region in a shrunk image, in its pixels: finer octaves know smaller ones better."""

SEARCHED = "searched"
"""A survey's name for the places in which a sample shows what is wanted."""

Color = tuple[float, float, float]
Place = tuple[str, int, int]
"""Channel, polarity and octave in which a region stands out."""


@dataclass(frozen=True, slots=True, eq=False)
class Region:
    """A part of the image that may be an object, with what was measured of it.

    Parameters
    ----------
    mask : Mask
        The pixels.
    channel : str
        The channel in which it stands out, see :func:`stains.channels`.
    polarity : int
        1 where it is brighter than its surround in that channel, -1 where it is darker.
    scale : int
        Octave: it was found in the image shrunk by ``2 ** scale``.
    diameter : float
        Of the disc of the same area, in pixels.
    area_fraction : float
        Part of the image, 0..1.
    ellipse : float
        How well an ellipse fits, 0..1: 1 for compact shapes, small for branched or hollow ones.
    convexity : float
        0..1, small for ragged outlines.
    elongation : float
        Long over short axis, 1 for a disc.
    color, surround : tuple of float
        Mean CIELAB colour inside, and in a ring outside.
    texture : float
        Fine lightness detail inside, in CIELAB units.
    edge : float
        Mean colour step across the outline, in CIELAB units per pixel.
    border : float
        Part of the outline on the image's border, 0..1.
    worth : float
        0..1: how much it looks like one object with an outline of its own.
    """

    mask: Mask
    channel: str
    polarity: int
    scale: int
    diameter: float
    area_fraction: float
    ellipse: float
    convexity: float
    elongation: float
    color: Color
    surround: Color
    texture: float
    edge: float
    border: float
    worth: float

    @property
    def contrast(self) -> float:
        """Lightness inside minus that of the surround, in CIELAB units."""
        return self.color[0] - self.surround[0]

    @property
    def color_contrast(self) -> float:
        """Distance in CIELAB between inside and surround."""
        return float(np.linalg.norm(np.subtract(self.color, self.surround)))


@per_image
def regions_of(image: Plane, survey: Survey = OWN) -> tuple[Region, ...]:
    """Return :func:`propose` of an image; the last few images are remembered."""
    return propose(image, survey)


def propose(image: Plane, survey: Survey = OWN) -> tuple[Region, ...]:
    """Return the regions of an image, best first.

    Every channel is searched for regions brighter and darker than their surround, octave by
    octave, for extremal regions whose outline is crisp and simple (see :mod:`candidates`).

    Parameters
    ----------
    image : ndarray of float32, shape (H, W, 3)
        RGB in 0..1.
    survey : Survey
        What is usual in the image that this one is a part of.
    """
    found: list[Region] = []
    colors = colors_of(image, survey)
    survey = holding_for(image, survey)
    image = stains.balanced(calmed(image, survey), survey)
    looks = [colors, *(Colors.of(stains.lab(small)) for small in octaves(image)[1:])]
    for name, channel in stains.channels(image, survey).items():
        for scale, (small, colors) in enumerate(zip(octaves(channel), looks, strict=True)):
            for place in ((name, polarity, scale) for polarity in (1, -1)):
                if is_worth_a_search(place, survey):
                    own = survey.part(*place)
                    bands = BANDS if scale == 0 else BANDS[-1:]
                    for index, group in enumerate(candidates(np.float32(place[1]) * small, bands, own)):
                        group = large_enough(group, LEAST_OF_OCTAVE if scale else 0.0)
                        found += measured(group, colors, *place, image.shape[:2], own.part(index))
    return tuple(distinct(sorted(found, key=lambda r: -r.worth)))


@per_image
def colors_of(image: Plane, survey: Survey = OWN) -> Colors:
    """Return the colours of an image in which its regions are measured; the last few are remembered."""
    survey = holding_for(image, survey)
    return Colors.of(stains.lab(stains.balanced(calmed(image, survey), survey)))


def is_worth_a_search(place: Place, survey: Survey) -> bool:
    """Say whether objects of a channel, polarity and octave may be wanted, from what a survey knows."""
    wanted = survey.known(SEARCHED)
    return wanted is None or place in wanted


def octaves(values: NDArray[np.float32]) -> list[NDArray[np.float32]]:
    """Return an image or a channel of it, and its halves, quarters, ..."""
    found = [values]
    while min(found[-1].shape[:2]) >= 2 * MIN_SIDE:
        found.append(_halved(found[-1]))
    return found


def _halved(values: NDArray[np.float32]) -> NDArray[np.float32]:
    height, width = (n - n % 2 for n in values.shape[:2])
    v = values[:height, :width]
    return (v[::2, ::2] + v[1::2, ::2] + v[::2, 1::2] + v[1::2, 1::2]) / np.float32(4)


def measured(
    group: Candidates,
    colors: Colors,
    channel: str,
    polarity: int,
    scale: int,
    shape: tuple[int, int],
    survey: Survey = OWN,
) -> list[Region]:
    """Return the regions of a label plane with what is measured of them.

    Parameters
    ----------
    group : Candidates
        The label plane, shrunk by ``2 ** scale``.
    colors : Colors
        Of the image on the same grid.
    channel, polarity, scale
        As in :class:`Region`.
    shape : tuple of int
        Height and width of the image in full.
    survey : Survey
        What is usual among such regions.
    """
    if not group.labels.max():
        return []
    rows = measure(group.labels, colors, survey)
    plane_area = survey.usual("plane", lambda: shape[0] * shape[1])
    return [
        _region(group, rows, i, channel, polarity, scale, shape, plane_area) for i in range(len(rows.area))
    ]


def _region(
    group: Candidates,
    rows: Measurements,
    i: int,
    channel: str,
    polarity: int,
    scale: int,
    shape: tuple[int, int],
    plane_area: int,
) -> Region:
    mask = _full_size(_crop(group.labels, rows.box[i], i + 1), scale, shape)
    return Region(
        mask=mask,
        channel=channel,
        polarity=polarity,
        scale=scale,
        diameter=float(np.sqrt(4 * mask.area / np.pi)),
        area_fraction=mask.area / plane_area,
        ellipse=float(rows.ellipse[i]),
        convexity=float(rows.convexity[i]),
        elongation=float(rows.elongation[i]),
        color=_color(rows.color[i]),
        surround=_color(rows.surround[i]),
        texture=float(rows.texture[i]),
        edge=float(rows.edge[i]),
        border=float(rows.border[i]),
        worth=float(group.worth[i]),
    )


def _color(values: NDArray[np.float64]) -> Color:
    return float(values[0]), float(values[1]), float(values[2])


def _crop(labels: NDArray[np.int32], box: NDArray[np.int64], label: int) -> Mask:
    y0, x0, y1, x1 = (int(v) for v in box)
    return Mask((y0, x0), labels[y0:y1, x0:x1] == label)


def _full_size(mask: Mask, scale: int, shape: tuple[int, int]) -> Mask:
    """Bring a mask of a shrunk image to the full grid, with a smooth outline."""
    if scale == 0:
        return Mask(mask.origin, mask.pixels.copy())
    factor = 2**scale
    rows, cols = (_between(n, factor) for n in mask.pixels.shape)
    large = rows @ mask.pixels.astype(np.float32) @ cols.T > 0.5
    top, left = ((n - 1) * factor for n in mask.origin)
    cut_y, cut_x = max(0, -top), max(0, -left)
    pixels = large[cut_y : shape[0] - top, cut_x : shape[1] - left]
    return Mask((top + cut_y, left + cut_x), pixels).trimmed()


@lru_cache(maxsize=1024)
def _between(count: int, factor: int) -> NDArray[np.float32]:
    """Return the weights that interpolate a row and one more pixel at either end ``factor`` times as fine."""
    position = (np.arange((count + 2) * factor) + 0.5) / factor - 1.5
    weights = 1 - np.abs(position[:, None] - np.arange(count)[None, :])
    return np.asarray(np.clip(weights, 0, None), np.float32)


def distinct(regions: list[Region]) -> list[Region]:
    """Drop regions that all but equal an earlier one."""
    if not regions:
        return []
    masks = [r.mask for r in regions]
    alive = np.ones(len(masks), bool)
    for i, j in _alike(np.array([m.box for m in masks]), np.array([m.area for m in masks])).tolist():
        if alive[i] and alive[j]:
            alive[j] = masks[i].iou(masks[j]) <= SAME
    return [r for r, kept in zip(regions, alive, strict=True) if kept]


def _alike(boxes: NDArray[np.float64], areas: NDArray[np.intp]) -> NDArray[np.intp]:
    """Return the pairs (i, j), i < j and in this order, of regions that may be the same; shape (P, 2)."""
    centers, sides = (boxes[:, :2] + boxes[:, 2:]) / 2, boxes[:, 2:] - boxes[:, :2]
    # boxes that overlap enough are no farther apart than this
    reach = sides.max(axis=1) * (1 - SAME_BOX) / (2 * SAME_BOX)
    near = KDTree(centers).query_ball_point(centers, reach, p=np.inf)
    first = np.repeat(np.arange(len(near)), [len(n) for n in near])
    second = np.fromiter((j for n in near for j in n), np.intp, len(first))
    ahead = (second > first) & (areas[first] > SAME * areas[second]) & (areas[second] > SAME * areas[first])
    first, second = first[ahead], second[ahead]
    low, high = (
        np.maximum(boxes[first, :2], boxes[second, :2]),
        np.minimum(boxes[first, 2:], boxes[second, 2:]),
    )
    shared = np.prod(np.clip(high - low, 0, None), axis=1)
    union = np.prod(sides[first], axis=1) + np.prod(sides[second], axis=1) - shared
    pairs = np.column_stack((first, second))[shared > SAME_BOX * union]
    return np.asarray(pairs[np.lexsort((pairs[:, 1], pairs[:, 0]))])
