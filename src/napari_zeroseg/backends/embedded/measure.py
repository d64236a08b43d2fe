"""What can be measured of labelled regions: size, outline, colour, surround, texture."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from scipy import ndimage as ndi
from skimage.segmentation import expand_labels

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Labels = NDArray[np.int32]
    Floats = NDArray[np.float64]

RING = 0.25
"""Width of the surround as a part of the median diameter, at least 2 pixels."""


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


def measure(labels: Labels, lab: NDArray[np.float32]) -> Measurements:
    """Measure every region of a plane; labels must be 1..N without gaps.

    Parameters
    ----------
    labels : ndarray of int32, shape (H, W)
    lab : ndarray of float32, shape (H, W, 3)
        The image in CIELAB.
    """
    count = int(labels.max())
    area = _sums(labels, None, count)
    box = np.array(
        [(y.start, x.start, y.stop, x.stop) for y, x in ndi.find_objects(labels)], np.int64
    ).reshape(-1, 4)
    ellipse, elongation, half_sides = _moments(labels, area, count)
    outline, border, edge = _outlines(labels, lab, count)
    color = _means(labels, lab, area, count)
    return Measurements(
        area=area,
        box=box,
        ellipse=ellipse,
        elongation=elongation,
        convexity=np.minimum(8 * half_sides / np.maximum(outline + border, 1), 1),
        color=color,
        surround=_surrounds(labels, lab, area, color, count),
        texture=_textures(labels, lab, area, count),
        edge=edge,
        border=border / np.maximum(outline + border, 1),
    )


def _sums(labels: Labels, weights: NDArray[np.floating] | None, count: int) -> Floats:
    flat = None if weights is None else weights.ravel()
    return np.bincount(labels.ravel(), flat, count + 1)[1 : count + 1].astype(np.float64)


def _means(labels: Labels, lab: NDArray[np.float32], area: Floats, count: int) -> Floats:
    sums = [_sums(labels, lab[..., k], count) for k in range(3)]
    return np.column_stack(sums) / np.maximum(area, 1)[:, None]


def _moments(labels: Labels, area: Floats, count: int) -> tuple[Floats, Floats, Floats]:
    y, x = np.nonzero(labels)
    inside = labels[y, x]

    def mean(values: Floats) -> Floats:
        return np.asarray(np.bincount(inside, values, count + 1)[1:] / area)

    my, mx = mean(y.astype(float)), mean(x.astype(float))
    dy, dx = y - my[inside - 1], x - mx[inside - 1]
    yy, xx, xy = mean(dy * dy) + 1 / 12, mean(dx * dx) + 1 / 12, mean(dx * dy)
    middle, spread = (yy + xx) / 2, np.hypot((yy - xx) / 2, xy)
    long, short = np.sqrt(middle + spread), np.sqrt(np.maximum(middle - spread, 1 / 12))
    ellipse = np.minimum(area / (4 * np.pi * long * short), 1)
    return ellipse, long / short, np.sqrt(yy) + np.sqrt(xx)


def _outlines(labels: Labels, lab: NDArray[np.float32], count: int) -> tuple[Floats, Floats, Floats]:
    outline, step = np.zeros(count + 1), np.zeros(count + 1)
    for first, second in ((np.s_[:-1], np.s_[1:]), (np.s_[:, :-1], np.s_[:, 1:])):
        part = labels[first] != labels[second]
        a, b = labels[first][part], labels[second][part]
        distance = np.linalg.norm(lab[first][part] - lab[second][part], axis=1)
        for side in (a, b):
            outline += np.bincount(side, minlength=count + 1)
            step += np.bincount(side, distance, count + 1)
    sides = np.concatenate((labels[0], labels[-1], labels[:, 0], labels[:, -1]))
    border = np.bincount(sides, minlength=count + 1).astype(np.float64)
    edge = step / np.maximum(outline, 1)
    return outline[1:], border[1:], edge[1:]


def _surrounds(labels: Labels, lab: NDArray[np.float32], area: Floats, color: Floats, count: int) -> Floats:
    """Mean colour of a ring that leaves out other regions and the blurred edge."""
    width = max(2.0, RING * float(np.sqrt(np.median(area)))) if count else 2.0
    near = expand_labels(labels, 1)
    ring = np.where(near > 0, 0, expand_labels(labels, 1 + width)).astype(np.int32)
    pixels = _sums(ring, None, count)
    found = _means(ring, lab, pixels, count)
    crowded = pixels < 4
    found[crowded] = lab[labels == 0].mean(axis=0) if (labels == 0).any() else color[crowded]
    return found


def _textures(labels: Labels, lab: NDArray[np.float32], area: Floats, count: int) -> Floats:
    fine = lab[..., 0] - ndi.gaussian_filter(lab[..., 0], 2.0)
    mean = _sums(labels, fine, count) / area
    return np.sqrt(np.maximum(_sums(labels, fine**2, count) / area - mean**2, 0))
