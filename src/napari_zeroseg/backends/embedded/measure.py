"""What can be measured of labelled regions: size, outline, colour, surround, texture."""

from __future__ import annotations

from dataclasses import dataclass
from math import ceil
from typing import TYPE_CHECKING

import numpy as np
from scipy import ndimage as ndi

from napari_zeroseg.backends.embedded.survey import OWN, Survey

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Labels = NDArray[np.int32]
    Floats = NDArray[np.float64]
    Places = NDArray[np.intp]

RING = 0.25
"""Width of the surround as a part of the median diameter, at least 2 pixels."""
LEAST_RING = 4
"""Rings of fewer pixels say nothing of the surround; the mean of the ground stands for them."""
FINE_SIGMA = 2.0
"""Gaussian sigma in pixels of what is no fine detail."""


@dataclass(frozen=True, slots=True, eq=False)
class Measurements:
    """One row per label 1..N of a label plane.

    Parameters
    ----------
    area : ndarray, shape (N,)
        Pixels.
    box : ndarray of int, shape (N, 4)
        y0, x0, y1, x1; lower ends exclusive.
    ellipse : ndarray, shape (N,)
        Area over that of the ellipse of the same second moments, 0..1.
    elongation : ndarray, shape (N,)
        Long over short axis of that ellipse, 1 for a disc.
    convexity : ndarray, shape (N,)
        Perimeter of that ellipse's bounding box over the region's, 0..1.
    color, surround : ndarray, shape (N, 3)
        Mean CIELAB inside and in a ring outside.
    texture : ndarray, shape (N,)
        Standard deviation of fine lightness detail inside, in CIELAB units.
    edge : ndarray, shape (N,)
        Mean step of colour across the outline, CIELAB units per pixel.
    border : ndarray, shape (N,)
        Part of the perimeter that lies on the border of the image.
    """

    area: Floats
    box: NDArray[np.int64]
    ellipse: Floats
    elongation: Floats
    convexity: Floats
    color: Floats
    surround: Floats
    texture: Floats
    edge: Floats
    border: Floats


@dataclass(frozen=True, slots=True, eq=False)
class Colors:
    """What of an image is measured in its regions.

    Parameters
    ----------
    lab : ndarray of float32, shape (H, W, 3)
        CIELAB.
    planes : ndarray of float32, shape (3, H * W)
        The same, channel by channel.
    fine : ndarray of float32, shape (H * W,)
        Fine lightness detail.
    """

    lab: NDArray[np.float32]
    planes: NDArray[np.float32]
    fine: NDArray[np.float32]

    @classmethod
    def of(cls, lab: NDArray[np.float32]) -> Colors:
        """Take them from CIELAB, shape (H, W, 3)."""
        fine = lab[..., 0] - ndi.gaussian_filter(lab[..., 0], FINE_SIGMA)
        return cls(lab, np.ascontiguousarray(lab.reshape(-1, 3).T), fine.ravel())


def measure(labels: Labels, colors: Colors, survey: Survey = OWN) -> Measurements:
    """Measure every region of a plane; labels must be 1..N without gaps.

    Parameters
    ----------
    labels : ndarray of int32, shape (H, W)
    colors : Colors
        Of the image on the same grid.
    """
    count = int(labels.max())
    places = np.flatnonzero(labels)
    own = labels.ravel()[places] - 1
    area = np.bincount(own, minlength=count).astype(np.float64)
    box = np.array(
        [(y.start, x.start, y.stop, x.stop) for y, x in ndi.find_objects(labels)], np.int64
    ).reshape(-1, 4)
    ellipse, elongation, half_sides = _moments(places, own, area, labels.shape[1])
    outline, border, edge = _outlines(labels, colors.lab, count)
    color = _means(colors.planes, places, own, area)
    return Measurements(
        area=area,
        box=box,
        ellipse=ellipse,
        elongation=elongation,
        convexity=np.minimum(8 * half_sides / np.maximum(outline + border, 1), 1),
        color=color,
        surround=_surrounds(labels, colors, area, color, survey),
        texture=_textures(colors.fine[places], own, area),
        edge=edge,
        border=border / np.maximum(outline + border, 1),
    )


def _means(planes: NDArray[np.float32], places: Places, own: Labels, area: Floats) -> Floats:
    sums = [np.bincount(own, plane[places], len(area)) for plane in planes]
    return np.asarray(np.column_stack(sums) / np.maximum(area, 1)[:, None])


