"""Labels as objects: in one piece, without holes, and parted where several touch."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from scipy import ndimage as ndi
from skimage.measure import label
from skimage.morphology import h_maxima
from skimage.segmentation import watershed

from napari_zeroseg.backends.embedded.sheet import Sheet

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Labels = NDArray[np.int32]
    Floats = NDArray[np.float64]
    Places = NDArray[np.intp]

MIN_AREA = 9
SPLIT_BELOW = 0.95
"""Regions that an ellipse fits better are not parted."""
NECK = 0.15
"""Depth of a neck, as a part of the largest inscribed radius, from which it is one."""
SPLIT_GAIN = 0.4
"""Part of the misfit that parting has to take away."""
DEPTH_SIGMA = 0.5
"""Gaussian sigma in pixels, against the steps of the outline."""
DEPTHS = 255
"""Depths under an outline are told apart in so many steps."""


def whole(labels: Labels, taken: NDArray[np.bool_] | None = None) -> Labels:
    """Keep the largest part of each label, without holes but for those that others lie in.

    Parameters
    ----------
    labels : ndarray of int32, shape (H, W)
    taken : ndarray of bool, shape (H, W), optional
        Where no label is, but no hole is filled either.
    """
    out = _largest(labels)
    free = labels == 0 if taken is None else (labels == 0) & ~taken
    boxes = ndi.find_objects(out)
    for index in np.flatnonzero(holed(out)).tolist():
        where = boxes[index - 1]
        out[where][ndi.binary_fill_holes(out[where] == index) & free[where]] = index
    return out


def _largest(labels: Labels) -> Labels:
    parts = label(labels, background=0, connectivity=1)
    areas = np.bincount(parts.ravel())
    owner = np.zeros(len(areas), np.int32)
    owner[parts] = labels
    # the last that is written stays: the largest part, of equals the first
    order = np.lexsort((-np.arange(len(areas)), areas))
    largest = np.zeros(int(owner.max()) + 1, np.intp)
    largest[owner[order]] = order
    return np.asarray(np.where(largest[owner] == np.arange(len(owner)), owner, 0)[parts], np.int32)


def holed(labels: Labels) -> NDArray[np.bool_]:
    """Say which labels, each in one piece, have a hole; the background has none.

    By Gray's counts of 2×2 patterns (1971): the Euler number is 1 where there is no hole.

    Parameters
    ----------
    labels : ndarray of int32, shape (H, W)

    Returns
    -------
    ndarray of bool, shape (N + 1,)
    """
    padded = np.pad(labels, 1)
    around = (padded[:-1, :-1], padded[:-1, 1:], padded[1:, 1:], padded[1:, :-1])
    euler = np.zeros(int(labels.max()) + 1)
    for own, *others in (around[i:] + around[:i] for i in range(4)):
        at = np.nonzero((own > 0) & ((own != others[0]) | (own != others[2]) | (own != others[1])))
        beside, across, behind = (own[at] == other[at] for other in others)
        same = beside.astype(np.intp) + across + behind
        part = np.where(same == 0, 1.0, np.where(same == 2, -1 / 3, np.where(across & (same == 1), -1.0, 0)))
        euler += np.bincount(own[at], part, len(euler)) / 4
    found = euler < 0.5
    found[0] = False
    return found


def split(labels: Labels, step: Floats) -> tuple[Labels, Floats]:
    """Part touching objects: cut a region at its necks where the parts are rounder than the whole.

    Parameters
    ----------
    labels : ndarray of int32, shape (H, W)
        1..N.
    step : ndarray of float, shape (N + 1,)
        A value per label, which its parts inherit.

    Returns
    -------
    tuple of ndarray
        The labels 1..M, with M >= N, and a value for each.
    """
    fit, area = ellipse_fits(labels)
    doubtful = np.flatnonzero((fit <= SPLIT_BELOW) & (area >= 4 * MIN_AREA))
    if not doubtful.size:
        return labels, step
    sheet = Sheet.of(labels, doubtful)
    parts, parent = _parted(sheet)
    part_fit, part_area = ellipse_fits(parts, len(parent))
    gained = np.bincount(parent, part_fit * part_area, len(fit))
    least = np.full(len(fit), np.inf)
    np.minimum.at(least, parent, part_area)
    gain = gained / np.maximum(area, 1) - fit
    better = (least >= MIN_AREA) & (gain >= SPLIT_GAIN * (1 - fit)) & (gained > 0)
    better[0] = False
    new = _further(parent) & better[parent]
    number = parent.astype(np.int32)
    number[new] = int(labels.max()) + 1 + np.arange(np.count_nonzero(new))
    out = labels.copy()
    sheet.put_back(np.where((parts > 0) & better[sheet.labels], number[parts], sheet.labels), out)
    return out, np.concatenate((step, step[parent[new]]))


def ellipse_fits(labels: Labels, size: int | None = None) -> tuple[Floats, Floats]:
    """Return how well an ellipse fits each label, and the labels' areas; 0 for the background.

    The fit is the area over that of the ellipse with the same second moments, 1 for ellipses.

    Parameters
    ----------
    labels : ndarray of int32, shape (H, W)
    size : int, optional
        Number of labels with the background, where the last ones may be missing.
    """
    size = int(labels.max()) + 1 if size is None else size
    places = np.nonzero(labels)
    y, x = (place.astype(np.float64) for place in places)
    own = labels[places]
    area = np.bincount(own, minlength=size).astype(np.float64)

    def mean(values: Floats) -> Floats:
        return np.asarray(np.bincount(own, values, size) / np.maximum(area, 1))

    dy, dx = y - mean(y)[own], x - mean(x)[own]
    yy, xx, xy = mean(dy * dy) + 1 / 12, mean(dx * dx) + 1 / 12, mean(dx * dy)
    return np.minimum(1.0, area / (4 * np.pi * np.sqrt(yy * xx - xy * xy))), area


def _parted(sheet: Sheet) -> tuple[Labels, Places]:
    """Return the parts 1..P of the regions that have necks, and for each (0 first) its region."""
    inside = sheet.labels > 0
    depth = ndi.gaussian_filter(ndi.distance_transform_edt(inside), DEPTH_SIGMA)
    greatest = np.ones(int(sheet.labels.max()) + 1)
    np.maximum.at(greatest, sheet.labels[inside], depth[inside])
    scaled = np.where(inside, np.rint(depth * (DEPTHS / greatest[sheet.labels])), 0).astype(np.uint8)
    tops, count = ndi.label(h_maxima(scaled, round(NECK * DEPTHS)))
    parent = np.zeros(count + 1, np.intp)
    parent[tops] = sheet.labels
    several = np.bincount(parent, minlength=len(greatest)) > 1
    several[0] = False
    necked = several[sheet.labels]
    parts = watershed(-depth, np.where(necked, tops, 0), mask=necked).astype(np.int32)
    return parts, parent


def _further(parent: Places) -> NDArray[np.bool_]:
    """Say which parts are not the first of their region."""
    further = np.ones(len(parent), bool)
    further[np.unique(parent, return_index=True)[1]] = False
    return further
