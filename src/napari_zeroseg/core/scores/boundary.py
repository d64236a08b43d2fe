"""How well outlines agree with the true ones: the boundary F-score."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Iterator

    from numpy.typing import NDArray

    Labels = NDArray[Any]
    Flags = NDArray[np.bool_]

TOLERANCE = 0.0075
"""Of the image's diagonal: outlines that are no farther apart count as the same (Csurka et al.)."""


def edges(labels: Labels) -> Flags:
    """Return the pixels that have a neighbour above, below, left or right with another value.

    Parameters
    ----------
    labels : ndarray, shape (H, W)
        Of classes or of instances.
    """
    found = np.zeros(labels.shape, bool)
    down, right = labels[1:] != labels[:-1], labels[:, 1:] != labels[:, :-1]
    found[1:] |= down
    found[:-1] |= down
    found[:, 1:] |= right
    found[:, :-1] |= right
    return found


def boundary_f(truth: Flags, found: Flags, tolerance: float, judged: Flags | None = None) -> float:
    """Return the F-score of outline pixels that lie within a tolerance of the other outline.

    Parameters
    ----------
    truth, found : ndarray of bool, shape (H, W)
        Where the outlines are; 1 is returned where both are empty, 0 where one is.
    tolerance : float
        In pixels.
    judged : ndarray of bool, shape (H, W), optional
        Outlines that were found elsewhere are not judged, but do count as near to true ones.
    """
    a, b = np.argwhere(truth), np.argwhere(found)
    wrong_or_right = b if judged is None else np.argwhere(found & judged)
    if not len(a) or not len(wrong_or_right):
        return float(len(a) == len(wrong_or_right))
    precision, recall = _near(wrong_or_right, a, tolerance), _near(a, b, tolerance)
    total = precision + recall
    return 2 * precision * recall / total if total else 0.0


def _near(points: NDArray[np.intp], others: NDArray[np.intp], tolerance: float) -> float:
    """Return the part of points that are within the tolerance of others."""
    from scipy.spatial import cKDTree

    # farther ones need not be told apart
    distances, _ = cKDTree(others).query(points, distance_upper_bound=tolerance + 1)
    return float(np.mean(distances <= tolerance))


def class_boundary_f(truth: Labels, found: Labels, ignored: int) -> Iterator[tuple[int, float]]:
    """Yield each class that is in the truth or was found, with the boundary F-score of its regions.

    Parameters
    ----------
    truth, found : ndarray of int, shape (H, W)
        Classes.
    ignored : int
        Value in the truth of pixels that are not judged.

    References
    ----------
    Csurka, Larlus, Perronnin: What is a good evaluation measure for semantic segmentation? (BMVC 2013),
    section 3: an F-score for each class that an image holds, with this tolerance.
    """
    tolerance = TOLERANCE * float(np.hypot(*truth.shape))
    judged = truth != ignored
    of_truth, of_found = edges(truth), edges(found)
    for value in np.union1d(truth[judged], found[judged]).tolist():
        yield value, boundary_f(of_truth & (truth == value), of_found & (found == value), tolerance, judged)
