"""Masks of the objects that stand out in one channel: extremal regions with crisp, simple outlines."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from scipy import ndimage as ndi
from skimage.segmentation import watershed

from napari_zeroseg.backends.embedded.noise import noise_of
from napari_zeroseg.backends.embedded.parting import MIN_AREA, split, whole
from napari_zeroseg.backends.embedded.sheet import Sheet
from napari_zeroseg.backends.embedded.survey import OWN, Survey
from napari_zeroseg.backends.embedded.tree import ComponentTree, NodeShapes, component_tree, measure_nodes

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    Channel = NDArray[np.float32]
    Labels = NDArray[np.int32]
    Window = tuple[slice, slice]

LEVELS = 120
UNIT = (4.0, 0.02)
"""The finest steps of intensity are as wide as this many standard deviations of noise, or this part of
the range."""
FLOOR = (0.5, 2e-3)
"""Steps below this many standard deviations of noise, or this part of the range, say nothing."""
LEAST_SHAPE = 0.5
"""Nodes whose shape is worse than this are worth nothing."""
SMOOTHING = 1.0
"""Gaussian sigma in pixels of the grid in use."""
BANDS = ((4.0, 12.0), (8.0, 24.0), (16.0, 48.0))
"""Equivalent diameters looked for together, in pixels of the grid in use."""
MAX_SPREAD = 8.0
"""How much larger than what was chosen in it the surround may be in which outlines are sought."""
LARGE = 1_500_000
"""Pixels of a plane from which zones are made block by block."""
BLOCK, AROUND = 512, 48
"""Side of a block, and how far beyond it is looked, in pixels."""
CUTS = 32
SECOND = 0.5
"""A further outline of a zone has at least this part of the step of the crispest."""
OTHER_SIZE = 1.3
"""And at least this ratio of areas to it."""
DOUBT = 0.7
"""Factor on the worth of such a further outline."""
INNER_SIZE = 0.25
"""And, inside it, at least this part of its area."""
PER_UNIT = 8
"""Where estimates are rounded, the commonest intensity is told to this part of a unit."""
MIN_STEP = 0.5 / 255
"""Steps finer than those of an 8-bit image are not trusted."""
MOST = (200, 500)
"""At most so many regions of one kind are kept, or one for so many pixels."""


@dataclass(frozen=True, slots=True, eq=False)
class Candidates:
    """Regions that do not overlap.

    Parameters
    ----------
    labels : ndarray of int32, shape (H, W)
        1..N.
    worth : ndarray of float, shape (N,)
        0..1: how far the outline's step rises above the noise.
    """

    labels: Labels
    worth: NDArray[np.float64]


def quantised(channel: Channel, noise: float, survey: Survey = OWN) -> NDArray[np.uint8]:
    """Return levels that are fine around the commonest intensity and coarse far from it.

    The scale is asinh of the distance in units of noise, so that dim objects beside bright
    ones still span many levels.
    """
    unit = survey.usual(
        "unit", lambda: survey.rounded(max(UNIT[0] * noise, UNIT[1] * float(np.ptp(channel)), 1e-6))
    )
    base = survey.usual("base", lambda: survey.stepped(float(np.median(channel)), unit / PER_UNIT))
    scaled = np.arcsinh((channel - base) / unit)
    span = survey.usual("span", lambda: survey.rounded(max(float(np.ptp(scaled)), 1e-6)))
    low = survey.usual("low", lambda: survey.stepped(float(scaled.min()), span / (LEVELS - 1)))
    return np.asarray(np.clip((scaled - low) / span * (LEVELS - 1) + 0.5, 0, 255), np.uint8)


def candidates(
    channel: Channel, bands: Sequence[tuple[float, float]], survey: Survey = OWN
) -> list[Candidates]:
    """Return for each band of diameters the bright regions that do best without overlap."""
    noise = survey.usual("noise", lambda: noise_of(channel))
    smooth = ndi.gaussian_filter(channel, SMOOTHING)
    tree = component_tree(quantised(smooth, noise, survey))
    shapes = measure_nodes(tree, smooth)
    floor = survey.usual("floor", lambda: step_floor(smooth, noise))
    value = worth(shapes, floor)
    diameter = np.sqrt(4 * shapes.area / np.pi)
    found = []
    for low, high in bands:
        chosen = tree.antichain(np.where((diameter >= low) & (diameter <= high), value, 0))
        markers = tree.paint(chosen)
        around = tree.paint(surroundings(tree, shapes, chosen)) > 0
        zones = flooded(-smooth, markers, around)
        for rank, (labels, step) in enumerate(cuts(smooth, zones, markers)):
            found.append(_finished(labels, step, floor, DOUBT if rank else 1.0))
    return found


def flooded(depth: Channel, markers: Labels, mask: NDArray[np.bool_]) -> Labels:
    """Return a watershed, which on a large plane is made block by block with what is around each.

    Its queue then stays small, so that the cost per pixel does not grow with the plane.
    """
    if depth.size <= LARGE:
        return np.asarray(watershed(depth, markers, mask=mask), np.int32)
    zones = np.zeros_like(markers)
    for core, window in blocks(markers.shape):
        part = watershed(depth[window], markers[window], mask=mask[window])
        zones[core] = part[inner(core, window)]
    return zones


def blocks(shape: tuple[int, ...]) -> list[tuple[Window, Window]]:
    """Return the blocks of a plane, each with the window around it that is looked at."""
    spans = [
        [
            (slice(at, min(at + BLOCK, size)), slice(max(at - AROUND, 0), min(at + BLOCK + AROUND, size)))
            for at in range(0, size, BLOCK)
        ]
        for size in shape
    ]
    return [((y, x), (seen_y, seen_x)) for y, seen_y in spans[0] for x, seen_x in spans[1]]


def inner(core: Window, window: Window) -> Window:
    """Return where a block lies in its window."""
    y, x = (slice(c.start - w.start, c.stop - w.start) for c, w in zip(core, window, strict=True))
    return y, x


def _finished(labels: Labels, step: NDArray[np.float64], floor: float, trust: float) -> Candidates:
    kept = significant(labels, step / floor)
    sheet = Sheet.of(kept.labels, np.arange(1, len(kept.worth) + 1))
    filled = whole(sheet.labels, sheet.taken(kept.labels))
    parts, worth = split(filled, np.concatenate(([0.0], kept.worth)))
    out = np.zeros_like(labels)
    for source, place in sheet.windows:
        np.copyto(out[source], parts[place], where=parts[place] > 0)
    return large_enough(Candidates(out, trust * worth[1:]))


def large_enough(found: Candidates, diameter: float = 0.0) -> Candidates:
    """Return regions numbered anew, without smaller ones and those that another covers when it is drawn."""
    area = np.bincount(found.labels.ravel(), minlength=len(found.worth) + 1)
    is_left = area >= max(np.pi / 4 * diameter**2, 1)
    is_left[0] = False
    new = np.where(is_left, np.cumsum(is_left), 0).astype(np.int32)
    return Candidates(new[found.labels], found.worth[is_left[1:]])


def step_floor(smooth: Channel, noise: float) -> float:
    """Return the step between neighbours below which an outline says nothing."""
    low, high = np.percentile(smooth, (1, 99))
    return max(FLOOR[0] * noise, MIN_STEP, FLOOR[1] * float(high - low))


def significant(labels: Labels, ratio: NDArray[np.float64]) -> Candidates:
    """Drop labels whose outline is lost in the noise or that are too many, and number the rest 1..N."""
    area = np.bincount(labels.ravel(), minlength=len(ratio))
    most = max(MOST[0], labels.size // MOST[1])
    keep = (ratio > 1) & (area >= MIN_AREA)
    keep[np.argsort(-ratio * np.sqrt(area))[most:]] = False
    keep[0] = False
    new = np.zeros(len(ratio), np.int32)
    new[keep] = np.arange(1, np.count_nonzero(keep) + 1)
    return Candidates(new[labels], 1 - 1 / ratio[keep])


def worth(shapes: NodeShapes, floor: float) -> NDArray[np.float64]:
    """Return how much each node is worth as an object, 0 for what cannot be one."""
    crisp = np.log(np.maximum(shapes.edge / floor, 1))
    shape = np.clip((shapes.ellipse * shapes.convexity - LEAST_SHAPE) / (1 - LEAST_SHAPE), 0, 1)
    return np.asarray(crisp * shape**2 * np.sqrt(shapes.area))


def surroundings(tree: ComponentTree, shapes: NodeShapes, chosen: NDArray[np.intp]) -> NDArray[np.intp]:
    """Return for each chosen node its largest ancestor not much larger than what was chosen in it."""
    held = np.zeros((len(tree), 1))
    held[chosen, 0] = shapes.area[chosen]
    held = tree.sums(held)[:, 0]
    fits = shapes.area <= MAX_SPREAD * held
    top = chosen.copy()
    current = chosen.copy()
    for _ in range(LEVELS):
        current = tree.parent[current].astype(np.intp)
        top = np.where(fits[current] & (current > 0), current, top)
    return np.unique(top)


def cuts(smooth: Channel, zones: Labels, markers: Labels) -> list[tuple[Labels, NDArray[np.float64]]]:
    """Cut each zone at the intensities where its free outline is crispest: labels and mean steps.

    For every zone z and threshold t the step in intensity is summed over the pixel pairs
    within z that t parts. The threshold with the largest mean step comes first, then the best
    one outside it and the best one inside it that are peaks of their own: a cell around its
    nucleus, a dim object that touches a bright one.
    """
    count = int(zones.max())
    index = np.arange(1, count + 1)
    low = np.full(count + 1, np.inf, np.float32)
    np.minimum.at(low, zones.ravel(), smooth.ravel())
    high = np.concatenate(([1], ndi.mean(smooth, markers, index)))
    span = np.maximum(high - low, 1e-9).astype(np.float32)
    bins = ((smooth - low[zones]) / span[zones] * CUTS).clip(0, CUTS - 1).astype(np.intp)
    total, pairs = _steps_by_zone_and_cut(smooth, zones, bins, count)
    mean = np.where(pairs > 2, total / np.maximum(pairs, 1), 0)
    area = np.bincount((zones * CUTS + bins).ravel(), minlength=(count + 1) * CUTS).reshape(-1, CUTS)
    area = np.pad(np.cumsum(area[:, ::-1], 1)[:, ::-1], ((0, 0), (0, 1)))
    rows = np.arange(count + 1)
    best = mean.argmax(axis=1)
    main = area[rows, best][:, None]
    peaks = _peaks(mean) & (mean > SECOND * mean.max(axis=1, keepdims=True))
    found = [best]
    for other in (area > main * OTHER_SIZE, (area * OTHER_SIZE < main) & (area > INNER_SIZE * main)):
        second = np.where(peaks & other, mean, 0)
        found.append(np.where(second.max(axis=1) > 0, second.argmax(axis=1), CUTS))
    return [(np.where((zones > 0) & (bins >= cut[zones]), zones, 0), mean[rows, cut]) for cut in found]


def _peaks(mean: NDArray[np.float64]) -> NDArray[np.bool_]:
    padded = np.pad(mean, ((0, 0), (1, 1)), constant_values=-1)
    return (mean >= padded[:, :-2]) & (mean > padded[:, 2:])


def _steps_by_zone_and_cut(
    smooth: Channel, zones: Labels, bins: NDArray[np.intp], count: int
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    shape = (count + 1, CUTS + 1)
    total, pairs = np.zeros(shape), np.zeros(shape)
    for first, second in ((np.s_[:-1], np.s_[1:]), (np.s_[:, :-1], np.s_[:, 1:])):
        same = (zones[first] == zones[second]) & (zones[first] > 0) & (bins[first] != bins[second])
        row = zones[first][same].astype(np.intp) * shape[1]
        a, b = bins[first][same], bins[second][same]
        step = np.abs(smooth[first][same] - smooth[second][same])
        for target, weight in ((total, step), (pairs, None)):
            parted = np.bincount(row + np.maximum(a, b), weight, target.size)
            target += (parted - np.bincount(row + np.minimum(a, b), weight, target.size)).reshape(shape)
    # a pair is parted by every cut above its darker and up to its brighter pixel
    return np.cumsum(total[:, ::-1], 1)[:, ::-1], np.cumsum(pairs[:, ::-1], 1)[:, ::-1]
