"""Boxes with a score, a phrase and a class."""

from __future__ import annotations

from dataclasses import dataclass

from napari_zeroseg.core.mask import Box


@dataclass(frozen=True, slots=True)
class Detection:
    """One box of an open-set detector.

    Parameters
    ----------
    box : tuple of float
        (x0, y0, x1, y1) in pixels.
    score : float
        0..1.
    phrase : str
        The text that the detector answered with.
    name : str or None
        The target class, None until the phrase is mapped to one.
    text_score : float
        How well all words of the phrase fit together, 0..1; 1 of a detector that does not score
        single words.
    """

    box: Box
    score: float
    phrase: str
    name: str | None = None
    text_score: float = 1.0
