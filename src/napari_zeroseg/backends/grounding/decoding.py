"""From what a model scores to detections, each of exactly one class."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from napari_zeroseg.core.detection import Detection

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from numpy.typing import NDArray

    from napari_zeroseg.backends.grounding.phrases import Phrase
    from napari_zeroseg.backends.grounding.spans import Span
    from napari_zeroseg.core.mask import Box

    Floats = NDArray[np.float32]

LEAST = 0.05
"""Boxes that score less are noise: they are not returned."""


def detections_of_spans(token_scores: Floats, boxes: Floats, spans: Sequence[Span]) -> list[Detection]:
    """Give each box to the phrase whose tokens the model saw in it, all of them together.

    The class is that of the highest mean over the own tokens of a phrase, as in the token spans of
    Grounding DINO's authors: so "glass" does not win over "wine glass" by a shared word. The score
    is the highest of these tokens, as in the published box score, for which thresholds are known.

    Parameters
    ----------
    token_scores : ndarray of float32, shape (N, tokens)
        0..1, of each box and token.
    boxes : ndarray of float32, shape (N, 4)
        (x0, y0, x1, y1) in pixels.
    spans : sequence of Span
        At least one.

    Returns
    -------
    list of Detection
        Best first, with the mean as ``text_score``.
    """
    means = np.stack([token_scores[:, s.start : s.stop].mean(axis=1) for s in spans], axis=1)
    peaks = np.stack([token_scores[:, s.start : s.stop].max(axis=1) for s in spans], axis=1)
    best = means.argmax(axis=1)
    rows = np.arange(len(best))
    return _ranked(
        Detection(box, float(peaks[i, k]), spans[k].phrase.text, spans[k].phrase.name, float(means[i, k]))
        for i, k, box in zip(rows, best, _tuples(boxes), strict=True)
    )


def detections_of_phrases(scores: Floats, boxes: Floats, phrases: Sequence[Phrase]) -> list[Detection]:
    """Give each box to the phrase that scores best in it.

    Parameters
    ----------
    scores : ndarray of float32, shape (N, phrases)
        0..1.
    boxes : ndarray of float32, shape (N, 4)
        (x0, y0, x1, y1) in pixels.
    phrases : sequence of Phrase
        At least one.
    """
    best = scores.argmax(axis=1)
    rows = np.arange(len(best))
    return _ranked(
        Detection(box, float(scores[i, k]), phrases[k].text, phrases[k].name)
        for i, k, box in zip(rows, best, _tuples(boxes), strict=True)
    )


def _tuples(boxes: Floats) -> list[Box]:
    return [(x0, y0, x1, y1) for x0, y0, x1, y1 in boxes.tolist()]


def _ranked(detections: Iterable[Detection]) -> list[Detection]:
    """Return detections, best first, without noise and empty boxes."""
    usable = [d for d in detections if d.score >= LEAST and not _is_empty(d.box)]
    return sorted(usable, key=lambda d: -d.score)


def _is_empty(box: Box) -> bool:
    return box[2] <= box[0] or box[3] <= box[1]


def corners(centred: Floats) -> Floats:
    """Return (x0, y0, x1, y1) of boxes given by centre x, centre y, width and height."""
    center, half = centred[:, :2], centred[:, 2:] / 2
    return np.concatenate([center - half, center + half], axis=1)


def pixel_boxes(shares: Floats, width: float, height: float, shape: tuple[int, int]) -> Floats:
    """Return boxes in pixels within an image, from shares of a frame.

    Parameters
    ----------
    shares : ndarray of float32, shape (N, 4)
        (x0, y0, x1, y1) in 0..1 of the frame.
    width, height : float
        Of the frame in pixels; it starts where the image does and may be larger.
    shape : tuple of int
        Height and width of the image.

    Returns
    -------
    ndarray of float32, shape (N, 4)
        (x0, y0, x1, y1), cut at the image's border.
    """
    limit = np.array([shape[1], shape[0]] * 2)
    inside: Floats = np.clip(shares * np.array([width, height] * 2), 0, limit).astype(np.float32)
    return inside