def _moments(places: Places, own: Labels, area: Floats, width: int) -> tuple[Floats, Floats, Floats]:
    y, x = np.divmod(places, width)

    def mean(values: Floats) -> Floats:
        return np.asarray(np.bincount(own, values, len(area)) / area)

    dy, dx = y - mean(y)[own], x - mean(x)[own]
    yy, xx, xy = mean(dy * dy) + 1 / 12, mean(dx * dx) + 1 / 12, mean(dx * dy)
    middle, spread = (yy + xx) / 2, np.hypot((yy - xx) / 2, xy)
    long, short = np.sqrt(middle + spread), np.sqrt(np.maximum(middle - spread, 1 / 12))
    ellipse = np.minimum(area / (4 * np.pi * long * short), 1)
    return ellipse, long / short, np.sqrt(yy) + np.sqrt(xx)


def _outlines(labels: Labels, lab: NDArray[np.float32], count: int) -> tuple[Floats, Floats, Floats]:
    outline, step = np.zeros(count + 1), np.zeros(count + 1)
    for first, second in ((np.s_[:-1], np.s_[1:]), (np.s_[:, :-1], np.s_[:, 1:])):
        part = np.nonzero(labels[first] != labels[second])
        a, b = labels[first][part], labels[second][part]
        distance = np.linalg.norm(lab[first][part] - lab[second][part], axis=1)
        for side in (a, b):
            outline += np.bincount(side, minlength=count + 1)
            step += np.bincount(side, distance, count + 1)
    sides = np.concatenate((labels[0], labels[-1], labels[:, 0], labels[:, -1]))
    border = np.bincount(sides, minlength=count + 1).astype(np.float64)
    edge = step / np.maximum(outline, 1)
    return outline[1:], border[1:], edge[1:]


def _surrounds(labels: Labels, colors: Colors, area: Floats, color: Floats, survey: Survey) -> Floats:
    """Mean colour of a ring that leaves out other regions and the blurred edge."""
    width = survey.usual("ring", lambda: max(2.0, RING * float(np.sqrt(np.median(area)))))
    places, owner = ring(labels, width)
    pixels = np.bincount(owner, minlength=len(area)).astype(np.float64)
    found = _means(colors.planes, places, owner, pixels)
    crowded = pixels < LEAST_RING
    if crowded.any():
        ground = colors.planes[:, labels.ravel() == 0]
        found[crowded] = ground.mean(axis=1) if ground.size else color[crowded]
    return found


def ring(labels: Labels, width: float) -> tuple[Places, Labels]:
    """Return the pixels around each region but for those next to it, as flat indices, and whose they are.

    Regions grow by a pixel at a time, in turn to the sides and to the corners as well, which makes
    octagons of points, until they meet; of those pixels the ones farther away than wanted are left out.

    Parameters
    ----------
    labels : ndarray of int32, shape (H, W)
        1..N, 0 for the ground.
    width : float
        Distance from the pixels next to a region to the outer end of its ring.

    Returns
    -------
    tuple of ndarray
        Indices into the flattened plane, and labels less one.
    """
    padded = np.pad(labels, 1, constant_values=-1)
    flat, row = padded.ravel(), padded.shape[1]
    sides = (1, -1, row, -row)
    corners = (row + 1, row - 1, -row + 1, -row - 1)
    front = _rim(flat, sides)
    nearest = front  # pixel of the region
    grown: list[tuple[Places, Places]] = []
    for turn in range(1 + ceil(width)):
        front, nearest = _grown(flat, front, nearest, sides + corners if turn % 2 else sides)
        grown.append((front, nearest))
    places, sources = (np.concatenate(parts) for parts in zip(*grown[1:], strict=True))
    (y, x), (near_y, near_x) = np.divmod(places, row), np.divmod(sources, row)
    close = (y - near_y) ** 2 + (x - near_x) ** 2 <= (1 + width) ** 2
    return ((y - 1) * labels.shape[1] + x - 1)[close], flat[places[close]] - 1


def _rim(flat: Labels, offsets: tuple[int, ...]) -> Places:
    """Return the labelled pixels next to the ground."""
    inside = np.flatnonzero(flat > 0)
    free = np.zeros(len(inside), bool)
    for offset in offsets:
        free |= flat[inside + offset] == 0
    return inside[free]


def _grown(flat: Labels, front: Places, nearest: Places, offsets: tuple[int, ...]) -> tuple[Places, Places]:
    """Give the free neighbours of a front its labels, and return them and what is nearest to them."""
    label = flat[front]
    new, sources = [], []
    for offset in offsets:
        free = flat[front + offset] == 0
        new.append(front[free] + offset)
        sources.append(nearest[free])
        flat[new[-1]] = label[free]
    return np.concatenate(new), np.concatenate(sources)


def _textures(fine: NDArray[np.float32], own: Labels, area: Floats) -> Floats:
    mean = np.bincount(own, fine, len(area)) / area
    return np.sqrt(np.maximum(np.bincount(own, fine**2, len(area)) / area - mean**2, 0))
