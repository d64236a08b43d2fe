"""Axis-aligned boxes (x0, y0, x1, y1) in pixels."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from napari_zeroseg.core.detection import Detection


def box_iou(a: NDArray[np.float64], b: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return the intersection over union of every pair.

    Parameters
    ----------
    a : ndarray of float, shape (N, 4)
    b : ndarray of float, shape (M, 4)

    Returns
    -------
    ndarray of float, shape (N, M)
        0 for pairs of empty boxes.
    """
    low = np.maximum(a[:, None, :2], b[None, :, :2])
    high = np.minimum(a[:, None, 2:], b[None, :, 2:])
    sides = np.clip(high - low, 0, None)
    shared = sides[..., 0] * sides[..., 1]
    union = _areas(a)[:, None] + _areas(b)[None, :] - shared
    iou: NDArray[np.float64] = np.divide(shared, union, out=np.zeros_like(shared), where=union > 0)
    return iou


def _areas(boxes: NDArray[np.float64]) -> NDArray[np.float64]:
    sides = np.clip(boxes[:, 2:] - boxes[:, :2], 0, None)
    return sides[:, 0] * sides[:, 1]


def suppress(detections: Sequence[Detection], iou: float) -> list[Detection]:
    """Keep the best of boxes that overlap by more than ``iou`` (greedy non-maximum suppression).

    The order of the answer is by falling score; ties keep the given order.
    """
    return _suppressed(detections, iou, spare_own_class=False)


def suppress_rivals(detections: Sequence[Detection], iou: float) -> list[Detection]:
    """Keep a box unless a better one of another class overlaps it by more than ``iou``.

    The order of the answer is by falling score; ties keep the given order.
    """
    return _suppressed(detections, iou, spare_own_class=True)


def _suppressed(detections: Sequence[Detection], iou: float, *, spare_own_class: bool) -> list[Detection]:
    ranked = sorted(detections, key=lambda d: -d.score)
    if not ranked:
        return []
    boxes = np.array([d.box for d in ranked], float)
    names = np.array([d.name or "" for d in ranked])
    alive = np.ones(len(ranked), bool)
    kept = []
    for index, detection in enumerate(ranked):
        if alive[index]:
            kept.append(detection)
            near = index + np.flatnonzero(_meet(boxes[index], boxes[index:]))
            apart = box_iou(boxes[index : index + 1], boxes[near])[0] <= iou
            alive[near] &= apart | (spare_own_class & (names[near] == names[index]))
    return kept


def _meet(box: NDArray[np.float64], others: NDArray[np.float64]) -> NDArray[np.bool_]:
    """Say which boxes share some area or a side with one."""
    meet = (others[:, :2] <= box[2:]) & (others[:, 2:] >= box[:2])
    return meet[:, 0] & meet[:, 1]
